/* merge_play.c - what a lane's next event becomes in the trace. */
#include "record/host.h"
#include "record/merge_state.h"

/* ---- what goes out ---- */

int rh_merge_flush(struct rh_merge_state *merge, struct rh_error *error) {
    size_t count = merge->batch_count;
    merge->batch_count = 0;
    const struct rh_merge_sink *sink = &merge->options->sink;
    return count == 0 ? 0 : sink->add(sink->context, merge->batch, count, error);
}

static uint64_t ns_of(const struct rh_merge_state *merge, uint64_t stamp) {
    return stamp > merge->first_stamp
               ? rh_host_ns_of(stamp - merge->first_stamp, merge->ns_per_stamp)
               : 0;
}

/* Time, thread and the unused members are filled in here. */
static int emit(struct rh_merge_state *merge, uint32_t thread, uint64_t stamp,
                struct rh_event event, struct rh_error *error) {
    uint64_t quantum_ns = merge->options->time_quantum_ns;
    uint64_t time_ns = ns_of(merge, stamp);
    if (time_ns > merge->counts.end_ns)
        merge->counts.end_ns = time_ns;
    time_ns = merge->counts.end_ns;
    event.time_ns = quantum_ns != 0 ? time_ns - time_ns % quantum_ns : 0;
    event.thread = thread;
    merge->batch[merge->batch_count++] = event;
    merge->counts.events++;
    return merge->batch_count == RH_MERGE_BATCH ? rh_merge_flush(merge, error) : 0;
}

static struct rh_event plain_event(unsigned kind) {
    return (struct rh_event){.kind = (uint8_t)kind,
                             .acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED};
}

/* ---- threads ---- */

/* The thread in the trace that `raw_thread` became; an unknown parent is the first thread. */
static uint32_t parent_thread(struct rh_merge_state *merge, uint32_t raw_thread) {
    if (merge->threads_count == 0)
        return RH_NO_THREAD;
    const struct rh_lane *parent = raw_thread != RH_SPOOL_NO_THREAD
                                       ? rh_lanes_find(merge->lanes, merge->lanes_count, raw_thread)
                                       : NULL;
    return parent != NULL && parent->thread != RH_NO_THREAD ? parent->thread : 0;
}

static int start_thread(struct rh_merge_state *merge, struct rh_lane *lane, uint32_t raw_parent,
                        struct rh_error *error) {
    if (lane->thread != RH_NO_THREAD)
        return 0;
    struct rh_event event = plain_event(RH_EVENT_THREAD_START);
    event.parent = parent_thread(merge, raw_parent);
    lane->thread = merge->threads_count++;
    return emit(merge, lane->thread, lane->key, event, error);
}

/* ---- events ---- */

/* The recorder may hold an address for a large block whose release it did not see. */
static uint32_t touched_of(uint32_t pages, uint64_t size) {
    enum { PAGE_BYTES = 4096 };
    uint64_t most = size / PAGE_BYTES + (size % PAGE_BYTES != 0);
    if (pages == RH_NO_TOUCHED || size < RH_SPOOL_LARGE_BYTES)
        return RH_NO_TOUCHED;
    return pages < most ? pages : (uint32_t)most;
}

static int acquire(struct rh_merge_state *merge, struct rh_lane *lane, uint64_t address,
                   unsigned kind, uint64_t released, struct rh_error *error) {
    struct rh_address_entry entry = {.address = address,
                                     .object = merge->next_object,
                                     .size = lane->event.size,
                                     .thread = lane->thread,
                                     .kind = (uint8_t)kind,
                                     .align_log2 = lane->event.align_log2};
    rh_try(rh_addresses_add(merge->addresses, &entry, error));
    merge->next_object++;
    if (merge->waiting_count > 0)
        rh_merge_wake_waiting(merge, address);
    struct rh_event event = plain_event(kind);
    event.size = entry.size;
    event.align_log2 = entry.align_log2;
    event.acquired = entry.object;
    event.released = released;
    if (released != RH_NO_OBJECT)
        event.touched_pages = lane->event.touched_pages;
    return emit(merge, lane->thread, lane->key, event, error);
}

/* The address is still live, and nobody released it in time: the recorder missed the release. */
static int release_missed(struct rh_merge_state *merge, struct rh_lane *lane, uint64_t address,
                          struct rh_error *error) {
    struct rh_address_entry entry;
    if (!rh_addresses_remove(merge->addresses, address, &entry))
        return 0;
    merge->counts.missed_releases++;
    struct rh_event event = plain_event(RH_EVENT_FREE);
    event.released = entry.object;
    return emit(merge, lane->thread, lane->key, event, error);
}

static int play_acquire(struct rh_merge_state *merge, struct rh_lane *lane, bool is_forced,
                        struct rh_error *error, enum rh_merge_fit *ret_fit) {
    uint64_t address = rh_merge_awaited_address(lane);
    if (rh_addresses_find(merge->addresses, address) != NULL && !is_forced) {
        *ret_fit = RH_MERGE_DOES_NOT_FIT;
        return 0;
    }
    rh_try(release_missed(merge, lane, address, error));
    unsigned kind = lane->event.kind;
    if (kind == RH_EVENT_REALLOC && lane->held_object == RH_NO_OBJECT)
        kind = RH_EVENT_MALLOC;
    uint64_t released = kind == RH_EVENT_REALLOC ? lane->held_object : RH_NO_OBJECT;
    return acquire(merge, lane, address, kind, released, error);
}

