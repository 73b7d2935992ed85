/* fixture.h - what the tests of the engine share. */
#ifndef RH_TEST_REPLAY_FIXTURE_H
#define RH_TEST_REPLAY_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

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

#endif
