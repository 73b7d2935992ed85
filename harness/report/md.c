/* md.c - GitHub Markdown: the answer and the means in sight, each trace folded away. */
#include <string.h>

#include "report/formats.h"
#include "report/table.h"

/* Whatever Markdown or HTML would read as more than text (GitHub Flavored Markdown, 2.4 and 6).
 * Brackets are a link only before another one, so that those of intervals stay as they are. */
static bool needs_backslash(const char *next) {
    if (*next == ']')
        return next[1] == '(' || next[1] == '[';
    return strchr("\\`*_{}|>#~!$", *next) != NULL;
}

void rh_report_md_escape(struct rh_text *text, const char *string) {
    for (const char *next = string; *next != '\0'; next++) {
        unsigned char byte = (unsigned char)*next;
        if (*next == '<') {
            rh_text_add(text, "&lt;");
        } else if (*next == '&') {
            rh_text_add(text, "&amp;");
        } else if (byte < 0x20 || byte == 0x7F) {
            rh_text_add(text, " ");
        } else {
            if (needs_backslash(next))
                rh_text_add(text, "\\");
            rh_text_add_bytes(text, next, 1);
        }
    }
}

static void add_escaped_and_clear(struct rh_text *text, struct rh_text *sentence) {
    if (sentence->failed != 0)
        text->failed = sentence->failed;
    rh_report_md_escape(text, rh_text_get(sentence));
    rh_text_clear(sentence);
}

void rh_report_md_table(struct rh_text *text, const struct rh_report_table *table) {
    rh_text_add(text, "|");
    for (size_t c = 0; c < table->column_count; c++) {
        rh_text_add(text, " ");
        rh_report_md_escape(text, table->columns[c].title);
        rh_text_add(text, " |");
    }
    rh_text_add(text, "\n|");
    for (size_t c = 0; c < table->column_count; c++)
        rh_text_add(text, table->columns[c].right ? " ---: |" : " :--- |");
    rh_text_add(text, "\n");
    for (size_t r = 0; r < table->row_count; r++) {
        rh_text_add(text, "|");
        for (size_t c = 0; c < table->column_count; c++) {
            const char *cell = table->rows[r].cells[c];
            rh_text_add(text, " ");
            rh_report_md_escape(text, cell != NULL ? cell : "");
            rh_text_add(text, " |");
        }
        rh_text_add(text, "\n");
    }
}

static void add_banners(const struct rh_report_model *model, struct rh_text *text) {
    for (size_t i = 0; i < model->banner_count; i++) {
        rh_text_addf(text, "> **%s:** ", model->banners[i].grave ? "Warning" : "Note");
        rh_report_md_escape(text, model->banners[i].text);
        rh_text_add(text, "\n>\n");
    }
    if (model->banner_count > 0)
        rh_text_add(text, "\n");
}

static int add_means(const struct rh_report_model *model, struct rh_error *error,
                     struct rh_text *text) {
    struct rh_report_table table = {0};
    rh_try(rh_report_table_of_means(model, error, &table));
    rh_text_addf(text, "Geometric means over %zu traces:\n\n", model->traces_in_means);
    rh_report_md_table(text, &table);
    rh_text_add(text, "\n");
    rh_report_table_finish(&table);
    return 0;
}

static int add_trace(const struct rh_report_model *model, size_t t, bool open,
                     struct rh_error *error, struct rh_text *text) {
    struct rh_report_table table = {0};
    struct rh_text title = {0};
    rh_try(rh_report_table_of_trace(model, t, error, &table));
    rh_report_describe_trace(model, t, &title);
    rh_text_addf(text, "<details%s><summary>", open ? " open" : "");
    add_escaped_and_clear(text, &title);
    rh_text_add(text, "</summary>\n\n");
    rh_report_md_table(text, &table);
    rh_text_add(text, "\n</details>\n\n");
    rh_text_finish(&title);
    rh_report_table_finish(&table);
    return 0;
}

static void add_section(void *context, const char *id, const char *title,
                        const struct rh_report_table *table) {
    struct rh_text *text = context;
    (void)id;
    rh_text_add(text, "<details><summary>");
    rh_report_md_escape(text, title);
    rh_text_add(text, "</summary>\n\n");
    rh_report_md_table(text, table);
    rh_text_add(text, "\n</details>\n\n");
}

static int add_facts(const struct rh_report_model *model, struct rh_error *error,
                     struct rh_text *text) {
    struct rh_report_table table = {0};
    struct rh_text sentence = {0};
    rh_try(rh_report_table_of_allocators(model, error, &table));
    rh_text_add(text, "<details><summary>How this was measured</summary>\n\n");
    rh_report_describe_method(model, &sentence);
    add_escaped_and_clear(text, &sentence);
    rh_text_add(text, "\n");
    rh_report_describe_noise(model, &sentence);
    add_escaped_and_clear(text, &sentence);
    rh_text_add(text, "\n\n");
    rh_report_md_escape(text, rh_report_limits);
    rh_text_add(text, "\n\n");
    rh_report_describe_host(model, &sentence);
    add_escaped_and_clear(text, &sentence);
    rh_text_add(text, "\n\n");
    rh_report_md_table(text, &table);
    if (model->result->manifest.command != NULL) {
        rh_text_add(text, "\nAgain: ");
        rh_report_md_escape(text, model->result->manifest.command);
        rh_text_add(text, "\n");
    }
    rh_text_add(text, "\n</details>\n");
    rh_text_finish(&sentence);
    rh_report_table_finish(&table);
    return 0;
}

int rh_report_md(const struct rh_report_model *model, const struct rh_report_options *options,
                 struct rh_error *error, struct rh_text *text) {
    (void)options;
    rh_text_add(text, "**");
    rh_report_md_escape(text, model->headline);
    rh_text_add(text, "**\n\n");
    add_banners(model, text);
    bool means = model->traces_in_means > 1 && model->comparisons > 0;
    if (means)
        rh_try(add_means(model, error, text));
    for (size_t t = 0; t < model->traces && model->allocators > 0; t++)
        rh_try(add_trace(model, t, !means, error, text));
    rh_try(rh_report_each_section(model, add_section, text, error));
    return model->allocators > 0 ? add_facts(model, error, text) : 0;
}
