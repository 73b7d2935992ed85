/* term.c - for a terminal: the answer, what to be careful about, the tables, the facts. */
#include "report/formats.h"
#include "report/layout.h"

enum { DEFAULT_COLUMNS = 80, FEWEST_COLUMNS = 60 };

/* Collects a sentence, lays it out, forgets it. */
static void wrap_and_clear(const struct rh_report_layout *layout, struct rh_text *sentence,
                           size_t indent) {
    if (sentence->failed != 0)
        layout->text->failed = sentence->failed;
    rh_report_layout_wrap(layout, rh_text_get(sentence), indent);
    rh_text_clear(sentence);
}

static void add_banners(const struct rh_report_model *model,
                        const struct rh_report_layout *layout) {
    if (model->banner_count > 0)
        rh_text_add(layout->text, "\n");
    for (size_t i = 0; i < model->banner_count; i++) {
        const struct rh_report_banner *banner = &model->banners[i];
        struct rh_text sentence = {0};
        rh_text_addf(&sentence, "%s: %s", banner->grave ? "Warning" : "Note", banner->text);
        if (sentence.failed != 0)
            layout->text->failed = sentence.failed;
        rh_report_layout_wrap_toned(layout, rh_text_get(&sentence), 2, banner->grave,
                                    banner->grave ? RH_REPORT_BAD : RH_REPORT_PLAIN);
        rh_text_finish(&sentence);
    }
}

static int add_means(const struct rh_report_model *model, const struct rh_report_layout *layout,
                     struct rh_error *error) {
    struct rh_report_table table = {0};
    rh_try(rh_report_table_of_means(model, error, &table));
    rh_text_addf(layout->text, "\nGeometric means over %zu traces\n", model->traces_in_means);
    rh_report_layout_table(layout, &table);
    rh_report_table_finish(&table);
    return 0;
}

static int add_trace(const struct rh_report_model *model, size_t t,
                     const struct rh_report_layout *layout, struct rh_error *error) {
    struct rh_report_table table = {0};
    rh_try(rh_report_table_of_trace(model, t, error, &table));
    struct rh_text title = {0};
    rh_text_add(layout->text, "\n");
    rh_report_describe_trace(model, t, &title);
    wrap_and_clear(layout, &title, 2);
    rh_report_layout_table(layout, &table);
    rh_text_finish(&title);
    rh_report_table_finish(&table);
    return 0;
}

static int add_allocators(const struct rh_report_model *model,
                          const struct rh_report_layout *layout, struct rh_error *error) {
    struct rh_report_table table = {0};
    rh_try(rh_report_table_of_allocators(model, error, &table));
    rh_text_add(layout->text, "\n");
    rh_report_layout_table(layout, &table);
    rh_report_table_finish(&table);
    return 0;
}

static void add_section(void *context, const char *id, const char *title,
                        const struct rh_report_table *table) {
    const struct rh_report_layout *layout = context;
    (void)id;
    rh_text_add(layout->text, "\n");
    rh_report_layout_wrap(layout, title, 2);
    rh_report_layout_table(layout, table);
}

static void add_legend(const struct rh_report_model *model, const struct rh_report_layout *layout) {
    struct rh_text sentence = {0};
    if (model->allocators > 0)
        rh_text_addf(&sentence,
                     "x %s: time over the time of %s, below 1 is faster; x mem: the same "
                     "of peak mem. ",
                     rh_report_label(model, model->baseline),
                     rh_report_label(model, model->baseline));
    rh_text_add(&sentence, "ns/op: median over rounds, floors included. peak mem: highest resident "
                           "private memory, less what the null allocator's worker holds. R/L: that "
                           "over the highest live bytes of the trace. net ns: ns/op less that of "
                           "null. A/A: the second run of the "
                           "baseline in each round.");
    wrap_and_clear(layout, &sentence, 0);
    rh_text_finish(&sentence);
}

static void add_facts(const struct rh_report_model *model, const struct rh_report_layout *layout) {
    struct rh_text sentence = {0};
    rh_text_add(layout->text, "\n");
    rh_report_describe_method(model, &sentence);
    wrap_and_clear(layout, &sentence, 0);
    rh_report_describe_noise(model, &sentence);
    wrap_and_clear(layout, &sentence, 0);
    add_legend(model, layout);
    rh_text_add(layout->text, "\n");
    rh_report_layout_wrap(layout, rh_report_limits, 0);
    rh_report_describe_host(model, &sentence);
    if (sentence.length > 0) {
        rh_text_add(layout->text, "\n");
        wrap_and_clear(layout, &sentence, 0);
    }
    rh_text_finish(&sentence);
}

/* Copied into a shell, so that it is not broken into lines. */
static void add_command(const struct rh_report_layout *layout, const char *what,
                        const char *command) {
    rh_text_addf(layout->text, "%s: ", what);
    rh_report_layout_clean(layout->text, command);
    rh_text_add(layout->text, "\n");
}

static void add_next(const struct rh_report_model *model, const struct rh_report_options *options,
                     const struct rh_report_layout *layout) {
    if (model->result->manifest.command != NULL)
        add_command(layout, "again", model->result->manifest.command);
    if (options->path == NULL)
        return;
    struct rh_text command = {0};
    rh_text_addf(&command, "reheap report %s --format html -o report.html", options->path);
    if (command.failed != 0)
        layout->text->failed = command.failed;
    add_command(layout, "as a page", rh_text_get(&command));
    rh_text_finish(&command);
}

static void add_head(const struct rh_report_model *model, const struct rh_report_layout *layout) {
    rh_report_layout_wrap_toned(layout, model->headline, 0, true, RH_REPORT_PLAIN);
    add_banners(model, layout);
}

int rh_report_term(const struct rh_report_model *model, const struct rh_report_options *options,
                   struct rh_error *error, struct rh_text *text) {
    size_t columns = options->columns != 0 ? options->columns : DEFAULT_COLUMNS;
    struct rh_report_layout layout = {
        .text = text,
        .width = columns > FEWEST_COLUMNS ? columns : FEWEST_COLUMNS,
        .colour = options->colour,
    };
    add_head(model, &layout);
    if (model->traces_in_means > 1 && model->comparisons > 0)
        rh_try(add_means(model, &layout, error));
    for (size_t t = 0; t < model->traces && model->allocators > 0; t++)
        rh_try(add_trace(model, t, &layout, error));
    rh_try(rh_report_each_section(model, add_section, &layout, error));
    if (model->allocators > 0)
        rh_try(add_allocators(model, &layout, error));
    add_facts(model, &layout);
    add_next(model, options, &layout);
    return 0;
}
