/* trace.h - the .rht file: metadata, writer, reader. The format is in docs/trace-format.md.
 *
 * Reading and writing are streams: memory grows with one block of events, not with the trace. */
#ifndef RH_TRACE_TRACE_H
#define RH_TRACE_TRACE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "trace/event.h"

/* The newest format, and the first: a file says the lowest that can hold it. */
enum { RH_TRACE_VERSION = 2, RH_TRACE_VERSION_FIRST = 1 };

/* A larger object is refused: no address space holds it, so the number is damaged. */
#define RH_TRACE_SIZE_MAX_BYTES (UINT64_C(1) << 48)

/* Facts about a recording. Strings are owned by the struct (rh_free), NULL where unknown. Unknown
 * keys of a newer file are kept in `unknown_json` and written back by tools that copy metadata. */
struct rh_trace_meta {
    char *program;    /* what was started: the base name of its argument 0 */
    char *executable; /* path of the file that it was loaded from */
    char *command;    /* the command line, arguments quoted for a shell */
    char *source;     /* "recorded", "imported:FORMAT", "synthetic:NAME" */
    char *host;       /* CPU model, kernel */
    char *libc;       /* "glibc 2.36" */
    char *allocator;  /* file that owned malloc in the recorded process */
    char *tool;       /* "reheap 0.1.0" */
    char *date;       /* ISO 8601, UTC */
    char *note;       /* why the recording ended early, or what an importer guessed */
    char *unknown_json;
    char **thread_names; /* by thread, NULL: unknown; threads beyond have none */
    size_t thread_names_count;
    uint64_t pid;
    uint64_t time_quantum_ns; /* resolution of the times; 0: no times */
    uint64_t duration_ns;     /* from the first to the last moment of the recorded process */
    uint64_t unknown_frees;   /* releases of addresses that the recorder never saw acquired */
    uint64_t drops;           /* events known to be lost */
    uint64_t torn;            /* threads whose newest chunk was torn (killed) */
    uint64_t peak_rss_bytes;  /* of the recorded process, 0: unknown */
    uint64_t nested_calls;    /* calls from within a call, so not the program's: not in the trace */
    uint64_t stalls;          /* times that the recorder made a thread wait for 1 ms or more */
    uint64_t stall_ns;        /* and for how long, in all */
    uint64_t looks;           /* large blocks whose resident pages were counted */
    uint64_t looks_skipped;   /* and those where that would have cost too much */
    uint64_t look_ns;         /* what the looks cost */
    uint64_t cpu_ns; /* user and system time from the library's start on to the end, 0: unknown */
    uint64_t recorder_ns; /* what of it recording took, the looks included; 0: unknown */
};

void rh_trace_meta_finish(struct rh_trace_meta *meta);
/* A deep copy into a zeroed struct. */
int rh_trace_meta_copy(const struct rh_trace_meta *meta, struct rh_error *error,
                       struct rh_trace_meta *ret_meta);

/* Names a thread; `name` NULL or empty: forgets its name. */
int rh_trace_meta_name_thread(struct rh_trace_meta *meta, uint32_t thread, const char *name,
                              struct rh_error *error);
/* The name, or NULL. */
const char *rh_trace_meta_thread_name(const struct rh_trace_meta *meta, uint32_t thread);
/* Forgets all names: for what comes of a trace with other threads. */
void rh_trace_meta_forget_threads(struct rh_trace_meta *meta);

/* Counts over the whole trace: written at the end of the file, available at open. */
struct rh_trace_summary {
    uint64_t events;
    uint64_t events_by_kind[RH_EVENT_KINDS];
    uint64_t objects; /* acquisitions */
    uint64_t threads;
    uint64_t cross_thread_releases; /* released by another thread than the one that acquired */
    uint64_t allocated_bytes;       /* requested, over all acquisitions */
    uint64_t peak_live_bytes;       /* requested bytes */
    uint64_t peak_live_bytes_event; /* index of the event after which the peak holds */
    uint64_t peak_live_objects;
    uint64_t end_live_bytes;
    uint64_t end_live_objects;
    uint64_t content_hash; /* XXH64 over the decoded events: the identity of the trace, in caches
                              and results */
};

