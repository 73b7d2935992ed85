/* split.c - live blocks from the tape, laid over the resident pages. */
#include "replay/split.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"

enum { TRIES = 20000, PAUSE_NS = 200000 };

/* A slot holds one block after the other, and each op that ends a block names its size and
 * alignment: so sums over all ops of all threads, in any order, are those of the live block. */
struct slot {
    uint64_t size;      /* modulo 2^64 while ops are missing */
    int32_t live;       /* 1, or 0 */
    int32_t align_log2; /* of the live block */
};

/* How far a stream was read, and the mark that comes next in it. */
struct cursor {
    uint64_t at;        /* position */
    uint64_t next_mark; /* position of the next MARK, or of the stream's end */
    uint64_t next_index;
    bool known; /* the next two */
};

/* Bytes of live blocks in a page: requested, and what is usable beyond. */
struct used {
    uint16_t live, slack;
};

/* ---- which blocks are live ---- */

static struct slot *slot_of(const struct rh_splitter *splitter, uint64_t word) {
    return (struct slot *)splitter->slots.data + rh_tape_slot(word);
}

static void apply(struct rh_splitter *splitter, const uint64_t *op) {
    struct rh_tape_change change = rh_tape_change_of(op);
    if (change.objects == 0 && change.old_bytes == change.new_bytes)
        return;
    struct slot *slot = slot_of(splitter, op[0]);
    slot->live += change.objects;
    slot->size += change.new_bytes - change.old_bytes;
    slot->align_log2 += change.objects * (int32_t)change.align_log2;
}

static void find_next_mark(const struct rh_tape *tape, uint64_t end, struct cursor *cursor) {
    uint64_t at = cursor->at;
    while (at != end && rh_tape_kind(tape->words[at]) != RH_TAPE_MARK)
        at = rh_tape_next(tape->words, at);
    cursor->next_mark = at;
    cursor->next_index = at != end ? rh_tape_slot(tape->words[at]) : UINT64_MAX;
    cursor->known = true;
}

static void read_to(struct rh_splitter *splitter, struct cursor *cursor, uint64_t position) {
    const struct rh_tape *tape = splitter->tape;
    while (cursor->at != position) {
        apply(splitter, &tape->words[cursor->at]);
        cursor->at = rh_tape_next(tape->words, cursor->at);
    }
    cursor->known = false;
}

/* Reads a thread's ops up to the mark. A stream without this mark belongs to a thread that had
 * ended by then, and is read when the thread is done, or to one that has yet to start. */
static void read_thread(struct rh_splitter *splitter, const struct rh_player *player,
                        uint64_t mark) {
    const struct rh_tape *tape = splitter->tape;
    struct cursor *cursor = (struct cursor *)splitter->cursors.data + player->thread;
    uint64_t end = tape->threads[player->thread].end;
    while (cursor->at != end) {
        if (!cursor->known)
            find_next_mark(tape, end, cursor);
        bool done = atomic_load(&player->published) == UINT64_MAX;
        if (cursor->next_index == mark) {
            read_to(splitter, cursor, cursor->next_mark);
            return;
        }
        if (cursor->next_index < mark)
            read_to(splitter, cursor, rh_tape_next(tape->words, cursor->next_mark));
        else if (cursor->next_index == UINT64_MAX && done)
            read_to(splitter, cursor, end);
        else
            return; /* later, or never: the sum says whether it is due */
    }
}

static bool adds_up(const struct rh_splitter *splitter, const struct rh_tape_mark *mark) {
    const struct slot *slots = splitter->slots.data;
    uint64_t bytes = 0, objects = 0;
    for (uint64_t i = 0; i < splitter->tape->header->slots; i++) {
        bytes += slots[i].size;
        objects += (uint64_t)(int64_t)slots[i].live;
    }
    return bytes == mark->live_bytes && objects == mark->live_objects;
}

static int read_ops(struct rh_splitter *splitter, const struct rh_engine *engine, uint64_t mark,
                    struct rh_error *error) {
    const struct rh_tape *tape = splitter->tape;
    for (int i = 0; i < TRIES; i++) {
        for (uint64_t thread = 0; thread < tape->header->threads; thread++)
            read_thread(splitter, &engine->setup.players[thread], mark);
        if (adds_up(splitter, &tape->marks[mark]))
            return 0;
        struct timespec pause = {.tv_nsec = PAUSE_NS};
        nanosleep(&pause, NULL);
    }
    return rh_fail(error, RH_ERR_CHECK, "the live blocks at mark %llu do not add up",
                   (unsigned long long)mark);
}

/* ---- pages ---- */

/* Adds the bytes [begin, end) to their pages, where these are resident. */
static void lay(struct rh_splitter *splitter, uint64_t begin, uint64_t end, bool slack,
                size_t *hint) {
    const struct rh_pages *pages = &splitter->pages;
    struct used *used = splitter->used.data;
    size_t run = rh_pages_find(pages, begin, *hint);
    *hint = run;
    for (; run < pages->run_count && pages->runs[run].begin < end; run++) {
        const struct rh_page_run *from = &pages->runs[run];
        uint64_t at = begin > from->begin ? begin : from->begin;
        uint64_t to = end < from->end ? end : from->end;
        while (at < to) {
            uint64_t page_end = (at | (RH_PAGE_BYTES - 1)) + 1;
            uint64_t bytes = (page_end < to ? page_end : to) - at;
            struct used *page = &used[from->first + (at - from->begin) / RH_PAGE_BYTES];
            *(slack ? &page->slack : &page->live) += (uint16_t)bytes;
            at += bytes;
        }
    }
}

