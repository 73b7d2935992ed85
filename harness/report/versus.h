/* versus.h - two results against each other, or one candidate against its baseline: what became
 * faster, slower, fatter; and a gate for CI. Nothing is measured, read or printed here. */
#ifndef RH_REPORT_VERSUS_H
#define RH_REPORT_VERSUS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "result/result.h"

/* X(NAME, text) */
#define RH_VERSUS_FORMAT_MAP(X)                                                                    \
    X(TERM, "term")                                                                                \
    X(HTML, "html") /* one self-contained page, no reference to the network */                     \
    X(MD, "md")     /* GitHub Markdown, for a pull request */                                      \
    X(JSON, "json")                                                                                \
    X(JUNIT, "junit") /* JUnit XML: one test a comparison, failed where the gate is */

enum rh_versus_format {
#define X(name, text) RH_VERSUS_##name,
    RH_VERSUS_FORMAT_MAP(X)
#undef X
        RH_VERSUS_FORMATS
};

/* NULL-terminated, in the order of the enumeration. */
const char *const *rh_versus_format_names(void);

/* Zero-initialise: every 0 is the default. */
struct rh_versus_options {
    enum rh_versus_format format;
    unsigned columns; /* TERM: width of the terminal; 0: 80 */
    bool colour;      /* TERM */
    double level;     /* confidence of the intervals; 0: 0.95 */
    /* Two results: the allocator whose time stands for the speed of the machine on that day. NULL:
     * the baseline of `before`; "none": times are compared as they are. */
    const char *reference;
    bool gated;
    double gate;             /* fraction: a regression is resolved beyond 1 + gate */
    const char *allocator;   /* only this one; NULL: all */
    const char *before_name; /* what to call the two */
    const char *after_name;
};

struct rh_versus_outcome {
    size_t compared; /* comparisons of time and of memory that have an interval */
    size_t better;   /* of those, resolved below 1 */
    size_t worse;    /* resolved above 1 */
    size_t equal;    /* within 1 +- 2 % */
    size_t too_few;  /* rest on too few rounds to be resolved at this level, whatever they show */
    size_t regressions; /* gated: resolved beyond the gate, or measured before and not any more */
};

/* Compares two results, matched by the content of the traces and the labels of the allocators.
 * `after` NULL: the allocators of one result against its baseline. Appends to *ret_text, which the
 * caller finishes; untouched on failure. RH_ERR_INVALID: nothing matches, or the reference is not
 * in both; the sentence says what there is. */
int rh_versus(const struct rh_result *before, const struct rh_result *after,
              const struct rh_versus_options *options, struct rh_error *error,
              struct rh_text *ret_text, struct rh_versus_outcome *ret_outcome);

#endif