/* Takes the address out; RH_NO_OBJECT: it is unknown, and was counted. */
static enum rh_merge_fit take_address(struct rh_merge_state *merge, struct rh_lane *lane,
                                      bool is_forced, uint64_t *ret_object) {
    struct rh_address_entry entry;
    if (rh_addresses_remove(merge->addresses, lane->event.address, &entry)) {
        *ret_object = entry.object;
        lane->event.touched_pages = touched_of(lane->event.touched_pages, entry.size);
        if (merge->waiting_count > 0)
            rh_merge_wake_waiting(merge, lane->event.address);
        return RH_MERGE_FITS;
    }
    if (!is_forced)
        return RH_MERGE_DOES_NOT_FIT;
    merge->counts.unknown_frees++;
    *ret_object = RH_NO_OBJECT;
    return RH_MERGE_FITS;
}

static int play_release(struct rh_merge_state *merge, struct rh_lane *lane, bool is_forced,
                        struct rh_error *error, enum rh_merge_fit *ret_fit) {
    uint64_t object = RH_NO_OBJECT;
    *ret_fit = take_address(merge, lane, is_forced, &object);
    if (*ret_fit == RH_MERGE_DOES_NOT_FIT || object == RH_NO_OBJECT)
        return 0;
    struct rh_event event = plain_event(lane->event.kind);
    event.released = object;
    event.size = lane->event.size;
    event.touched_pages = lane->event.touched_pages;
    return emit(merge, lane->thread, lane->key, event, error);
}

static int play_usable(struct rh_merge_state *merge, struct rh_lane *lane, bool is_forced,
                       struct rh_error *error, enum rh_merge_fit *ret_fit) {
    if (lane->event.address == 0)
        return 0; /* of nothing: it does not reach the allocator's heap */
    const struct rh_address_entry *entry = rh_addresses_find(merge->addresses, lane->event.address);
    if (entry == NULL && !is_forced) {
        *ret_fit = RH_MERGE_DOES_NOT_FIT;
        return 0;
    }
    if (entry == NULL) {
        merge->counts.unknown_usables++;
        return 0;
    }
    merge->counts.usable_calls++;
    struct rh_event event = plain_event(RH_EVENT_USABLE);
    event.released = entry->object;
    return emit(merge, lane->thread, lane->key, event, error);
}

/* No call of the program: one whose block another thread has released just then says nothing. */
static int play_resident(struct rh_merge_state *merge, struct rh_lane *lane,
                         struct rh_error *error) {
    const struct rh_address_entry *entry = rh_addresses_find(merge->addresses, lane->event.address);
    struct rh_event event = plain_event(RH_EVENT_RESIDENT);
    if (entry == NULL)
        return 0;
    event.released = entry->object;
    event.touched_pages = touched_of(lane->event.touched_pages, entry->size);
    if (event.touched_pages == RH_NO_TOUCHED)
        return 0;
    return emit(merge, lane->thread, lane->key, event, error);
}

static int play_plain(struct rh_merge_state *merge, struct rh_lane *lane, struct rh_error *error) {
    struct rh_event event = plain_event(lane->event.kind);
    event.size = lane->event.size;
    event.align_log2 = lane->event.align_log2;
    return emit(merge, lane->thread, lane->key, event, error);
}

int rh_merge_play(struct rh_merge_state *merge, struct rh_lane *lane, bool is_forced,
                  struct rh_error *error, enum rh_merge_fit *ret_fit) {
    *ret_fit = RH_MERGE_FITS;
    if (lane->event.raw != RH_RAW_THREAD_START)
        rh_try(start_thread(merge, lane, RH_SPOOL_NO_THREAD, error));
    switch (lane->event.raw) {
    case RH_RAW_ACQUIRE:
        return play_acquire(merge, lane, is_forced, error, ret_fit);
    case RH_RAW_RELEASE:
        return play_release(merge, lane, is_forced, error, ret_fit);
    case RH_RAW_REALLOC:
        if (lane->is_acquiring)
            return play_acquire(merge, lane, is_forced, error, ret_fit);
        *ret_fit = take_address(merge, lane, is_forced, &lane->held_object);
        return 0;
    case RH_RAW_USABLE:
        return play_usable(merge, lane, is_forced, error, ret_fit);
    case RH_RAW_RESIDENT:
        return play_resident(merge, lane, error);
    case RH_RAW_THREAD_START:
        return start_thread(merge, lane, lane->event.parent, error);
    case RH_RAW_THREAD_END:
        lane->has_ended = true; /* said when its last record is through: some come even later */
        return 0;
    default:
        return play_plain(merge, lane, error);
    }
}

int rh_merge_end_thread(struct rh_merge_state *merge, const struct rh_lane *lane,
                        struct rh_error *error) {
    if (!lane->has_ended || lane->thread == RH_NO_THREAD)
        return 0;
    return emit(merge, lane->thread, lane->key, plain_event(RH_EVENT_THREAD_END), error);
}
