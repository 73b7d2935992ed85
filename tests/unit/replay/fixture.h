/* fixture.h - what the tests of the engine share. */
#ifndef RH_TEST_REPLAY_FIXTURE_H
#define RH_TEST_REPLAY_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocator/registry.h"
#include "base/memory.h"
#include "replay/engine.h"
#include "tests/unit/compile/fixture.h"
#include "tests/unit/compile/synthetic.h"
#include "tests/unit/test.h"

/* For rh_engine_setup.on_failure. */
static inline _Noreturn void replay_give_up(void *user, int end, uint32_t thread, uint64_t op,
                                            const char *reason) {
    (void)user;
    fprintf(stderr, "end %d, thread %u, operation %llu: %s\n", end, thread, (unsigned long long)op,
            reason);
    abort();
}

/* One for each thread of the tape and one more; the caller finishes the mapping. */
static inline struct rh_player *replay_map_players(const struct rh_tape *tape,
                                                   struct rh_mapped *ret_players) {
    size_t bytes = (tape->header->threads + 1) * sizeof(struct rh_player);
    assert_int_equal(rh_mapped_init(ret_players, bytes, 1, NULL), 0);
    return ret_players->data;
}

/* A checked tape of a made-up trace; the caller closes the fixture. */
static inline void replay_make_tape(const struct synthetic *wanted,
                                    const struct rh_compiler_setup *options,
                                    struct fixture *ret_fixture) {
    struct synthetic_trace trace;
    struct rh_error error = {0};
    synthetic_make(wanted, &trace);
    struct rh_compiler_setup setup = *options;
    setup.peak_event = trace.peak_event;
    int result = fixture_compile_with(&setup, trace.events, trace.count, &error, ret_fixture);
    if (result < 0)
        print_error("%s\n", error.message);
    assert_int_equal(result, 0);
    assert_int_equal(rh_tape_check(&ret_fixture->tape, NULL), 0);
    rh_free(trace.events);
}

/* An allocator of the registry. */
static inline const struct rh_allocator_ops *replay_find(const char *name) {
    char reason[256] = "";
    const struct rh_allocator_ops *ops = rh_registry_find(name, reason, sizeof(reason));
    assert_non_null(ops);
    return ops;
}

/* Plays setup->tape with setup->ops. Returns how many blocks had lost their content. */
static inline uint64_t replay_play(struct rh_engine_setup *setup, struct rh_engine *engine,
                                   struct rh_sample *ret_sample, uint64_t *ret_checksum) {
    struct rh_mapped players = {0};
    struct rh_allocator_config config = {0};
    char reason[256] = "";
    void *ctx = NULL;
    assert_int_equal(setup->ops->create(&config, &ctx, reason, sizeof(reason)), 0);
    setup->ctx = ctx;
    setup->cpus = 2;
    setup->on_failure = replay_give_up;
    setup->players = replay_map_players(setup->tape, &players);
    memset(ret_sample, 0, sizeof(*ret_sample)); /* collecting adds to it */
    assert_int_equal(rh_engine_init(engine, setup, NULL), 0);
    setup->ops->thread_init(ctx);
    rh_engine_run(engine);
    rh_engine_collect(engine, ret_sample);
    uint64_t wrong = rh_engine_close(engine, ret_checksum);
    rh_engine_join(engine);
    setup->ops->thread_fini(ctx);
    rh_engine_finish(engine);
    rh_mapped_finish(&players);
    setup->ops->destroy(ctx);
    return wrong;
}

#endif
