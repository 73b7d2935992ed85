/* merge.h - the threads of an image become one sequence of events.
 *
 * A k-way merge by stamp. Acquisitions are stamped after the call and releases before it, so that
 * by stamps a release of an address comes before its next acquisition, whichever threads make them.
 * Stamps are not exact to the last nanosecond, however: the counter has a quantum, and a processor
 * may read it a little before an earlier load is through. So an event that does not fit (the
 * address is still live, or not yet) waits until another thread's event has made it fit, at most
 * RH_MERGE_SLACK_NS of recorded time. What does not fit even then is counted. */
#ifndef RH_RECORD_MERGE_H
#define RH_RECORD_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "record/addresses.h"
#include "record/image.h"
#include "trace/event.h"

enum {
    RH_MERGE_SLACK_NS = 20000,
};

/* Takes events in order. */
struct rh_merge_sink {
    int (*add)(void *context, const struct rh_event *events, size_t count, struct rh_error *error);
    void *context;
};

struct rh_merge_counts {
    uint64_t events;
    uint64_t unknown_frees;   /* releases of addresses that nobody was seen to acquire */
    uint64_t unknown_usables; /* likewise malloc_usable_size: left out */
    uint64_t missed_releases; /* acquisitions of a live address: a FREE was put before each */
    uint64_t cut_count;       /* events after the moment when recording stopped */
    uint64_t torn_count;      /* threads' frames that end in a torn record, or are missing */
    uint64_t usable_calls;    /* malloc_usable_size: the program may use the slack of blocks */
    uint64_t end_ns;          /* time of the last event */
};

/* A moment at which the table of live objects is wanted. */
struct rh_merge_moment {
    uint64_t stamp;
    const void *subject;
};

struct rh_merge_options {
    double ns_per_tick;       /* of the image's clock */
    uint64_t time_quantum_ns; /* times are rounded down to it; 0: all are 0 */
    struct rh_merge_sink sink;
    /* The image's first thread was started in the prologue, which the sink has had already. */
    bool has_prologue;
    /* Told of each thread that has a name, at the end; may be NULL. */
    int (*name_thread)(void *context, uint32_t thread, const char *name, struct rh_error *error);
    /* In the order of their stamps; `reach` is called with each when all that came before it is in
     * the table. */
    const struct rh_merge_moment *moments;
    size_t moments_count;
    int (*reach)(void *context, const void *subject, const struct rh_addresses *addresses,
                 struct rh_error *error);
    void *context;
};

/* `addresses` holds what lives at the start, and what lives at the end; its objects have the ids
 * below `next_object`. */
int rh_merge(const struct rh_image *image, const struct rh_merge_options *options,
             struct rh_addresses *addresses, uint64_t next_object, struct rh_error *error,
             struct rh_merge_counts *ret_counts);

#endif
