/* compile.h - trace to tape, through a cache. */
#ifndef RH_COMPILE_COMPILE_H
#define RH_COMPILE_COMPILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "result/course.h"

struct rh_compile_options {
    uint32_t marks;              /* how many memory marks to place; 0: the default */
    const char *cache_directory; /* NULL: $XDG_CACHE_HOME/reheap or ~/.cache/reheap */
    /* Recorded times: in each thread's stream a TIME before an event that comes at least so long
     * behind the TIME before (1: before every event that is later at all). 0: no times. */
    uint64_t time_quantum_ns;
    uint64_t idle_cap_ns; /* cuts what is longer between two events of the program; 0: nothing */
    enum rh_order order;
    uint64_t window_ns, window_events; /* as in course.h */
    bool one_thread;                   /* the events of all threads, in recorded order, on one */
};

/* What the compiler knows about the tape. */
struct rh_tape_facts {
    uint64_t ops;   /* timed operations */
    uint64_t slots; /* most slots in use */
    uint64_t edges; /* cross-thread waits */
    uint64_t threads, threads_peak;
    uint64_t peak_live_bytes;
};

/* Sets what a course asks of the tape. */
void rh_compile_follow_course(struct rh_compile_options *options, const struct rh_course *course);

/* The tape of a trace: compiles it unless the cache has one of the same content and options.
 * *ret_path is freed by the caller with rh_free. */
int rh_compile(const char *trace_path, const struct rh_compile_options *options,
               struct rh_error *error, char **ret_path, struct rh_tape_facts *ret_facts);

#endif
