/* sample.h - what one worker measured. Plain data of fixed size: the worker fills it in memory that
 * it shares with its parent, so that a killed worker leaves what it had; replay/ fills it, result/
 * stores it as JSON. */
#ifndef RH_RESULT_SAMPLE_H
#define RH_RESULT_SAMPLE_H

#include <stdint.h>

/* X(NAME, text) - how a cell ended. Only MEASURED is a row. */
#define RH_SAMPLE_END_MAP(X)                                                                       \
    X(UNFINISHED, "unfinished") /* the worker is still at it, or vanished */                       \
    X(MEASURED, "measured")                                                                        \
    X(NOT_LOADED, "not loaded")       /* the library is missing, or does not own the functions */  \
    X(CRASHED, "crashed")             /* a signal */                                               \
    X(OUT_OF_MEMORY, "out of memory") /* the allocator gave NULL where the program got memory */   \
    X(TIMED_OUT, "timed out")                                                                      \
    X(WRONG, "wrong")   /* checksum, operation count or contract */                                \
    X(FAILED, "failed") /* the worker itself could not do its work */

enum rh_sample_end {
#define X(name, text) RH_SAMPLE_##name,
    RH_SAMPLE_END_MAP(X)
#undef X
        RH_SAMPLE_ENDS
};

/* The texts of the lists of this header (result/sample.c, which needs no library, so that the
 * worker links it). "?" for a number that is none of them. */
const char *rh_sample_end_name(unsigned end);
const char *rh_pass_name(unsigned pass);
const char *rh_touch_name(unsigned touch);
/* NULL-terminated, in the order of the enumerations. */
const char *const *rh_sample_end_names(void);
const char *const *rh_pass_names(void);
const char *const *rh_touch_names(void);

/* X(NAME, text) */
#define RH_PASS_MAP(X)                                                                             \
    X(THROUGHPUT, "throughput")                                                                    \
    X(MEMORY, "memory")                                                                            \
    X(CHECK, "check")                                                                              \
    X(LATENCY, "latency")                                                                          \
    X(SYSCALLS, "syscalls")

enum rh_pass {
#define X(name, text) RH_PASS_##name,
    RH_PASS_MAP(X)
#undef X
        RH_PASSES
};

/* X(NAME, text) */
#define RH_TOUCH_MAP(X)                                                                            \
    X(PAGE, "page")                                                                                \
    X(FIRST, "first")                                                                              \
    X(ALL, "all")                                                                                  \
    X(NONE, "none")                                                                                \
    X(RECORDED, "recorded")

enum rh_touch {
#define X(name, text) RH_TOUCH_##name,
    RH_TOUCH_MAP(X)
#undef X
        RH_TOUCHES
};

/* X(NAME, text) - kinds of operations whose latency is kept apart. */
#define RH_LATENCY_KIND_MAP(X)                                                                     \
    X(MALLOC, "malloc")                                                                            \
    X(CALLOC, "calloc")                                                                            \
    X(ALIGNED, "aligned")                                                                          \
    X(REALLOC, "realloc")                                                                          \
    X(FREE, "free")                                                                                \
    X(FREE_SIZED, "sized free")                                                                    \
    X(USABLE, "usable size")

enum rh_latency_kind {
#define X(name, text) RH_LATENCY_##name,
    RH_LATENCY_KIND_MAP(X)
#undef X
        RH_LATENCY_KINDS
};

const char *rh_latency_kind_name(unsigned kind);
const char *const *rh_latency_kind_names(void);

/* X(name) - system calls with which an allocator takes memory and gives it back. */
#define RH_SYSTEM_CALL_MAP(X)                                                                      \
    X(brk)                                                                                         \
    X(mmap)                                                                                        \
    X(munmap)                                                                                      \
    X(mremap)                                                                                      \
    X(madvise)                                                                                     \
    X(mprotect)

/* X(name) - what the processor counts. */
#define RH_COUNTER_MAP(X)                                                                          \
    X(instructions)                                                                                \
    X(cycles)                                                                                      \
    X(cache_misses)                                                                                \
    X(dtlb_misses)

enum {
    RH_SAMPLE_REASON_BYTES = 512,
    RH_SAMPLE_PATH_BYTES = 512,
    RH_SAMPLE_COUNTERS_REASON_BYTES = 160,
    RH_SAMPLE_SEGMENTS = 32, /* segments of equal ops, summed over threads by index */
    RH_SAMPLE_MARKS = 1024,  /* most marks of a memory pass */
    RH_SAMPLE_IDLE_STEPS = 5,
    RH_SAMPLE_SPLITS = 20, /* marks at which the resident bytes are split */
    RH_SAMPLE_TENTHS = 10,
    RH_SAMPLE_STALLS = 8,
};

