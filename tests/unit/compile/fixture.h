/* fixture.h - events to an open tape, without files that last. */
#ifndef RH_TEST_COMPILE_FIXTURE_H
#define RH_TEST_COMPILE_FIXTURE_H

#include "compile/compiler.h"
#include "compile/tape.h"
#include "trace/event.h"

struct fixture {
    int fd;
    struct rh_tape tape;
};

/* Compiles into a memfd and opens it. 0, or the code with the sentence. */
int fixture_compile(const struct rh_event *events, size_t count, uint64_t peak_event,
                    uint32_t marks, struct rh_error *error, struct fixture *ret_fixture);
/* The same with options: of `setup` those that stand in compile.h. */
int fixture_compile_with(const struct rh_compiler_setup *setup, const struct rh_event *events,
                         size_t count, struct rh_error *error, struct fixture *ret_fixture);
void fixture_close(struct fixture *fixture);

/* Shorthands for hand-made events. */
struct rh_event event_start(uint32_t thread, uint32_t parent);
struct rh_event event_end(uint32_t thread);
struct rh_event event_acquire(uint32_t thread, unsigned kind, uint64_t object, uint64_t size);
struct rh_event event_release(uint32_t thread, uint64_t object);
struct rh_event event_realloc(uint32_t thread, uint64_t released, uint64_t acquired, uint64_t size);

#endif
