/* build_state.h - an import under way: private to build*.c. */
#ifndef RH_TRACE_IMPORTERS_BUILD_STATE_H
#define RH_TRACE_IMPORTERS_BUILD_STATE_H

#include "trace/importers/address_map.h"
#include "trace/importers/build.h"

enum {
    RING = RH_IMPORT_LOOKAHEAD < 128 ? 128 : 16384, /* more than the look-ahead, a power of two */
    BATCH = 256,
    PREFETCH_CALLS = 12,
    DEPTH_MAX = 8, /* a moved realloc may meet a race of its own */
};

_Static_assert((int)RING > (int)RH_IMPORT_LOOKAHEAD, "the ring holds what is looked ahead at");

struct rh_import {
    struct rh_import_options options;
    struct rh_import_report report;
    struct rh_trace_meta meta;
    struct rh_trace_writer *writer;
    struct rh_address_map objects;
    bool timed, exact, started;
    bool late_frees;    /* the format's frees come late, and it tells no thread */
    bool several;       /* calls of more than one label were added */
    uint64_t any_label; /* of the first call */
    uint64_t base_ns, time_ns;
    uint64_t acquired;
    struct rh_address_map threads; /* label -> id + 1 of those that have not ended */
    uint32_t threads_count;
    uint64_t last_label;
    uint32_t last_thread;
    bool last_known;
    uint64_t head, tail; /* of the ring */
    size_t batch_count;
    struct rh_event batch[BATCH];
    struct rh_import_call ring[RING];
};

#endif
