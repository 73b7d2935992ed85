/* versus_model.h - a comparison, computed once; each format only lays it out. Internal to report/.
 */
#ifndef RH_REPORT_VERSUS_MODEL_H
#define RH_REPORT_VERSUS_MODEL_H

#include "report/model.h"
#include "report/versus.h"

/* One allocator on one trace, or over all of them. Names are borrowed from the results. */
struct rh_versus_row {
    const char *trace; /* NULL: over all traces that match */
    const char *allocator;
    double before_ns, after_ns; /* medians; NaN over all traces */
    double before_bytes, after_bytes;
    struct rh_interval time, memory; /* after / before */
    enum rh_verdict time_verdict, memory_verdict;
    bool lost;                             /* measured before, and not any more */
    const char *reason;                    /* how it ended, where it is lost; or NULL */
    bool time_regressed, memory_regressed; /* beyond the gate */
};

struct rh_versus_model {
    const struct rh_versus_options *options;
    struct rh_report_model before, after; /* of one result both are the same */
    bool single;                          /* one result: candidate against baseline */
    const char *reference;                /* label; NULL: times as they are */
    size_t traces;                        /* that match */
    struct rh_versus_row *rows;           /* over all traces first */
    size_t row_count, row_capacity;
    struct rh_text notes; /* one a line: what to be careful about */
    struct rh_versus_outcome outcome;
};

/* A trace that both results have, with the logarithms of one allocator's rounds at hand. */
struct rh_versus_pair {
    size_t before, after; /* indices */
};

struct rh_versus_matching {
    struct rh_versus_model *model;
    struct rh_versus_pair *traces;
    size_t trace_count;
    size_t before_reference, after_reference; /* RH_REPORT_NOBODY: none */
    double *before_logs, *after_logs;         /* [trace * rounds + round] */
    struct rh_error *error;
};

/* Pairs the traces of two results by content; what is on one side only is noted. */
void rh_versus_match_traces(struct rh_versus_matching *matching);
/* Finds the reference in both, unless none is wanted. */
int rh_versus_match_reference(struct rh_versus_matching *matching);
/* The index of a label that is no floor, or RH_REPORT_NOBODY. */
size_t rh_versus_find_allocator(const struct rh_report_model *model, const char *label);
/* Notes what differs between the two runs beside the allocators, and what is wrong with each. */
void rh_versus_note_settings(struct rh_versus_matching *matching);
void rh_versus_note_run(struct rh_versus_model *model, const struct rh_report_model *run,
                        const char *name);

int rh_versus_model_init(const struct rh_result *before, const struct rh_result *after,
                         const struct rh_versus_options *options, struct rh_error *error,
                         struct rh_versus_model *ret_model);
void rh_versus_model_finish(struct rh_versus_model *model);

/* The answer in a sentence or two, and what the gate says; "" without a gate. */
void rh_versus_headline(const struct rh_versus_model *model, struct rh_text *text);
void rh_versus_gate_sentence(const struct rh_versus_model *model, struct rh_text *text);

/* The comparison as one JSON object; `page`: with the allocators, the sentence of the gate, and
 * what was run. */
void rh_versus_emit(const struct rh_versus_model *model, bool page, struct rh_text *text);
/* Calls `add` with every note. */
void rh_versus_each_note(const struct rh_versus_model *model, void (*add)(void *, const char *),
                         void *context);

/* ---- formats; all append to `text`, whose `failed` the caller checks ---- */

int rh_versus_term(const struct rh_versus_model *model, struct rh_error *error,
                   struct rh_text *text);
int rh_versus_html(const struct rh_versus_model *model, struct rh_error *error,
                   struct rh_text *text);
int rh_versus_md(const struct rh_versus_model *model, struct rh_error *error, struct rh_text *text);
int rh_versus_json(const struct rh_versus_model *model, struct rh_error *error,
                   struct rh_text *text);
int rh_versus_junit(const struct rh_versus_model *model, struct rh_error *error,
                    struct rh_text *text);

#endif
