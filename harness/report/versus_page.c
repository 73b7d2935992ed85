/* versus_page.c - a comparison as one self-contained page (page.h). */
#include "base/assert.h"
#include "base/memory.h"
#include "report/formats.h"
#include "report/page.h"
#include "report/versus_model.h"

enum { PLAIN_COLUMNS = 110 };

/* The notes as banners; `text` keeps copies. */
struct notes {
    struct rh_text *texts;
    size_t count;
};

static void count_note(void *context, const char *note) {
    (void)note;
    (*(size_t *)context)++;
}

static void keep_note(void *context, const char *note) {
    struct notes *notes = context;
    rh_text_add(&notes->texts[notes->count++], note);
}

struct texts {
    struct rh_text title, about, question, answer, plain, data;
};

static const char limits[] = "Two results tell what changed between two runs, not why. Where the "
                             "machine, its settings or the "
                             "traces changed with the allocator, the notes above say so; the "
                             "reference takes out a change of "
                             "speed that meets all allocators alike, and nothing else. A replay "
                             "measures allocator calls and "
                             "memory, not the program's own cache misses on the memory it got.";

static void fill_titles(const struct rh_versus_model *model, struct texts *texts) {
    const struct rh_versus_options *options = model->options;
    if (model->single) {
        rh_text_addf(&texts->question, "How do the allocators of %s stand against %s?",
                     options->before_name, model->reference);
        rh_text_add(&texts->about, options->before_name);
    } else {
        rh_text_addf(&texts->question, "What changed from %s to %s?", options->before_name,
                     options->after_name);
        rh_text_addf(&texts->about, "%s, %s", options->before_name, options->after_name);
    }
    rh_text_addf(&texts->title, "Reheap: %s", rh_text_get(&texts->about));
    rh_versus_headline(model, &texts->answer);
}

static void write_page(const struct texts *texts, const struct rh_page_banner *banners,
                       size_t count, struct rh_text *text) {
    const struct rh_page page = {
        .title = rh_text_get(&texts->title),
        .about = rh_text_get(&texts->about),
        .question = rh_text_get(&texts->question),
        .answer = rh_text_get(&texts->answer),
        .limits = limits,
        .plain = rh_text_get(&texts->plain),
        .data = rh_text_get(&texts->data),
        .script = rh_page_comparison,
        .banners = banners,
        .banner_count = count,
    };
    rh_page_write(&page, text);
}

static int write_with_notes(const struct rh_versus_model *model, const struct texts *texts,
                            struct rh_error *error, struct rh_text *text) {
    struct notes notes = {0};
    size_t count = 0;
    rh_versus_each_note(model, count_note, &count);
    notes.texts = rh_alloc_zeroed(count + 1, sizeof(*notes.texts));
    struct rh_page_banner *banners = rh_alloc_zeroed(count + 1, sizeof(*banners));
    int result = 0;
    if (notes.texts == NULL || banners == NULL) {
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for the notes of a page");
    } else {
        rh_versus_each_note(model, keep_note, &notes);
        rh_assert(notes.count == count);
        for (size_t i = 0; i < count; i++)
            banners[i] =
                (struct rh_page_banner){.kind = "note", .text = rh_text_get(&notes.texts[i])};
        write_page(texts, banners, count, text);
    }
    for (size_t i = 0; i < notes.count; i++)
        rh_text_finish(&notes.texts[i]);
    rh_free(banners);
    rh_free(notes.texts);
    return result;
}

int rh_versus_html(const struct rh_versus_model *model, struct rh_error *error,
                   struct rh_text *text) {
    struct texts texts = {0};
    struct rh_text *const all[] = {&texts.title,  &texts.about, &texts.question,
                                   &texts.answer, &texts.plain, &texts.data};
    /* For readers without JavaScript: what a terminal shows. */
    struct rh_versus_options plain_options = *model->options;
    struct rh_versus_model plain = *model;
    plain_options.columns = PLAIN_COLUMNS;
    plain_options.colour = false;
    plain.options = &plain_options;
    fill_titles(model, &texts);
    rh_versus_emit(model, true, &texts.data);
    int result = rh_versus_term(&plain, error, &texts.plain);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i]->failed != 0)
            text->failed = all[i]->failed;
    if (result == 0 && text->failed == 0)
        result = write_with_notes(model, &texts, error, text);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        rh_text_finish(all[i]);
    return result;
}
