/* compiler.h - events in, tape out: the state of one compilation. */
#ifndef RH_COMPILE_COMPILER_H
#define RH_COMPILE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "compile/compile.h"
#include "compile/tape.h"
#include "result/course.h"
#include "trace/event.h"

/* What is known of the trace before its first event. */
struct rh_compiler_setup {
    int fd; /* an empty file, open for reading and writing; stays the caller's */
    uint64_t content_hash;
    uint64_t events;     /* in the trace */
    uint64_t peak_event; /* index of the event behind which most bytes are live; UINT64_MAX: unknown
                          */
    uint32_t marks;      /* evenly spread over the events; the peak gets one more */
    bool has_times;
    bool one_thread;
    uint64_t time_quantum_ns, idle_cap_ns; /* as in compile.h */
    enum rh_order order;
    uint64_t window_ns, window_events;
    uint64_t tape_window_words; /* 0: all of the tape may lie in memory; else as in tape_writer.h */
};

struct rh_compiler;

int rh_compiler_create(const struct rh_compiler_setup *setup, struct rh_error *error,
                       struct rh_compiler **ret_compiler);
/* The next events in recorded order. Refuses the first that breaks a rule of event.h, with its
 * index. */
int rh_compiler_add(struct rh_compiler *compiler, const struct rh_event *events, size_t count,
                    struct rh_error *error);
/* Writes tables and header. The compiler is then only good for the next two. */
int rh_compiler_finish(struct rh_compiler *compiler, struct rh_error *error);
const struct rh_tape_header *rh_compiler_header(const struct rh_compiler *compiler);
/* Accepts NULL. */
void rh_compiler_destroy(struct rh_compiler *compiler);

#endif
