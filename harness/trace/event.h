/* event.h - the event model: what a trace says about a program.
 *
 * A trace is one sequence of events in recorded order (docs/trace-format.md), each made by one
 * thread. Objects have ids, never addresses: the n-th acquisition in the sequence (n from 0) makes
 * object n. A realloc that succeeds releases one object and acquires another, on one thread. */
#ifndef RH_TRACE_EVENT_H
#define RH_TRACE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, value, text, releases, acquires) - values are stored in files and never change. */
#define RH_EVENT_MAP(X)                                                                            \
    X(MALLOC, 0, "malloc", 0, 1)                                                                   \
    X(CALLOC, 1, "calloc", 0, 1)                                                                   \
    X(REALLOC, 2, "realloc", 1, 1)                                                                 \
    X(ALIGNED, 3, "aligned", 0, 1) /* posix_memalign, aligned_alloc, memalign, valloc, pvalloc */  \
    X(NEW, 4, "new", 0, 1)                                                                         \
    X(NEW_ALIGNED, 5, "new-aligned", 0, 1)                                                         \
    X(FREE, 6, "free", 1, 0)                                                                       \
    X(FREE_SIZED, 7, "free-sized", 1, 0) /* C++ sized delete: the program named the size */        \
    X(FREE_NULL, 8, "free-null", 0, 0)                                                             \
    X(FAILED, 9, "failed", 0, 0)  /* an acquisition that gave NULL; size and align as asked */     \
    X(USABLE, 10, "usable", 0, 0) /* malloc_usable_size of `released`, which stays live */         \
    X(THREAD_START, 11, "thread-start", 0, 0) /* first event of `thread`; `parent` created it */   \
    X(THREAD_END, 12, "thread-end", 0, 0)                                                          \
    X(MARKER, 13, "marker", 0, 0)     /* "measure here" */                                         \
    X(RESIDENT, 14, "resident", 0, 0) /* no call: `released`, which stays live, has                \
                                         `touched_pages` resident at the program's end */

enum rh_event_kind {
#define X(name, value, text, releases, acquires) RH_EVENT_##name = value,
    RH_EVENT_MAP(X)
#undef X
        RH_EVENT_KINDS = 15
};

/* No object; no thread; no touch count. */
#define RH_NO_OBJECT  UINT64_MAX
#define RH_NO_THREAD  UINT32_MAX
#define RH_NO_TOUCHED UINT32_MAX

enum rh_event_flag {
    RH_EVENT_PROLOGUE = 1 << 0, /* was live when the trace begins (a cut): replayed, not timed */
};

/* One event. Unused members are 0, unused ids RH_NO_.... */
struct rh_event {
    uint64_t time_ns; /* since the start of the trace, never decreasing; 0 throughout if has_times
                         is false */
    uint64_t
        size; /* requested bytes (acquisitions, FAILED); bytes named by the program (FREE_SIZED) */
    uint64_t acquired; /* the object that the event makes; RH_NO_OBJECT */
    uint64_t
        released;    /* the object that the event ends (USABLE, RESIDENT: looks at); RH_NO_OBJECT */
    uint32_t thread; /* dense, from 0 in order of first event; a thread id is never used again */
    uint32_t parent; /* THREAD_START: the creating thread, RH_NO_THREAD for the first one */
    uint32_t touched_pages; /* at release (RESIDENT: then): 4 KiB pages of the block that were
                               resident; RH_NO_TOUCHED */
    uint8_t kind;           /* enum rh_event_kind */
    uint8_t align_log2;     /* asked by the program; 0: none (malloc's own) */
    uint8_t flags;          /* enum rh_event_flag */
};

/* realloc(NULL, n) is MALLOC; realloc(p, 0) that frees is FREE; a realloc that fails is FAILED, its
 * block stays live. */

/* The text name of a kind ("malloc"), or NULL. */
const char *rh_event_kind_name(unsigned kind);

/* Asked of every event, several times on its way: inline, and sets of bits instead of a table. */
static inline bool rh_event_acquires(unsigned kind) {
#define X(name, value, text, releases, acquires) | (unsigned)(acquires) << (value)
    return kind < RH_EVENT_KINDS && ((0u RH_EVENT_MAP(X)) >> kind & 1) != 0;
#undef X
}
static inline bool rh_event_releases(unsigned kind) {
#define X(name, value, text, releases, acquires) | (unsigned)(releases) << (value)
    return kind < RH_EVENT_KINDS && ((0u RH_EVENT_MAP(X)) >> kind & 1) != 0;
#undef X
}
/* Names a live object in `released`: releases it, or looks at it. */
static inline bool rh_event_refers(unsigned kind) {
    return rh_event_releases(kind) || kind == RH_EVENT_USABLE || kind == RH_EVENT_RESIDENT;
}

#endif
