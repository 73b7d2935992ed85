/* spool.h - what the preload library leaves behind: plain data, shared with the finaliser.
 *
 * Each recorded process image (a fork child, or a program after exec) has two files in the spool
 * directory: PID-N.live, which it keeps mapped, and PID-N.full, to which it appends.
 *
 *   PID-N.live   struct rh_spool_header, padded to RH_SPOOL_HEADER_BYTES; then slots of
 *                RH_SPOOL_SLOT_BYTES. A slot holds the frame that one thread is filling.
 *   PID-N.full   the frames that are full, or whose threads have ended, in the order of the
 *                writes, each filled up to a length of rh_spool_padded.
 *
 * A frame is struct rh_spool_frame and records behind it. A frame is appended to .full before its
 * slot is emptied, so that after a kill it may stand in both (same thread, same sequence), and
 * never in none. `progress` is stored last: what it covers is complete.
 *
 * Everything here is read back as untrusted data. Little-endian, x86-64 only. */
#ifndef RH_RECORD_SPOOL_H
#define RH_RECORD_SPOOL_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    RH_SPOOL_VERSION = 4,
    RH_SPOOL_HEADER_BYTES = 16384,
    RH_SPOOL_SLOT_BYTES = 65536,
    RH_SPOOL_FRAME_ALIGN = 64,
    RH_SPOOL_PAGE_BYTES = 4096,  /* whole pages cost less to append; */
    RH_SPOOL_LONG_BYTES = 16384, /* but shorter frames are not filled up to one */
    RH_SPOOL_SEGMENTS = 15, /* segment k holds 2^k slots, mapped when the first of them is needed */
    RH_SPOOL_SLOTS_MOST = (1 << RH_SPOOL_SEGMENTS) - 1,
    RH_SPOOL_STAMP_SHIFT = 4, /* a stamp counts 16 ticks: 4 to 10 ns, finer than a hand-over
                                 between two CPUs */
    RH_SPOOL_COMMAND_BYTES = 8192,
    RH_SPOOL_PATH_BYTES = 1024,
    RH_SPOOL_NAME_BYTES = 64,
    RH_SPOOL_THREAD_NAME_BYTES = 16, /* as the kernel's */
    RH_SPOOL_LARGE_BYTES = 65536,    /* of blocks from here on the resident pages are counted */
    RH_SPOOL_STALL_NS = 1000000,     /* a wait of this length is a stall */
};

#define RH_SPOOL_MAGIC "RHSPOOL"

/* The environment of a recorded process. */
#define RH_SPOOL_ENV       "REHEAP_SPOOL"       /* the spool directory */
#define RH_SPOOL_ENV_CLOCK "REHEAP_SPOOL_CLOCK" /* "tsc" or "monotonic" */
#define RH_SPOOL_ENV_ONLY  "REHEAP_SPOOL_ONLY"  /* record this process id only; absent: all */

enum rh_spool_clock {
    RH_SPOOL_CLOCK_TSC = 1,
    RH_SPOOL_CLOCK_MONOTONIC = 2, /* a tick is 1 ns */
};

enum rh_spool_state {
    RH_SPOOL_RECORDING = 1,
    RH_SPOOL_STOPPED = 2, /* the disk was full: see stop_... */
};

/* Strings are NUL-terminated within their arrays. */
struct rh_spool_header {
    char magic[8];
    uint32_t version;
    uint32_t clock; /* enum rh_spool_clock */
    uint64_t nonce; /* marks this image's frames */
    uint64_t pid;
    uint64_t parent_nonce; /* a fork child: nonce of the image that forked it; else 0 */
    uint64_t fork_stamp;   /* a fork child: stamp of the fork */
    uint64_t start_ticks;  /* clock at the start, not shifted */
    uint64_t start_ns;     /* CLOCK_MONOTONIC then */
    uint64_t start_real_ns;
    uint64_t process_start; /* field 22 of /proc/PID/stat: tells a reused process id */
    _Atomic uint32_t state; /* enum rh_spool_state */
    _Atomic int32_t stop_errno;
    _Atomic uint64_t stop_stamp;   /* up to it nothing is lost */
    _Atomic uint64_t lost_count;   /* events of threads that had no slot */
    _Atomic uint64_t nested_count; /* calls from within an allocator call: its own, or a signal
                                      handler's */
    _Atomic uint64_t stall_count;  /* waits for the spool's files, */
    _Atomic uint64_t stall_ns;
    _Atomic uint64_t look_count;     /* large blocks whose resident pages were counted, */
    _Atomic uint64_t look_stamps;    /* what that took, */
    _Atomic uint64_t look_skipped;   /* and those where it would have cost too much */
    _Atomic uint64_t end_ticks;      /* 0: the process did not reach its exit handlers */
    _Atomic uint64_t peak_rss_bytes; /* at that time */
    _Atomic uint32_t slots_count;    /* slots that were ever used */
    uint32_t command_bytes;
    char boot_id[40];
    char libc[64];
    char allocator[RH_SPOOL_PATH_BYTES]; /* the file that owns malloc */
    char program[RH_SPOOL_PATH_BYTES];   /* /proc/self/exe */
    char name[RH_SPOOL_NAME_BYTES]; /* what was started: argument 0 without its path; "": none */
    char command[RH_SPOOL_COMMAND_BYTES]; /* /proc/self/cmdline, perhaps cut */
    uint64_t start_cpu_ns;          /* CPU time of the process (user and system) at the start, */
    _Atomic uint64_t end_cpu_ns;    /* and at end_ticks; 0: it did not get there */
    _Atomic uint64_t unbegun_count; /* fork children that could not make a spool, as in a jail */
};

