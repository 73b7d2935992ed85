/* facts.h - what there is to know of a trace, counted in one pass; as text and as JSON. */
#ifndef RH_TRACE_FACTS_H
#define RH_TRACE_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "trace/live.h"
#include "trace/trace.h"

enum {
    RH_FACTS_CLASSES = 65, /* class 0: 0; class k: 2^(k-1) to 2^k - 1 */
    RH_FACTS_BINS = 256,
    RH_FACTS_TOP_SIZES = 8,
    RH_FACTS_SIZES_MAX = 1 << 16, /* distinct sizes that are told apart */
};

struct rh_facts_count {
    uint64_t objects;
    uint64_t bytes;
};

struct rh_facts_size {
    uint64_t size;
    uint64_t objects;
};

struct rh_facts_thread {
    uint64_t events;
    uint64_t objects;
    uint64_t bytes;            /* requested */
    uint64_t releases;         /* made by this thread */
    uint64_t foreign_releases; /* of objects of other threads */
    uint32_t parent;
    bool ended;
};

/* A stretch of the trace. */
struct rh_facts_bin {
    uint64_t events;
    uint64_t peak_live_bytes; /* also where nothing happens: what lives on from before */
    uint64_t end_live_bytes;
};

struct rh_facts {
    struct rh_trace_summary summary; /* as the file states it */
    bool timed;
    uint64_t last_time_ns;
    struct rh_facts_count sizes[RH_FACTS_CLASSES]; /* by requested bytes */
    uint64_t lifetimes_events[RH_FACTS_CLASSES];   /* events from birth to death */
    uint64_t lifetimes_ns[RH_FACTS_CLASSES];       /* if timed */
    uint64_t alignments[64];                       /* of objects, by log2; 0: none asked */
    uint64_t grown, shrunk, same_size;             /* reallocs */
    uint64_t kept_bytes;                           /* at most what reallocs copied */
    uint64_t thread_runs;      /* stretches of calls on one thread; starts and ends are no calls */
    uint64_t prologue_objects; /* live where the trace begins */
    uint64_t looked_objects;   /* whose resident pages are known */
    uint64_t looked_bytes;     /* their requested bytes, */
    uint64_t resident_bytes;   /* and those on resident pages, counted from the begin */
    struct rh_facts_size top_sizes[RH_FACTS_TOP_SIZES]; /* by objects; .objects 0: no more */
    uint64_t untold_objects;                            /* beyond RH_FACTS_SIZES_MAX sizes */
    uint64_t distinct_sizes;                            /* at most RH_FACTS_SIZES_MAX */
    uint64_t bin_width;                                 /* ns if timed, else events */
    struct rh_facts_bin bins[RH_FACTS_BINS];
    size_t threads_count;
    size_t threads_capacity;
    struct rh_facts_thread *threads;
};

/* Reads the whole trace from where the reader stands, which must be its start. */
int rh_facts_init(struct rh_facts *facts, struct rh_trace_reader *reader, struct rh_error *error);
/* Accepts a zeroed one. */
void rh_facts_finish(struct rh_facts *facts);

/* At most 80 columns a line. `file_bytes` is the size of the trace on disk. */
void rh_facts_text(const struct rh_facts *facts, const struct rh_trace_meta *meta, const char *path,
                   uint64_t file_bytes, struct rh_text *ret_text);
/* One JSON object, and a newline. */
int rh_facts_json(const struct rh_facts *facts, const struct rh_trace_meta *meta, const char *path,
                  uint64_t file_bytes, struct rh_error *error, struct rh_text *ret_text);

#endif
