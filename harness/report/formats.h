/* formats.h - one function a format, each on top of the model. Internal to report/. */
#ifndef RH_REPORT_FORMATS_H
#define RH_REPORT_FORMATS_H

#include "report/emit.h"
#include "report/model.h"
#include "report/report.h"
#include "report/table.h"

/* All append to `text`, whose `failed` the caller checks. */
int rh_report_term(const struct rh_report_model *model, const struct rh_report_options *options,
                   struct rh_error *error, struct rh_text *text);
int rh_report_md(const struct rh_report_model *model, const struct rh_report_options *options,
                 struct rh_error *error, struct rh_text *text);
int rh_report_csv(const struct rh_report_model *model, const struct rh_report_options *options,
                  struct rh_error *error, struct rh_text *text);
int rh_report_json(const struct rh_report_model *model, const struct rh_report_options *options,
                   struct rh_error *error, struct rh_text *text);
int rh_report_html(const struct rh_report_model *model, const struct rh_report_options *options,
                   struct rh_error *error, struct rh_text *text);

/* Markdown: a string as text that nothing in it can turn into markup, and a table. */
void rh_report_md_escape(struct rh_text *text, const char *string);
void rh_report_md_table(struct rh_text *text, const struct rh_report_table *table);

/* Programs end to end, fidelity, sweeps and the machine: a title and a table each, the same in
 * every format. `id` says which: "programs", "fidelity", "sweeps", "doctor". */
typedef void rh_report_section_writer(void *context, const char *id, const char *title,
                                      const struct rh_report_table *table);
int rh_report_each_section(const struct rh_report_model *model, rh_report_section_writer *writer,
                           void *context, struct rh_error *error);

/* The model as one JSON object; `curves`: with the thinned R(t) and L(t) of every trace. */
void rh_report_emit_model(const struct rh_report_model *model, bool curves,
                          struct rh_report_emitter *out);
/* "time" and "time_verdict", "memory" and "memory_verdict": a ratio to a baseline. */
void rh_report_emit_time(struct rh_report_emitter *out, const struct rh_interval *ratio,
                         enum rh_verdict verdict);
void rh_report_emit_memory(struct rh_report_emitter *out, const struct rh_interval *ratio,
                           enum rh_verdict verdict);
/* What was run, where and how; `path`: where its result lies, or NULL. */
void rh_report_emit_run(const struct rh_report_model *model, const char *key, const char *path,
                        struct rh_report_emitter *out);
/* "curves": {"unit", "t", "live_kib", "lines"} of one trace; {} where no series was taken. */
void rh_report_emit_curves(const struct rh_report_model *model, size_t trace,
                           struct rh_report_emitter *out);

/* What a replay cannot tell, said in every report (docs/method.md, Replay fidelity). */
extern const char rh_report_limits[];

/* "json: 400 k operations on 1 thread, up to 6.00 MiB live (recorded from python3)". */
void rh_report_describe_trace(const struct rh_report_model *model, size_t trace,
                              struct rh_text *text);
/* "20 rounds after one of warm-up; intervals hold with 95 % over the 6 comparisons of a table ..."
 */
void rh_report_describe_method(const struct rh_report_model *model, struct rh_text *text);
/* What the A/A control says, and the smallest difference that this run would have seen. */
void rh_report_describe_noise(const struct rh_report_model *model, struct rh_text *text);
/* The machine in one line; "" where nothing is known. */
void rh_report_describe_host(const struct rh_report_model *model, struct rh_text *text);

#endif
