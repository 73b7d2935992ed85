/* describe.c - building, checking and releasing a description. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/generators/synthetic.h"

/* ---- building ---- */

/* A zeroed element at the end of an array that has room for `most`. */
static int add(void **array, size_t *count, size_t *capacity, size_t bytes, size_t most,
               const char *what, struct rh_error *error, void **ret_element) {
    if (*count >= most)
        return rh_fail(error, RH_ERR_LIMIT, "more than %zu %s", most, what);
    rh_try(rh_grow(array, capacity, *count + 1, bytes, error));
    *ret_element = memset((char *)*array + *count * bytes, 0, bytes);
    (*count)++;
    return 0;
}

int rh_synthetic_add_queue(struct rh_synthetic *synthetic, const char *name, struct rh_error *error,
                           struct rh_synthetic_queue **ret_queue) {
    if (rh_synthetic_find_queue(synthetic, name) >= 0)
        return rh_fail(error, RH_ERR_INVALID, "the queue \"%s\" is there twice", name);
    char *copy = rh_strdup(name);
    if (copy == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a queue");
    void *element = NULL;
    int result =
        add((void **)&synthetic->queues, &synthetic->queue_count, &synthetic->queue_capacity,
            sizeof(*synthetic->queues), RH_SYNTHETIC_QUEUES_MOST, "queues", error, &element);
    if (result < 0) {
        rh_free(copy);
        return result;
    }
    *ret_queue = element;
    (*ret_queue)->name = copy;
    (*ret_queue)->capacity = 16;
    return 0;
}

int rh_synthetic_add_phase(struct rh_synthetic *synthetic, struct rh_error *error,
                           struct rh_synthetic_phase **ret_phase) {
    void *element = NULL;
    rh_try(add((void **)&synthetic->phases, &synthetic->phase_count, &synthetic->phase_capacity,
               sizeof(*synthetic->phases), RH_SYNTHETIC_PHASES_MOST, "phases", error, &element));
    *ret_phase = element;
    return 0;
}

int rh_synthetic_add_role(struct rh_synthetic_phase *phase, struct rh_error *error,
                          struct rh_synthetic_role **ret_role) {
    void *element = NULL;
    rh_try(add((void **)&phase->roles, &phase->role_count, &phase->role_capacity,
               sizeof(*phase->roles), RH_SYNTHETIC_ROLES_MOST, "roles", error, &element));
    *ret_role = element;
    (*ret_role)->threads = 1;
    (*ret_role)->gap_ns = rh_distribution_uniform(50, 150);
    return 0;
}

int rh_synthetic_add_part(struct rh_synthetic_role *role, enum rh_behaviour_kind behaviour,
                          struct rh_error *error, struct rh_synthetic_part **ret_part) {
    void *element = NULL;
    rh_try(add((void **)&role->parts, &role->part_count, &role->part_capacity, sizeof(*role->parts),
               RH_SYNTHETIC_PARTS_MOST, "parts", error, &element));
    struct rh_synthetic_part *part = element;
    part->weight = 1;
    part->behaviour = behaviour;
    part->size = rh_distribution_constant(64);
    part->align_bytes = rh_distribution_constant(64);
    if (behaviour == RH_BEHAVIOUR_SLOTS)
        part->slots = (struct rh_synthetic_slots){.count = 1, .places = 1000};
    if (behaviour == RH_BEHAVIOUR_BATCH)
        part->batch.count = 1;
    if (behaviour == RH_BEHAVIOUR_PRODUCE)
        part->produce.count = 1;
    if (behaviour == RH_BEHAVIOUR_THIN)
        part->thin = (struct rh_synthetic_thin){.live_bytes = 1 << 20, .rounds = 8};
    if (behaviour == RH_BEHAVIOUR_GROW)
        part->grow = (struct rh_synthetic_grow){
            .buffers = 1, .factor = 2, .until = rh_distribution_constant(4096)};
    *ret_part = part;
    return 0;
}

int rh_synthetic_find_queue(const struct rh_synthetic *synthetic, const char *name) {
    for (size_t i = 0; i < synthetic->queue_count; i++)
        if (strcmp(synthetic->queues[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* ---- releasing ---- */

static void finish_part(struct rh_synthetic_part *part) {
    rh_distribution_finish(&part->size);
    rh_distribution_finish(&part->align_bytes);
    if (part->behaviour == RH_BEHAVIOUR_SLOTS)
        rh_distribution_finish(&part->slots.pick);
    if (part->behaviour == RH_BEHAVIOUR_LIFETIMES)
        rh_distribution_finish(&part->lifetimes.steps);
    if (part->behaviour == RH_BEHAVIOUR_GROW)
        rh_distribution_finish(&part->grow.until);
}

static void finish_role(struct rh_synthetic_role *role) {
    for (size_t i = 0; i < role->part_count; i++)
        finish_part(&role->parts[i]);
    rh_distribution_finish(&role->gap_ns);
    rh_free(role->parts);
    rh_free(role->name);
}

void rh_synthetic_finish(struct rh_synthetic *synthetic) {
    for (size_t i = 0; i < synthetic->phase_count; i++) {
        struct rh_synthetic_phase *phase = &synthetic->phases[i];
        for (size_t j = 0; j < phase->role_count; j++)
            finish_role(&phase->roles[j]);
        rh_free(phase->roles);
        rh_free(phase->name);
    }
    for (size_t i = 0; i < synthetic->queue_count; i++)
        rh_free(synthetic->queues[i].name);
    rh_free(synthetic->phases);
    rh_free(synthetic->queues);
    rh_free(synthetic->name);
    rh_free(synthetic->summary);
    *synthetic = (struct rh_synthetic){0};
}

/* ---- checking ---- */

static int check_count(const char *what, uint64_t count, uint64_t most, struct rh_error *error) {
    if (count == 0 || count > most)
        return rh_fail(error, RH_ERR_INVALID, "%s is %" PRIu64 ": use 1 to %" PRIu64, what, count,
                       most);
    return 0;
}

static int check_share(const char *what, double share, double most, struct rh_error *error) {
    if (!(share >= 0 && share <= most))
        return rh_fail(error, RH_ERR_INVALID, "%s is %g: use 0 to %g", what, share, most);
    return 0;
}

static int check_weights(const char *what, const double *weights, size_t count,
                         struct rh_error *error) {
    for (size_t i = 0; i < count; i++)
        rh_try(check_share(what, weights[i], 1e9, error));
    return 0;
}

static int prepare(struct rh_distribution *distribution, const char *what, uint64_t limit,
                   struct rh_error *error) {
    int result = rh_distribution_prepare(distribution, limit, error);
    if (result < 0)
        rh_error_prefix(error, "%s", what);
    return result;
}

static int prepare_slots(struct rh_synthetic_slots *slots, struct rh_error *error) {
    rh_try(check_count("count of slots", slots->count, RH_SYNTHETIC_BLOCKS_MOST, error));
    rh_try(check_count("places of slots", slots->places, RH_SYNTHETIC_BLOCKS_MOST, error));
    rh_try(check_weights("the weight of an action", slots->actions, RH_SLOT_ACTIONS, error));
    if (!slots->cyclic && slots->pick.kind == RH_DISTRIBUTION_CONSTANT && slots->pick.max == 0)
        slots->pick = rh_distribution_uniform(0, slots->count - 1);
    return prepare(&slots->pick, "pick", slots->count - 1, error);
}

static int prepare_batch(const struct rh_synthetic_batch *batch, struct rh_error *error) {
    rh_try(check_count("count of a batch", batch->count, RH_SYNTHETIC_BLOCKS_MOST, error));
    if (batch->ends && batch->order == RH_FREE_ORDER_RANDOM)
        return rh_fail(error, RH_ERR_INVALID, "ends: a random order has no opposite");
    return check_share("keep", batch->keep, 0.9, error);
}

static int check_queue(const struct rh_synthetic *synthetic, uint32_t queue,
                       struct rh_error *error) {
    if (queue >= synthetic->queue_count)
        return rh_fail(error, RH_ERR_INVALID, "there is no queue %u", queue);
    return 0;
}

static int prepare_grow(struct rh_synthetic_grow *grow, struct rh_error *error) {
    rh_try(check_count("buffers", grow->buffers, RH_SYNTHETIC_BLOCKS_MOST, error));
    if (!(grow->factor >= 1 && grow->factor <= 16) || (grow->factor == 1 && grow->add == 0))
        return rh_fail(error, RH_ERR_INVALID,
                       "a buffer does not grow: use a factor above 1, up to 16, or add bytes");
    rh_try(check_share("add", (double)grow->add, 0x1p32, error));
    return prepare(&grow->until, "until", RH_TRACE_SIZE_MAX_BYTES / 32, error);
}

static int prepare_thin(const struct rh_synthetic_thin *thin, const struct rh_distribution *size,
                        struct rh_error *error) {
    rh_try(check_count("rounds", thin->rounds, 32, error));
    rh_try(check_count("live_bytes", thin->live_bytes, UINT64_C(1) << 40, error));
    if (size->min == 0 || size->max > thin->live_bytes >> (thin->rounds - 1))
        return rh_fail(error, RH_ERR_INVALID,
                       "size: from 1 byte to what fits into live_bytes after %u doublings",
                       thin->rounds - 1);
    return 0;
}

static int prepare_behaviour(const struct rh_synthetic *synthetic, struct rh_synthetic_part *part,
                             struct rh_error *error) {
    switch (part->behaviour) {
    case RH_BEHAVIOUR_SLOTS:
        return prepare_slots(&part->slots, error);
    case RH_BEHAVIOUR_BATCH:
        return prepare_batch(&part->batch, error);
    case RH_BEHAVIOUR_PRODUCE:
        rh_try(
            check_count("count of a bundle", part->produce.count, RH_SYNTHETIC_BLOCKS_MOST, error));
        rh_try(check_share("container", (double)part->produce.container_bytes, 0x1p40, error));
        return check_queue(synthetic, part->produce.queue, error);
    case RH_BEHAVIOUR_CONSUME:
        return check_queue(synthetic, part->consume.queue, error);
    case RH_BEHAVIOUR_LIFETIMES:
        return prepare(&part->lifetimes.steps, "lifetime", UINT64_C(1) << 40, error);
    case RH_BEHAVIOUR_GROW:
        return prepare_grow(&part->grow, error);
    case RH_BEHAVIOUR_THIN:
        return prepare_thin(&part->thin, &part->size, error);
    default:
        return rh_fail(error, RH_ERR_INVALID, "no behaviour %d", (int)part->behaviour);
    }
}

static int prepare_part(const struct rh_synthetic *synthetic, struct rh_synthetic_part *part,
                        struct rh_error *error) {
    if (!(part->weight > 0 && part->weight <= 1e9))
        return rh_fail(error, RH_ERR_INVALID, "weight is %g: use a number above 0", part->weight);
    rh_try(prepare(&part->size, "size", RH_TRACE_SIZE_MAX_BYTES, error));
    rh_try(prepare(&part->align_bytes, "align", UINT64_C(1) << 30, error));
    rh_try(check_weights("the weight of a call", part->calls, RH_EVENT_KINDS, error));
    for (unsigned kind = 0; kind < RH_EVENT_KINDS; kind++)
        if (part->calls[kind] > 0 && (!rh_event_acquires(kind) || kind == RH_EVENT_REALLOC))
            return rh_fail(error, RH_ERR_INVALID, "calls: %s makes no block",
                           rh_event_kind_name(kind));
    rh_try(check_share("sized_free", part->sized_free, 1, error));
    rh_try(check_share("cross_thread", part->cross_thread, 1, error));
    return prepare_behaviour(synthetic, part, error);
}

static int prepare_role(const struct rh_synthetic *synthetic, struct rh_synthetic_role *role,
                        struct rh_error *error) {
    rh_try(check_count("threads", role->threads, RH_SYNTHETIC_THREADS_MOST, error));
    if (role->on_main && (role->threads != 1 || role->restart_after > 0))
        return rh_fail(error, RH_ERR_INVALID, "the main thread is one, and is never replaced");
    if (role->part_count == 0)
        return rh_fail(error, RH_ERR_INVALID, "nothing to do: name a behaviour, such as slots");
    rh_try(prepare(&role->gap_ns, "gap", RH_SYNTHETIC_GAP_MOST_NS, error));
    for (size_t i = 0; i < role->part_count; i++) {
        int result = prepare_part(synthetic, &role->parts[i], error);
        if (result < 0 && role->part_count > 1)
            rh_error_prefix(error, "part %zu", i + 1);
        rh_try(result);
    }
    return 0;
}

static int check_phase_end(const struct rh_synthetic_phase *phase, struct rh_error *error) {
    size_t on_main = 0;
    for (size_t i = 0; i < phase->role_count; i++) {
        on_main += phase->roles[i].on_main;
        if (phase->events == 0 && phase->roles[i].steps == 0)
            return rh_fail(error, RH_ERR_INVALID,
                           "without an end: give the phase events, or each of its roles steps");
    }
    if (on_main > 1)
        return rh_fail(error, RH_ERR_INVALID, "the main thread plays two roles at one time");
    if (phase->events > RH_SYNTHETIC_EVENTS_MOST)
        return rh_fail(error, RH_ERR_INVALID, "more than %" PRIu64 " events",
                       RH_SYNTHETIC_EVENTS_MOST);
    return 0;
}

static int prepare_phase(const struct rh_synthetic *synthetic, struct rh_synthetic_phase *phase,
                         struct rh_error *error) {
    if (phase->role_count == 0)
        return rh_fail(error, RH_ERR_INVALID, "no role");
    for (size_t i = 0; i < phase->role_count; i++) {
        struct rh_synthetic_role *role = &phase->roles[i];
        int result = prepare_role(synthetic, role, error);
        if (result < 0 && role->name != NULL)
            rh_error_prefix(error, "role \"%s\"", role->name);
        else if (result < 0)
            rh_error_prefix(error, "role %zu", i + 1);
        rh_try(result);
    }
    return check_phase_end(phase, error);
}

static int check_name(const char *name, struct rh_error *error) {
    size_t length = name != NULL ? strlen(name) : 0;
    bool good = length > 0 && length <= RH_SYNTHETIC_NAME_BYTES_MOST;
    for (size_t i = 0; good && i < length; i++)
        good = isalnum((unsigned char)name[i]) || strchr("-_.", name[i]) != NULL;
    if (!good)
        return rh_fail(error, RH_ERR_INVALID,
                       "name: use 1 to %d letters, digits, \"-\", \"_\" and \".\"",
                       RH_SYNTHETIC_NAME_BYTES_MOST);
    return 0;
}

int rh_synthetic_prepare(struct rh_synthetic *synthetic, struct rh_error *error) {
    rh_try(check_name(synthetic->name, error));
    if (synthetic->phase_count == 0)
        return rh_fail(error, RH_ERR_INVALID, "no phases");
    for (size_t i = 0; i < synthetic->queue_count; i++)
        rh_try(check_count("capacity of a queue", synthetic->queues[i].capacity, 1 << 20, error));
    for (size_t i = 0; i < synthetic->phase_count; i++) {
        struct rh_synthetic_phase *phase = &synthetic->phases[i];
        int result = prepare_phase(synthetic, phase, error);
        if (result < 0 && phase->name != NULL)
            rh_error_prefix(error, "phase \"%s\"", phase->name);
        else if (result < 0)
            rh_error_prefix(error, "phase %zu", i + 1);
        rh_try(result);
    }
    synthetic->prepared = true;
    return 0;
}

int rh_synthetic_set_events(struct rh_synthetic *synthetic, uint64_t events,
                            struct rh_error *error) {
    uint64_t sum = 0;
    for (size_t i = 0; i < synthetic->phase_count; i++)
        sum += synthetic->phases[i].events;
    if (sum == 0)
        return rh_fail(error, RH_ERR_INVALID,
                       "the length of \"%s\" follows from its steps: change them in its file",
                       synthetic->name);
    if (events < synthetic->phase_count || events > RH_SYNTHETIC_EVENTS_MOST)
        return rh_fail(error, RH_ERR_INVALID, "%" PRIu64 " events: use %zu to %" PRIu64, events,
                       synthetic->phase_count, RH_SYNTHETIC_EVENTS_MOST);
    for (size_t i = 0; i < synthetic->phase_count; i++) {
        uint64_t *length = &synthetic->phases[i].events;
        if (*length > 0) {
            *length = (uint64_t)((long double)*length * (long double)events / (long double)sum);
            if (*length == 0)
                *length = 1;
        }
    }
    return 0;
}
