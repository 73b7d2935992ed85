/* html.c - a report as one self-contained page. The figures go in as one block of JSON, from which
 * the page's scripts draw tables and charts; the answer and the banners are there without it. */
#include "base/assert.h"
#include "base/memory.h"
#include "report/formats.h"
#include "report/page.h"

enum { PLAIN_COLUMNS = 110 };

/* The texts of the page that nobody else owns. */
struct texts {
    struct rh_text title, about, question, plain, data;
};

static void fill_titles(const struct rh_report_model *model, struct texts *texts) {
    const struct rh_manifest *manifest = &model->result->manifest;
    const char *title = manifest->title;
    rh_text_addf(&texts->title, "Reheap: %s", title != NULL ? title : "which allocator?");
    rh_text_add(&texts->about, title != NULL ? title : "");
    if (manifest->started != NULL)
        rh_text_addf(&texts->about, "%s%s", title != NULL ? ", " : "", manifest->started);
    if (model->traces == 1)
        rh_text_addf(&texts->question, "Which allocator suits %s?", manifest->traces[0].name);
    else
        rh_text_addf(&texts->question, "Which allocator suits these %zu traces?", model->traces);
}

/* For readers without JavaScript: what a terminal shows. */
static int fill_plain(const struct rh_report_model *model, const struct rh_report_options *options,
                      struct rh_error *error, struct texts *texts) {
    struct rh_report_options plain = {.format = RH_REPORT_TERM,
                                      .columns = PLAIN_COLUMNS,
                                      .level = options->level,
                                      .path = options->path};
    return rh_report_term(model, &plain, error, &texts->plain);
}

static int write_page(const struct rh_report_model *model, const struct texts *texts,
                      struct rh_error *error, struct rh_text *text) {
    struct rh_page_banner *banners = rh_alloc_zeroed(model->banner_count + 1, sizeof(*banners));
    if (banners == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the banners of a page");
    for (size_t i = 0; i < model->banner_count; i++)
        banners[i] = (struct rh_page_banner){.kind = rh_report_banner_name(model->banners[i].kind),
                                             .text = model->banners[i].text,
                                             .grave = model->banners[i].grave};
    const struct rh_page page = {
        .title = rh_text_get(&texts->title),
        .about = rh_text_get(&texts->about),
        .question = rh_text_get(&texts->question),
        .answer = model->headline,
        .limits = rh_report_limits,
        .plain = rh_text_get(&texts->plain),
        .data = rh_text_get(&texts->data),
        .script = rh_page_report,
        .banners = banners,
        .banner_count = model->banner_count,
    };
    rh_page_write(&page, text);
    rh_free(banners);
    return 0;
}

int rh_report_html(const struct rh_report_model *model, const struct rh_report_options *options,
                   struct rh_error *error, struct rh_text *text) {
    struct texts texts = {0};
    struct rh_text *const all[] = {&texts.title, &texts.about, &texts.question, &texts.plain,
                                   &texts.data};
    struct rh_report_emitter out = {.text = &texts.data};
    fill_titles(model, &texts);
    rh_report_emit_model(model, true, &out);
    int result = fill_plain(model, options, error, &texts);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i]->failed != 0)
            text->failed = all[i]->failed;
    if (result == 0 && text->failed == 0)
        result = write_page(model, &texts, error, text);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        rh_text_finish(all[i]);
    return result;
}