/* The state of the worker at one mark of a memory pass. Bytes. */
struct rh_mark {
    uint64_t op;             /* operations done by all threads, in recorded order */
    uint64_t recorded_ns;    /* recorded time; 0: the trace has none */
    uint64_t live_bytes;     /* L: requested and live, from the trace */
    uint64_t resident_bytes; /* R before subtracting the null worker's: RssAnon - LazyFree */
    uint64_t usable_bytes;   /* U; UINT64_MAX: unknown */
};

/* X(member) - where the resident bytes are at one mark (docs/method.md). Bytes; UINT64_MAX where it
 * cannot be told.
 *   counted_bytes = live + internal + partial + empty: anonymous pages that were seen, times 4096
 *   anonymous_bytes   what the kernel says at the same moment; the two agree but for 1 %
 *   live_bytes        requested bytes of live blocks, on resident pages
 *   internal_bytes    what these blocks may use beyond; unknown usable sizes: UINT64_MAX
 *   partial_bytes     the rest of the pages that hold any byte of a live block
 *   empty_bytes       resident pages without one: caches, dirty pages, book-keeping
 *   lazy_free_bytes   given up by MADV_FREE, not yet taken; part of empty_bytes
 *   usable_bytes      U: of all live blocks, resident or not
 *   huge_live_bytes   of live_bytes, on transparent huge pages
 *   huge_bytes        all that lies on transparent huge pages
 *   page_table_bytes  of the whole process */
#define RH_SPLIT_MAP(X)                                                                            \
    X(counted_bytes)                                                                               \
    X(anonymous_bytes)                                                                             \
    X(live_bytes)                                                                                  \
    X(internal_bytes)                                                                              \
    X(partial_bytes)                                                                               \
    X(empty_bytes)                                                                                 \
    X(lazy_free_bytes)                                                                             \
    X(usable_bytes)                                                                                \
    X(huge_live_bytes)                                                                             \
    X(huge_bytes)                                                                                  \
    X(page_table_bytes)

struct rh_split {
    uint64_t mark; /* index into the marks */
#define X(member) uint64_t member;
    RH_SPLIT_MAP(X)
#undef X
    /* Pages that hold bytes of live blocks, by the share of the page that live requested bytes
     * take: up to a tenth, two tenths ... */
    uint64_t occupancy[RH_SAMPLE_TENTHS];
};

/* A thread that had to wait for others, and the longest of its waits for an object: its operation
 * `op` waited until thread `other_thread` had done its operation `other_op`, `ns` long. Operations
 * are numbered from 0 in their thread. ns is 0 where it waited only at marks, or for the order. */
struct rh_stall {
    uint64_t thread, thread_ns, thread_waits;
    uint64_t op, other_thread, other_op, ns;
};

struct rh_sample {
    uint32_t version;                    /* RH_SAMPLE_VERSION */
    uint32_t end;                        /* enum rh_sample_end */
    int32_t signal;                      /* CRASHED: the signal */
    uint32_t pass;                       /* enum rh_pass */
    char reason[RH_SAMPLE_REASON_BYTES]; /* a sentence; "" when measured */
    char object[RH_SAMPLE_PATH_BYTES];   /* the file that owns the timed functions */

    /* Work done. */
    uint64_t ops;      /* timed operations: allocations, reallocations and frees */
    uint64_t checksum; /* over the content of the blocks that are live at the end; 0 if untouched */
    uint64_t threads;  /* over the whole trace */
    uint64_t threads_peak;
    uint64_t edges;          /* cross-thread waits in the tape */
    uint64_t edges_waited;   /* of those, how many really had to wait */
    uint64_t cross_releases; /* releases by another thread than the one that acquired */
    uint64_t skipped_events; /* that no replay can repeat: free(NULL), failed acquisitions, looks
                                at the size of another thread's block */
    uint64_t failed_op;      /* operation at which it ended early, else UINT64_MAX */

