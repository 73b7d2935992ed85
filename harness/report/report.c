/* report.c - the model once, then the format that was asked for. */
#include "report/report.h"

#include <string.h>

#include "base/assert.h"
#include "report/formats.h"

static const double default_level = 0.95;

static const char *const format_names[] = {
#define X(name, text) text,
    RH_REPORT_FORMAT_MAP(X)
#undef X
        NULL,
};

const char *const *rh_report_format_names(void) {
    return format_names;
}

int rh_report_format_parse(const char *name, struct rh_error *error,
                           enum rh_report_format *ret_format) {
    rh_assert(name != NULL && ret_format != NULL);
    for (unsigned i = 0; i < RH_REPORT_FORMATS; i++)
        if (strcmp(name, format_names[i]) == 0) {
            *ret_format = (enum rh_report_format)i;
            return 0;
        }
    const char *near = rh_text_nearest(name, format_names);
    if (near != NULL)
        return rh_fail(error, RH_ERR_INVALID, "no format \"%s\": did you mean \"%s\"?", name, near);
    return rh_fail(error, RH_ERR_INVALID,
                   "no format \"%s\": there are term, html, md, csv and json", name);
}

static int write_format(const struct rh_report_model *model,
                        const struct rh_report_options *options, struct rh_error *error,
                        struct rh_text *text) {
    static int (*const writers[])(const struct rh_report_model *, const struct rh_report_options *,
                                  struct rh_error *, struct rh_text *) = {
        [RH_REPORT_TERM] = rh_report_term, [RH_REPORT_HTML] = rh_report_html,
        [RH_REPORT_MD] = rh_report_md,     [RH_REPORT_CSV] = rh_report_csv,
        [RH_REPORT_JSON] = rh_report_json,
    };
    rh_try(writers[options->format](model, options, error, text));
    return text->failed != 0 ? rh_fail(error, RH_ERR_MEMORY, "no memory for the report") : 0;
}

int rh_report(const struct rh_result *result, const struct rh_report_options *options,
              struct rh_error *error, struct rh_text *ret_text) {
    rh_assert(result != NULL && options != NULL && ret_text != NULL);
    rh_assert(options->format < RH_REPORT_FORMATS);
    double level = options->level != 0 ? options->level : default_level;
    if (!(level > 0 && level < 1))
        return rh_fail(error, RH_ERR_INVALID, "a confidence level lies between 0 and 1, not at %g",
                       level);
    struct rh_report_model model;
    rh_try(rh_report_model_init(result, level, error, &model));
    struct rh_text text = {0};
    int written = write_format(&model, options, error, &text);
    rh_report_model_finish(&model);
    if (written == 0) {
        rh_text_add_bytes(ret_text, rh_text_get(&text), text.length);
        if (ret_text->failed != 0)
            written = rh_fail(error, RH_ERR_MEMORY, "no memory for the report");
    }
    rh_text_finish(&text);
    return written;
}