_Static_assert(sizeof(struct rh_spool_header) <= RH_SPOOL_HEADER_BYTES, "the header has its place");

struct rh_spool_frame {
    uint64_t nonce;            /* of the image; 0: a slot that was never used */
    _Atomic uint64_t progress; /* sequence << 32 | bytes of complete records behind this header */
    uint64_t base_stamp;       /* the records' times are relative to it */
    uint32_t thread;           /* number within the image, 0 is the first */
    uint32_t reserved;
    _Atomic uint64_t lost_count; /* in a slot: events that found recording stopped */
    char thread_name[RH_SPOOL_THREAD_NAME_BYTES]; /* perhaps not terminated */
    uint64_t padding;
};

_Static_assert(sizeof(struct rh_spool_frame) == RH_SPOOL_FRAME_ALIGN, "frames stay aligned");

enum { RH_SPOOL_RECORDS_BYTES = RH_SPOOL_SLOT_BYTES - (int)sizeof(struct rh_spool_frame) };

/* What a frame with so many bytes of records takes in the full file. */
static inline uint32_t rh_spool_padded(uint32_t records_bytes) {
    uint32_t bytes = (uint32_t)sizeof(struct rh_spool_frame) + records_bytes;
    uint32_t unit = bytes < RH_SPOOL_LONG_BYTES ? RH_SPOOL_FRAME_ALIGN : RH_SPOOL_PAGE_BYTES;
    return bytes + unit - 1 - (bytes + unit - 1) % unit;
}

/* Records. The first byte, from the lowest bit: address length - 1 (2 bits), far (1), log2 of the
 * size's length (2), op (3). Then
 *
 *   time      1 byte: stamps since the record before
 *   extended  2 bytes, in an extended record only: its kind, and an argument
 *   address   the lower 1 to 4 bytes of its place, rh_spool_place; the others are those of the last
 *             place of the same sort (acquired, released); far: all 8
 *   size      1, 2, 4 or 8 bytes; those that only release, or concern no block, have none
 *
 * More than 255 stamps: before the record stands a pause. Its first byte is RH_SPOOL_PAUSE, and
 * log2 of a length in the two bits of the size's; then 1, 2, 4 or 8 bytes: units of 256 stamps that
 * have passed.
 *
 * A realloc's time and address are those of the release; behind the size follow a byte (log2 of
 * the length of the time, 2 bits; length of the address - 1, 3 bits; unit 1 instead of 8, 1 bit),
 * the stamps until the acquisition, and the distance of the new address from the old one, zigzag.
 *
 * The time's length is fixed so that the place of the next record, which the next call waits for,
 * does not depend on the clock. No first byte is 0, so that a page of zeros is no record. */
enum rh_spool_op {
    RH_SPOOL_FREE = 1,
    RH_SPOOL_MALLOC = 2,
    RH_SPOOL_NEW = 3,
    RH_SPOOL_FREE_SIZED = 4,
    RH_SPOOL_CALLOC = 5,
    RH_SPOOL_REALLOC = 6,
    RH_SPOOL_EXTENDED = 7,
};

enum {
    RH_SPOOL_SIZE_SHIFT = 3, /* in the first byte */
    RH_SPOOL_OP_SHIFT = 5,
    RH_SPOOL_FAR = 1 << 2,
    RH_SPOOL_PAUSE = RH_SPOOL_FAR,                            /* an op of 0: in the first byte, */
    RH_SPOOL_PAUSE_MASK = 0xff & ~(3 << RH_SPOOL_SIZE_SHIFT), /* but for the length */
    RH_SPOOL_TIME_BITS = 8,
    RH_SPOOL_TIME_MOST = (1 << RH_SPOOL_TIME_BITS) - 1,
};

enum rh_spool_extended {
    RH_SPOOL_EXT_ALIGNED = 1,     /* argument: log2 of the alignment, rounded up */
    RH_SPOOL_EXT_NEW_ALIGNED = 2, /* as above */
    RH_SPOOL_EXT_FREE_NULL = 3,
    RH_SPOOL_EXT_FAILED = 4,       /* size and argument as asked */
    RH_SPOOL_EXT_USABLE = 5,       /* the address counts as a released one */
    RH_SPOOL_EXT_THREAD_START = 6, /* size: the parent, RH_SPOOL_NO_THREAD: unknown */
    RH_SPOOL_EXT_THREAD_END = 7,
    RH_SPOOL_EXT_TOUCHED = 8,  /* size: resident pages of the block that the thread's next record
                                  releases; no event */
    RH_SPOOL_EXT_RESIDENT = 9, /* size: resident pages of the live block at the address, at the
                                   program's end; the address counts as a released one */
};

#define RH_SPOOL_NO_THREAD UINT32_MAX

/* No record, with those that belong to it before it, is longer. */
enum { RH_SPOOL_RECORD_BYTES_MOST = 128 };

/* An address in units of 8, with what is left in the highest bits: so the higher bits of two are
 * the same only where they are near and a multiple of 8 apart. */
static inline uint64_t rh_spool_place(uint64_t address) {
    return address >> 3 | address << 61;
}

static inline uint64_t rh_spool_address(uint64_t place) {
    return place << 3 | place >> 61;
}

/* A distance as an unsigned number that is small when the distance is small. */
static inline uint64_t rh_spool_zigzag(int64_t distance) {
    return ((uint64_t)distance << 1) ^ (uint64_t)(distance >> 63);
}

static inline int64_t rh_spool_unzigzag(uint64_t number) {
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

#endif