    /* Time. ns_per_op = busy_ns / ops. */
    uint64_t wall_ns;         /* first op of the first thread to last op of the last */
    uint64_t busy_ns;         /* sum over threads of segment times without the next three */
    uint64_t stall_ns;        /* waiting for other threads, never allocator time */
    uint64_t preempted_ns;    /* ready to run, but others had the CPUs */
    uint64_t creation_ns;     /* creating threads */
    uint64_t window_waits;    /* how often a thread waited for slower ones by the order alone */
    uint64_t window_stall_ns; /* that part of stall_ns, the prologue included */
    uint64_t paced_ns;        /* waiting for the recorded time */
    uint64_t late_ns;         /* the most by which an operation came later than recorded */
    uint64_t think_lines;     /* cache lines of blocks that thinking read */
    uint32_t stall_count;     /* the threads that waited longest, the longest first */
    struct rh_stall stalls[RH_SAMPLE_STALLS];
    uint64_t user_ns, system_ns; /* CPU time of the process in the timed part */
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
    uint32_t segment_count;
    uint64_t segment_ops[RH_SAMPLE_SEGMENTS];
    uint64_t segment_busy_ns[RH_SAMPLE_SEGMENTS];

    /* Of the processor, in the timed part of a throughput pass, all threads, user mode; UINT64_MAX:
     * not available, and counters_reason says why. */
#define X(name) uint64_t name;
    RH_COUNTER_MAP(X)
#undef X
    char counters_reason[RH_SAMPLE_COUNTERS_REASON_BYTES];

    /* Of a system-call pass, in the timed part; else UINT64_MAX. */
#define X(name) uint64_t name##_calls;
    RH_SYSTEM_CALL_MAP(X)
#undef X

    /* Memory; all UINT64_MAX in passes that do not measure it. */
    uint64_t peak_live_bytes; /* max L over the marks and the trace's own peak */
    /* The same as the threads of this replay made it; UINT64_MAX where it was not counted. */
    uint64_t replayed_peak_live_bytes;
    uint64_t start_resident_bytes;                       /* R when the first op was about to run */
    uint64_t peak_resident_bytes;                        /* max R over the marks */
    uint64_t high_water_bytes;                           /* VmHWM minus file and shmem pages */
    uint64_t freed_resident_bytes[RH_SAMPLE_IDLE_STEPS]; /* R after everything was freed: idle_ns[i]
                                                            later */
    uint64_t freed_idle_ns[RH_SAMPLE_IDLE_STEPS];
    uint64_t purged_resident_bytes; /* R after purge */
    char purge_call[64];
    uint32_t mark_count, split_count;
    struct rh_mark marks[RH_SAMPLE_MARKS];
    struct rh_split splits[RH_SAMPLE_SPLITS]; /* in the order of their marks */
};

enum { RH_SAMPLE_VERSION = 1 };

/* An unfinished sample of the pass, in which no figure is known that not every pass measures. */
void rh_sample_init(struct rh_sample *sample, unsigned pass);

/* ---- latency ---- */

/* Service times are kept in whole sixteenths of a nanosecond, in bins that are exact below 32 of
 * these units and a 32nd of their octave wide above: bin b < 32 holds the value b, and bin b >= 32
 * the values from (32 + b % 32) << (b / 32 - 1), below the next bin's. */
enum {
    RH_LATENCY_UNITS_PER_NS = 16,
    RH_LATENCY_STEPS = 32,                   /* bins an octave */
    RH_LATENCY_BINS = 36 * RH_LATENCY_STEPS, /* up to 68 s; the last one also holds what is above */
    RH_LATENCY_CLASSES = 7,                  /* of sizes */
    RH_LATENCY_CELLS = RH_LATENCY_KINDS * RH_LATENCY_CLASSES,
    RH_LATENCY_ENTRIES = 16384,
    RH_LATENCY_EXEMPLARS = 16,
};

/* The largest size of each class. */
uint64_t rh_latency_class_limit(unsigned size_class);
unsigned rh_latency_class_of(uint64_t size);

/* Samples that fell into one bin. */
struct rh_latency_entry {
    uint16_t cell; /* kind * RH_LATENCY_CLASSES + size class */
    uint16_t bin;
    uint32_t count;
};

/* One of the slowest calls. */
struct rh_latency_exemplar {
    uint32_t kind, thread;
    uint64_t op; /* its number in the thread, from 0 */
    uint64_t size;
    uint64_t ns;
    uint64_t faults;   /* 1: the call had a page fault; UINT64_MAX: unknown */
    uint64_t switches; /* times that it lost the CPU; UINT64_MAX: unknown */
};

/* What a latency pass gives beside its sample. Plain data like that. */
struct rh_latency {
    uint64_t quantum_ps; /* the least difference between two readings of the clock */
    uint64_t samples;    /* operations that were timed */
    uint64_t lost;       /* of these, without an entry: there was no room */
    uint32_t entry_count, exemplar_count;
    struct rh_latency_entry entries[RH_LATENCY_ENTRIES];        /* by cell, then bin */
    struct rh_latency_exemplar exemplars[RH_LATENCY_EXEMPLARS]; /* slowest first */
};

#endif
