/* generate.c - plays the phases of a description into a trace. */
#include <inttypes.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "trace/generators/stage.h"

/* Steps without any event after which a description is taken for one that makes none. */
enum { IDLE_STEPS_MOST = 10 * 1000 * 1000 };

/* ---- one phase ---- */

struct cast {
    const struct rh_synthetic_phase *phase;
    struct rh_actor *actors[RH_SYNTHETIC_ROLES_MOST]; /* of each role, `threads` of them */
};

static void dismiss(struct cast *cast) {
    for (size_t i = 0; i < cast->phase->role_count; i++) {
        for (uint32_t j = 0; cast->actors[i] != NULL && j < cast->phase->roles[i].threads; j++)
            rh_actor_finish(&cast->actors[i][j]);
        rh_free(cast->actors[i]);
    }
}

/* All are ready before the first thread starts. */
static int prepare_cast(struct rh_stage *stage, struct cast *cast, struct rh_error *error) {
    for (size_t i = 0; i < cast->phase->role_count; i++) {
        const struct rh_synthetic_role *role = &cast->phase->roles[i];
        cast->actors[i] = rh_alloc_zeroed(role->threads, sizeof(*cast->actors[i]));
        if (cast->actors[i] == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for %u threads", role->threads);
        for (uint32_t j = 0; j < role->threads; j++) {
            cast->actors[i][j].siblings = cast->actors[i];
            rh_try(rh_actor_init(&cast->actors[i][j], stage, role, error));
        }
    }
    return 0;
}

static int start_cast(struct rh_stage *stage, struct cast *cast, struct rh_error *error) {
    for (size_t i = 0; i < cast->phase->role_count; i++)
        for (uint32_t j = 0; j < cast->phase->roles[i].threads; j++) {
            struct rh_actor *actor = &cast->actors[i][j];
            if (!actor->role->on_main)
                rh_try(rh_stage_start_thread(stage, &stage->main, error, &actor->thread));
            actor->time_ns = stage->time_ns;
            actor->last_time_ns = stage->time_ns;
            rh_try(rh_stage_push(stage, actor, error));
        }
    return 0;
}

static int check_progress(const struct rh_stage *stage, uint64_t idle_steps,
                          struct rh_error *error) {
    if (idle_steps > IDLE_STEPS_MOST)
        return rh_fail(error, RH_ERR_INVALID,
                       "%" PRIu64 " steps made no event: no action of the description makes blocks",
                       idle_steps);
    if (stage->batch.total > RH_SYNTHETIC_EVENTS_MOST)
        return rh_fail(error, RH_ERR_LIMIT, "more than %" PRIu64 " events",
                       RH_SYNTHETIC_EVENTS_MOST);
    return 0;
}

/* Until the events are made, all are done, or all wait for one another. */
static int play(struct rh_stage *stage, const struct rh_synthetic_phase *phase,
                struct rh_error *error) {
    uint64_t begin = stage->batch.total;
    uint64_t idle_steps = 0;
    struct rh_actor *actor;
    while ((actor = rh_stage_top(stage)) != NULL) {
        if (phase->events > 0 && stage->batch.total - begin >= phase->events)
            break;
        uint64_t before = stage->batch.total;
        int result = rh_actor_step(actor, error);
        rh_try(result);
        if (result == RH_STEP_GOES_ON)
            rh_stage_top_moved(stage);
        else
            rh_stage_pop(stage);
        if (result == RH_STEP_DONE)
            rh_try(rh_actor_end(actor, error));
        idle_steps = stage->batch.total > before ? 0 : idle_steps + 1;
        rh_try(check_progress(stage, idle_steps, error));
    }
    return 0;
}

static int end_cast(struct rh_stage *stage, struct cast *cast, struct rh_error *error) {
    stage->heap_count = 0;
    for (size_t i = 0; i < cast->phase->role_count; i++)
        for (uint32_t j = 0; j < cast->phase->roles[i].threads; j++)
            rh_try(rh_actor_end(&cast->actors[i][j], error));
    stage->heap_count = 0;
    for (size_t i = 0; i < stage->synthetic->queue_count; i++) {
        stage->queues[i].waiting = NULL;
        rh_try(rh_queue_drain(stage, &stage->queues[i], error));
    }
    return 0;
}

static int run_phase(struct rh_stage *stage, const struct rh_synthetic_phase *phase,
                     struct rh_error *error) {
    struct cast cast = {.phase = phase};
    int result = prepare_cast(stage, &cast, error);
    if (result == 0)
        result = start_cast(stage, &cast, error);
    if (result == 0)
        result = play(stage, phase, error);
    if (result == 0)
        result = end_cast(stage, &cast, error);
    dismiss(&cast);
    return result;
}

/* ---- the whole ---- */

static int set_text(char **target, struct rh_text *text, struct rh_error *error) {
    if (text->failed == 0)
        *target = rh_strdup(rh_text_get(text));
    rh_text_clear(text);
    return *target != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for metadata");
}

/* No date and no host: the same description gives the same file. */
static int fill_meta(const struct rh_stage *stage, struct rh_trace_meta *meta,
                     struct rh_error *error) {
    const struct rh_synthetic *synthetic = stage->synthetic;
    meta->time_quantum_ns = RH_STAGE_QUANTUM_NS;
    meta->duration_ns = stage->time_ns;
    struct rh_text text = {0};
    rh_text_addf(&text, "synthetic:%s", synthetic->name);
    int result = set_text(&meta->source, &text, error);
    rh_text_add(&text, synthetic->name);
    if (result == 0)
        result = set_text(&meta->program, &text, error);
    rh_text_add(&text, "reheap " RH_VERSION);
    if (result == 0)
        result = set_text(&meta->tool, &text, error);
    rh_text_addf(&text, "%s%sseed %" PRIu64, synthetic->summary != NULL ? synthetic->summary : "",
                 synthetic->summary != NULL ? "; " : "", synthetic->seed);
    if (result == 0)
        result = set_text(&meta->note, &text, error);
    rh_text_finish(&text);
    return result;
}

static void stage_finish(struct rh_stage *stage) {
    for (size_t i = 0; stage->queues != NULL && i < stage->synthetic->queue_count; i++)
        rh_queue_finish(&stage->queues[i]);
    rh_free(stage->queues);
    rh_free(stage->heap);
    rh_batch_destroy(&stage->batch);
}

static int stage_init(struct rh_stage *stage, const struct rh_synthetic *synthetic,
                      const char *path, struct rh_error *error) {
    stage->synthetic = synthetic;
    stage->main.stage = stage;
    rh_random_seed(&stage->main.random, synthetic->seed);
    rh_try(rh_batch_init(&stage->batch, path, error));
    stage->queues = rh_alloc_zeroed(synthetic->queue_count, sizeof(*stage->queues));
    if (stage->queues == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the queues");
    for (size_t i = 0; i < synthetic->queue_count; i++)
        rh_try(rh_queue_init(&stage->queues[i], &synthetic->queues[i], error));
    return rh_stage_start_thread(stage, &stage->main, error, &stage->main.thread);
}

static int run(struct rh_stage *stage, const struct rh_synthetic *synthetic, const char *path,
               struct rh_error *error, struct rh_trace_summary *ret_summary) {
    rh_try(stage_init(stage, synthetic, path, error));
    for (size_t i = 0; i < synthetic->phase_count; i++)
        rh_try(run_phase(stage, &synthetic->phases[i], error));
    struct rh_trace_meta meta = {0};
    int result = fill_meta(stage, &meta, error);
    if (result == 0)
        result = rh_batch_finish(&stage->batch, &meta, error, ret_summary);
    rh_trace_meta_finish(&meta);
    return result;
}

int rh_synthetic_generate(const struct rh_synthetic *synthetic, const char *path,
                          struct rh_error *error, struct rh_trace_summary *ret_summary) {
    rh_assert(synthetic->prepared);
    struct rh_stage *stage = rh_alloc_zeroed(1, sizeof(*stage));
    if (stage == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a stage");
    int result = run(stage, synthetic, path, error, ret_summary);
    stage_finish(stage);
    rh_free(stage);
    return result;
}
