/* importers.h - foreign traces in.
 *
 * A format is one file with one entry in table.c. The grammars are in docs/import-formats.md. */
#ifndef RH_TRACE_IMPORTERS_IMPORTERS_H
#define RH_TRACE_IMPORTERS_IMPORTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "trace/trace.h"

/* What an import had to repair, drop or guess. X(member, text) */
#define RH_IMPORT_COUNT_MAP(X)                                                                     \
    X(records, "lines or records read")                                                            \
    X(calls, "calls")                                                                              \
    X(ignored, "lines that are no calls, left out")                                                \
    X(other_processes, "calls of other processes, left out")                                       \
    X(unknown_frees, "frees of unknown addresses, dropped")                                        \
    X(unknown_reallocs, "reallocs of unknown addresses, taken as malloc")                          \
    X(moved_releases, "releases moved before the reuse of their address")                          \
    X(assumed_releases, "objects taken as freed when their address was reused")                    \
    X(failed, "calls that gave NULL")                                                              \
    X(overflows, "callocs whose product overflows, taken as failed")                               \
    X(impossible_sizes, "objects of impossible size, taken as failed")                             \
    X(bad_alignments, "alignments of 1 or no power of two, taken as none")                         \
    X(held_times, "times that went back, held")                                                    \
    X(unusable, "calls whose address is not told, left out")                                       \
    X(guessed_releases, "releases whose object was guessed")                                       \
    X(dropped_null_frees, "frees of NULL that the recording tool made, dropped")                   \
    X(cut_short, "input cut short at its end")

struct rh_import_report {
    const char *format; /* name of the importer */
#define X(member, text) uint64_t member;
    RH_IMPORT_COUNT_MAP(X)
#undef X
    struct rh_trace_summary summary;
};

struct rh_import_options {
    const char *format; /* NULL: found out */
    uint64_t pid;       /* of several processes this one; 0: the first */
};

struct rh_input;
struct rh_import;

struct rh_importer {
    const char *name;
    const char *summary; /* one line */
    /* Whether the first bytes look like this format: 0 no, 1 could be, 2 surely. */
    int (*detect)(const uint8_t *head, size_t bytes);
    int (*run)(struct rh_import *import, struct rh_input *input, struct rh_error *error);
};

/* The importers in the order in which they are tried; NULL behind the last. */
const struct rh_importer *rh_importer_at(size_t index);

/* Makes the trace TO of the foreign file FROM ("-": standard input). */
int rh_import_file(const char *from, const char *to, const struct rh_import_options *options,
                   struct rh_error *error, struct rh_import_report *ret_report);

/* The report: counts that are not 0, one a line; or as JSON. */
void rh_import_report_text(const struct rh_import_report *report, struct rh_text *ret_text);
int rh_import_report_json(const struct rh_import_report *report, struct rh_error *error,
                          struct rh_text *ret_text);

#endif
