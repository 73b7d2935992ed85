/* fixture.c - tapes in memory. */
#include "tests/unit/compile/fixture.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int compile(const struct rh_compiler_setup *setup, const struct rh_event *events,
                   size_t count, struct rh_error *error) {
    struct rh_compiler *compiler = NULL;
    rh_try(rh_compiler_create(setup, error, &compiler));
    int result = rh_compiler_add(compiler, events, count, error);
    if (result == 0)
        result = rh_compiler_finish(compiler, error);
    rh_compiler_destroy(compiler);
    return result;
}

int fixture_compile_with(const struct rh_compiler_setup *wanted, const struct rh_event *events,
                         size_t count, struct rh_error *error, struct fixture *ret_fixture) {
    struct fixture fixture = {.fd = memfd_create("tape", MFD_CLOEXEC)};
    if (fixture.fd < 0)
        return rh_fail_errno(error, "memfd_create");
    struct rh_compiler_setup setup = *wanted;
    setup.fd = fixture.fd;
    setup.content_hash = 1;
    setup.events = count;
    setup.has_times = true;
    int result = compile(&setup, events, count, error);
    if (result == 0) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fixture.fd);
        result = rh_tape_open(path, false, error, &fixture.tape);
    }
    if (result < 0)
        close(fixture.fd);
    else
        *ret_fixture = fixture;
    return result;
}

int fixture_compile(const struct rh_event *events, size_t count, uint64_t peak_event,
                    uint32_t marks, struct rh_error *error, struct fixture *ret_fixture) {
    struct rh_compiler_setup setup = {.peak_event = peak_event, .marks = marks};
    return fixture_compile_with(&setup, events, count, error, ret_fixture);
}

void fixture_close(struct fixture *fixture) {
    rh_tape_close(&fixture->tape);
    close(fixture->fd);
}

static struct rh_event blank(uint32_t thread, unsigned kind) {
    return (struct rh_event){.acquired = RH_NO_OBJECT,
                             .released = RH_NO_OBJECT,
                             .thread = thread,
                             .parent = RH_NO_THREAD,
                             .touched_pages = RH_NO_TOUCHED,
                             .kind = (uint8_t)kind};
}

struct rh_event event_start(uint32_t thread, uint32_t parent) {
    struct rh_event event = blank(thread, RH_EVENT_THREAD_START);
    event.parent = parent;
    return event;
}

struct rh_event event_end(uint32_t thread) {
    return blank(thread, RH_EVENT_THREAD_END);
}

struct rh_event event_acquire(uint32_t thread, unsigned kind, uint64_t object, uint64_t size) {
    struct rh_event event = blank(thread, kind);
    event.acquired = object;
    event.size = size;
    return event;
}

struct rh_event event_release(uint32_t thread, uint64_t object) {
    struct rh_event event = blank(thread, RH_EVENT_FREE);
    event.released = object;
    return event;
}

struct rh_event event_realloc(uint32_t thread, uint64_t released, uint64_t acquired,
                              uint64_t size) {
    struct rh_event event = blank(thread, RH_EVENT_REALLOC);
    event.released = released;
    event.acquired = acquired;
    event.size = size;
    return event;
}