/* ---- writing ---- */

struct rh_trace_writer;

/* Where the trace PATH would be written: the file behind a symbolic link. Refuses devices and
 * pipes, as all that writes does; who has long work before it asks first. */
int rh_trace_writer_target(const char *path, struct rh_error *error, char ret_target[PATH_MAX]);
/* Starts PATH (through a temporary file beside it). */
int rh_trace_writer_create(const char *path, struct rh_error *error,
                           struct rh_trace_writer **ret_writer);
/* Appends events. Checks the rules of event.h (ids dense, live, times not decreasing, threads
 * started) and refuses the first event that breaks one, with its index. `thread` must have had its
 * THREAD_START. */
int rh_trace_writer_add(struct rh_trace_writer *writer, const struct rh_event *events, size_t count,
                        struct rh_error *error);
/* Writes metadata, index and trailer, synchronises and renames into place. The writer is then only
 * good for destroy. ret_summary may be NULL. */
int rh_trace_writer_finish(struct rh_trace_writer *writer, const struct rh_trace_meta *meta,
                           struct rh_error *error, struct rh_trace_summary *ret_summary);
/* Accepts NULL. Without a finish before it, the temporary file is removed. */
void rh_trace_writer_destroy(struct rh_trace_writer *writer);

/* ---- reading ---- */

struct rh_trace_reader;

/* Opens and checks header, trailer, index and metadata. Errors name the file, the byte offset and
 * the reason. */
int rh_trace_reader_open(const char *path, struct rh_error *error,
                         struct rh_trace_reader **ret_reader);
const struct rh_trace_meta *rh_trace_reader_meta(const struct rh_trace_reader *reader);
const struct rh_trace_summary *rh_trace_reader_summary(const struct rh_trace_reader *reader);
/* The next events in order, at most one block: *ret_events points into the reader and is good until
 * the next call. *ret_count 0: the end. Every block's checksum and bounds are checked before its
 * events are handed out; ids and threads are in range, but whether an id is live is for
 * rh_trace_verify. */
int rh_trace_reader_next(struct rh_trace_reader *reader, struct rh_error *error,
                         const struct rh_event **ret_events, size_t *ret_count);
/* Holds every block's bytes against its checksum without decoding them, and stands at the first
 * event: for who has what the trace says from elsewhere, as a tape that was made of it before. */
int rh_trace_reader_check_bytes(struct rh_trace_reader *reader, struct rh_error *error);
/* Back to the first event. */
int rh_trace_reader_rewind(struct rh_trace_reader *reader, struct rh_error *error);
/* The next events are those from this one on (an index beyond the last: none). Blocks in between
 * are not read. */
int rh_trace_reader_seek(struct rh_trace_reader *reader, uint64_t event, struct rh_error *error);
/* The next events are those from the first one at or after this time. */
int rh_trace_reader_seek_time(struct rh_trace_reader *reader, uint64_t time_ns,
                              struct rh_error *error);
/* Accepts NULL. */
void rh_trace_reader_close(struct rh_trace_reader *reader);

/* Reads the whole trace and checks every rule and every count. 0, or the first thing that is wrong
 * and where. ret_summary (may be NULL) gets the recomputed counts. */
int rh_trace_verify(const char *path, struct rh_error *error, struct rh_trace_summary *ret_summary);

/* What could be saved of a damaged trace. */
struct rh_trace_repair {
    uint64_t events;                     /* kept */
    uint64_t stated;                     /* events that the file was said to hold; 0: unknown */
    bool whole;                          /* nothing was wrong */
    char reason[RH_ERROR_MESSAGE_BYTES]; /* what ended it, if not */
    bool metadata_lost;
};

/* Writes to TO what is sound of FROM: all events before the first damage or broken rule, and the
 * metadata where they can be read. Fails if FROM does not begin as a trace does. */
int rh_trace_repair(const char *from, const char *to, struct rh_error *error,
                    struct rh_trace_repair *ret_repair);

#endif
