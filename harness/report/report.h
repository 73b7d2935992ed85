/* report.h - a loaded result becomes a page, a table or data. Everything shown is computed from the
 * samples; nothing is measured, read or printed here. */
#ifndef RH_REPORT_REPORT_H
#define RH_REPORT_REPORT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"

/* X(NAME, text) */
#define RH_REPORT_FORMAT_MAP(X)                                                                    \
    X(TERM, "term") /* for a terminal: the answer first, then tables */                            \
    X(HTML, "html") /* one self-contained page, no reference to the network */                     \
    X(MD, "md")     /* GitHub Markdown, for a pull request */                                      \
    X(CSV, "csv")   /* one line a cell; columns in docs/result-format.md */                        \
    X(JSON, "json") /* the whole model; keys in docs/result-format.md */

enum rh_report_format {
#define X(name, text) RH_REPORT_##name,
    RH_REPORT_FORMAT_MAP(X)
#undef X
        RH_REPORT_FORMATS
};

/* NULL-terminated, in the order of the enumeration: for help, parsing and rh_text_nearest. */
const char *const *rh_report_format_names(void);
/* 0, or RH_ERR_INVALID with a sentence that names the nearest format. */
int rh_report_format_parse(const char *name, struct rh_error *error,
                           enum rh_report_format *ret_format);

/* Zero-initialise: every 0 is the default. */
struct rh_report_options {
    enum rh_report_format format;
    unsigned columns; /* TERM: width of the terminal; 0: 80; less than 60 counts as 60 */
    bool colour;      /* TERM: escape sequences for colour */
    double level;     /* confidence of the intervals, in (0, 1); 0: 0.95 */
    const char *path; /* where the result lies, for "how to read it again"; NULL: not said */
};

/* Appends the report to *ret_text, which the caller finishes. Untouched on failure. A result that
 * has nothing to show (no sample, no allocator left) still gives a report that says so. */
int rh_report(const struct rh_result *result, const struct rh_report_options *options,
              struct rh_error *error, struct rh_text *ret_text);

#endif