/* Lays all live blocks over the pages. Returns whether the allocator told their usable sizes. */
static bool lay_blocks(struct rh_splitter *splitter, const struct rh_engine *engine,
                       uint64_t *ret_usable_bytes) {
    const struct rh_allocator_ops *ops = engine->setup.ops;
    const struct slot *slots = splitter->slots.data;
    void *const *blocks = engine->slot_table.data;
    bool known = true;
    size_t hint = 0;
    *ret_usable_bytes = 0;
    for (uint64_t i = 0; i < splitter->tape->header->slots; i++) {
        if (slots[i].live != 1 || blocks[i] == NULL)
            continue;
        uint64_t size = slots[i].size, begin = (uint64_t)(uintptr_t)blocks[i];
        uint64_t usable =
            ops->usable_size(engine->setup.ctx, blocks[i], size, (size_t)1 << slots[i].align_log2);
        known &= usable >= size;
        usable = usable >= size ? usable : size;
        *ret_usable_bytes += usable;
        lay(splitter, begin, begin + size, false, &hint);
        lay(splitter, begin + size, begin + usable, true, &hint);
    }
    return known;
}

static void add_page(const struct used *page, bool huge, struct rh_split *split) {
    if (page->live == 0 && page->slack == 0) {
        split->empty_bytes += RH_PAGE_BYTES;
        return;
    }
    unsigned used = (unsigned)page->live + page->slack;
    unsigned tenth = page->live == 0 ? 0 : (page->live * 10u - 1) / RH_PAGE_BYTES;
    split->live_bytes += page->live;
    split->internal_bytes += page->slack;
    split->partial_bytes += used < RH_PAGE_BYTES ? RH_PAGE_BYTES - used : 0;
    split->huge_live_bytes += huge ? page->live : 0;
    split->occupancy[tenth < RH_SAMPLE_TENTHS ? tenth : RH_SAMPLE_TENTHS - 1]++;
}

static void add_pages(const struct rh_splitter *splitter, struct rh_split *split) {
    const struct rh_pages *pages = &splitter->pages;
    const struct used *used = splitter->used.data;
    for (size_t i = 0; i < pages->run_count; i++) {
        const struct rh_page_run *run = &pages->runs[i];
        uint64_t count = (run->end - run->begin) / RH_PAGE_BYTES;
        for (uint64_t page = 0; page < count; page++)
            add_page(&used[run->first + page], run->huge, split);
    }
    split->counted_bytes =
        split->live_bytes + split->internal_bytes + split->partial_bytes + split->empty_bytes;
}

/* ---- all ---- */

int rh_splitter_split(struct rh_splitter *splitter, const struct rh_engine *engine, uint64_t mark,
                      const struct rh_resident *resident, struct rh_error *error,
                      struct rh_split *ret_split) {
    struct rh_split split = {.mark = mark};
    struct rh_resident_sample now;
    rh_try(read_ops(splitter, engine, mark, error));
    rh_try(rh_resident_read(resident, error, &now));
    rh_try(rh_resident_page_tables(resident, error, &split.page_table_bytes));
    rh_try(rh_pages_look(&splitter->pages, error));
    memset(splitter->used.data, 0, splitter->pages.page_count * sizeof(struct used));
    bool known = lay_blocks(splitter, engine, &split.usable_bytes);
    add_pages(splitter, &split);
    split.anonymous_bytes = now.anonymous_bytes;
    split.lazy_free_bytes = now.lazy_free_bytes;
    split.huge_bytes = now.huge_bytes;
    if (!known)
        split.internal_bytes = split.usable_bytes = UINT64_MAX;
    if (!splitter->pages.scans && split.huge_bytes > 0)
        split.huge_live_bytes = UINT64_MAX;
    *ret_split = split;
    return 0;
}

int rh_splitter_init(struct rh_splitter *splitter, const struct rh_tape *tape,
                     struct rh_error *error) {
    const struct rh_tape_header *header = tape->header;
    *splitter = (struct rh_splitter){.tape = tape};
    rh_try(rh_pages_init(&splitter->pages, error));
    uint64_t pages = splitter->pages.capacity;
    int result =
        rh_mapped_init(&splitter->slots, (header->slots + 1) * sizeof(struct slot), 1, error);
    if (result == 0)
        result = rh_mapped_init(&splitter->cursors, (header->threads + 1) * sizeof(struct cursor),
                                1, error);
    if (result == 0)
        result = rh_mapped_init(&splitter->used, pages * sizeof(struct used), 0, error);
    if (result < 0) {
        rh_splitter_finish(splitter);
        return result;
    }
    struct cursor *cursors = splitter->cursors.data;
    for (uint64_t i = 0; i < header->threads; i++)
        cursors[i].at = tape->threads[i].begin;
    return 0;
}

void rh_splitter_finish(struct rh_splitter *splitter) {
    rh_pages_finish(&splitter->pages);
    rh_mapped_finish(&splitter->slots);
    rh_mapped_finish(&splitter->cursors);
    rh_mapped_finish(&splitter->used);
}
