/* build.h - from foreign calls on addresses to the events of a trace: the rules that all importers
 * share, in one place.
 *
 *  R1 ids are per object, never per address.
 *  R2 a free of an unknown address is dropped, a realloc of one is a malloc; both are counted.
 *  R3 an acquisition at a live address is a race of the recorder: the next release of the address
 *     by another thread, among the next RH_IMPORT_LOOKAHEAD calls, is moved before it; if there is
 *     none, the old object is taken as freed just before. Both are counted.
 *  R4 a call that gave NULL is an event "failed"; the old block of a failed realloc stays.
 *  R5 realloc(NULL, n) is malloc; realloc(p, 0) is free if it gave NULL, else a realloc to 0.
 *  R6 free(NULL) is kept.
 *  R7 what is live at the end stays live.
 *  R8 a calloc whose product overflows, or an impossible size, is a failed call; an alignment that
 *     is no power of two, or 1, is none, and the call a plain allocation; counted.
 *  R9 without thread ids all is one thread; without times there are none.
 *  R10 addresses and sizes have up to 64 bits: a longer number is refused (scan.h).
 *  R11 a realloc that keeps its address or id releases one object and acquires another.
 *
 * Calls are held back in a ring of RH_IMPORT_LOOKAHEAD; memory grows with live objects. */
#ifndef RH_TRACE_IMPORTERS_BUILD_H
#define RH_TRACE_IMPORTERS_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/importers/importers.h"
#include "trace/trace.h"

enum {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    RH_IMPORT_LOOKAHEAD = 100, /* as RH_FORMAT_BLOCK_EVENTS: small, for speed */
#else
    RH_IMPORT_LOOKAHEAD = 10000,
#endif
};

/* A call as a foreign trace tells it. */
struct rh_import_call {
    uint8_t kind;           /* enum rh_event_kind; FREE_NULL and FAILED come of the rules */
    bool overflowed;        /* calloc: the product does not fit 64 bits */
    bool prologue;          /* text form only */
    uint32_t touched_pages; /* of what is released, or RH_NO_TOUCHED */
    uint64_t thread;        /* any label; 0 where the format has none */
    uint64_t parent;        /* THREAD_START: a label that was seen, or RH_NO_PARENT */
    uint64_t time_ns;       /* if the import is timed */
    uint64_t result;        /* address that was given, 0: NULL */
    uint64_t old;           /* address that was passed */
    uint64_t size;
    uint64_t alignment; /* bytes; 0: none */
};

#define RH_NO_PARENT UINT64_MAX

/* A call without touched pages and parent. */
struct rh_import_call rh_import_call(enum rh_event_kind kind, uint64_t thread);

struct rh_import;

/* Adds the next call. */
int rh_import_add(struct rh_import *import, const struct rh_import_call *call,
                  struct rh_error *error);
/* The program makes no call on this thread again: the label may come back as a new thread. */
int rh_import_end_thread(struct rh_import *import, uint64_t thread, uint64_t time_ns,
                         struct rh_error *error);

/* What an importer tells of the whole: to be set before rh_import's end. */
struct rh_trace_meta *rh_import_meta(struct rh_import *import);
/* Times are told, to this resolution. Before the first call. */
void rh_import_set_timed(struct rh_import *import, uint64_t quantum_ns);
/* The calls are in the order in which they happened, and times count from the start: nothing is
 * looked ahead for or moved. Before the first call. */
void rh_import_set_exact(struct rh_import *import);
/* The format tells no threads, and a free may stand behind the reuse of its address: R3 looks for
 * the next release of the address by any thread. Before the first call. */
void rh_import_set_late_frees(struct rh_import *import);

const struct rh_import_options *rh_import_options(const struct rh_import *import);
struct rh_import_report *rh_import_report(struct rh_import *import);

/* Sets a string of the metadata, copying it. */
int rh_import_set_string(char **string, const char *value, size_t length, struct rh_error *error);
/* Adds a sentence to the trace's note and the report: what was guessed. Said once each. */
int rh_import_guess(struct rh_import *import, const char *sentence, struct rh_error *error);

/* "FILE, line N: ..." with RH_ERR_FORMAT. */
#define rh_import_refuse_line(input, error, format, ...)                                           \
    rh_fail(error, RH_ERR_FORMAT, "%s, line %llu: " format, rh_input_path(input),                  \
            (unsigned long long)rh_input_line_number(input), ##__VA_ARGS__)

/* ---- for the table of importers ---- */

struct rh_import;
int rh_import_create(const char *path, const struct rh_import_options *options,
                     struct rh_error *error, struct rh_import **ret_import);
/* Plays what is held back, and finishes the trace. */
int rh_import_finish(struct rh_import *import, struct rh_error *error,
                     struct rh_import_report *ret_report);
/* Accepts NULL. Without finish no file is made. */
void rh_import_destroy(struct rh_import *import);

#endif
