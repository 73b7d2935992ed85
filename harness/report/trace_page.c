/* trace_page.c - the facts of a trace in the frame that all pages share. */
#include "report/trace_page.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "report/page.h"

enum { NOTES_MAX = 8 };

static const char limits[] =
    "A trace holds the calls that the program made of its allocator, and the moments when it made "
    "them. It does not tell what the program did with the memory in between, nor what any "
    "allocator needed for it: reheap run measures that. Times are those of the recorded run, with "
    "the recorder's share in them.";

struct texts {
    struct rh_text title, question, answer, plain, json, data;
    struct rh_text notes[NOTES_MAX];
};

struct notes {
    struct texts *texts;
    struct rh_page_banner banners[NOTES_MAX];
    size_t count;
};

/* The text of the next note, which the caller fills. */
static struct rh_text *next_note(struct notes *notes, const char *kind, bool grave) {
    notes->banners[notes->count] = (struct rh_page_banner){.kind = kind, .grave = grave};
    return &notes->texts->notes[notes->count++];
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static uint64_t releases_of(const struct rh_trace_summary *summary) {
    uint64_t releases = 0;
    for (unsigned kind = 0; kind < RH_EVENT_KINDS; kind++)
        releases += rh_event_releases(kind) ? summary->events_by_kind[kind] : 0;
    return releases;
}

static void write_answer(const struct rh_facts *facts, const struct rh_trace_meta *meta,
                         struct rh_text *text) {
    const struct rh_trace_summary *summary = &facts->summary;
    char a[RH_HUMAN_BYTES], b[RH_HUMAN_BYTES];
    rh_text_add(text, meta->program != NULL ? meta->program : "The program");
    rh_text_addf(text, " allocated %s in %s objects",
                 rh_human_bytes(a, (double)summary->allocated_bytes),
                 rh_human_count(b, (double)summary->objects));
    if (facts->timed)
        rh_text_addf(text, " within %s", rh_human_ns(a, (double)facts->last_time_ns));
    rh_text_addf(text, ", on %" PRIu64 " thread%s", summary->threads,
                 summary->threads == 1 ? "" : "s");
    rh_text_addf(text, "; at most %s in", rh_human_bytes(a, (double)summary->peak_live_bytes));
    rh_text_addf(text, " %s objects lived at once",
                 rh_human_count(a, (double)summary->peak_live_objects));
    uint64_t releases = releases_of(summary);
    if (summary->threads > 1 && releases != 0)
        rh_text_addf(text, ", and %.2f %% of the objects that died did so on another thread",
                     100.0 * (double)summary->cross_thread_releases / (double)releases);
    rh_text_add(text, ".");
}

static void note_origin(const struct rh_facts *facts, const struct rh_trace_meta *meta,
                        struct notes *notes) {
    const char *source = meta->source != NULL ? meta->source : "";
    if (strncmp(source, "synthetic", 9) == 0)
        rh_text_add(next_note(notes, "synthetic", true),
                    "This workload is synthetic: made from a description, recorded of no program. "
                    "Reports name it so, and no headline mean counts it.");
    if (strncmp(source, "imported:", 9) == 0)
        rh_text_addf(next_note(notes, "imported", false),
                     "Imported from the format %s: what that format does not record (as threads, "
                     "times, alignments) is not here.",
                     source + 9);
    if (meta->note != NULL)
        rh_text_add(next_note(notes, "note", false), meta->note);
    if (!facts->timed)
        rh_text_add(next_note(notes, "untimed", false),
                    "The trace has no times: its course is shown by events.");
}

static void note_losses(const struct rh_trace_meta *meta, struct notes *notes) {
    if (meta->drops != 0)
        rh_text_addf(next_note(notes, "drops", true), "%" PRIu64 " events are known to be lost.",
                     meta->drops);
    if (meta->torn != 0)
        rh_text_addf(next_note(notes, "torn", true),
                     "The newest events of %" PRIu64 " threads are lost: they were being written "
                     "when the process was killed.",
                     meta->torn);
    if (meta->unknown_frees != 0)
        rh_text_addf(next_note(notes, "unknown-frees", false),
                     "%" PRIu64 " releases of blocks whose acquisition was not recorded are left "
                     "out.",
                     meta->unknown_frees);
}

/* JSON whose strings hold none of < > &, so that nothing in it ends the script element: outside of
 * strings JSON has none of them. */
static void add_embedded(const char *json, struct rh_text *text) {
    for (const char *next = json; *next != '\0'; next++)
        if (strchr("<>&", *next) != NULL)
            rh_text_addf(text, "\\u%04x", (unsigned char)*next);
        else
            rh_text_add_bytes(text, next, 1);
}

static void write_page(struct texts *texts, struct notes *notes, struct rh_text *text) {
    for (size_t i = 0; i < notes->count; i++)
        notes->banners[i].text = rh_text_get(&texts->notes[i]);
    const struct rh_page page = {
        .title = rh_text_get(&texts->title),
        .about = rh_text_get(&texts->title) + strlen("Reheap: "),
        .question = rh_text_get(&texts->question),
        .answer = rh_text_get(&texts->answer),
        .limits = limits,
        .plain = rh_text_get(&texts->plain),
        .data = rh_text_get(&texts->data),
        .script = rh_page_trace,
        .banners = notes->banners,
        .banner_count = notes->count,
    };
    rh_page_write(&page, text);
}

int rh_trace_page(const struct rh_facts *facts, const struct rh_trace_meta *meta, const char *path,
                  uint64_t file_bytes, struct rh_error *error, struct rh_text *text) {
    struct texts texts = {0};
    struct notes notes = {.texts = &texts};
    rh_assert(path != NULL);
    rh_text_addf(&texts.title, "Reheap: %s", base_name(path));
    rh_text_addf(&texts.question, "What does %s hold?", base_name(path));
    write_answer(facts, meta, &texts.answer);
    note_origin(facts, meta, &notes);
    note_losses(meta, &notes);
    rh_facts_text(facts, meta, path, file_bytes, &texts.plain);
    int result = rh_facts_json(facts, meta, path, file_bytes, error, &texts.json);
    if (result == 0)
        add_embedded(rh_text_get(&texts.json), &texts.data);
    struct rh_text *const all[] = {&texts.title, &texts.question, &texts.answer,
                                   &texts.plain, &texts.json,     &texts.data};
    enum { ALL = sizeof(all) / sizeof(all[0]) };
    for (size_t i = 0; i < ALL + notes.count; i++) {
        const struct rh_text *part = i < ALL ? all[i] : &texts.notes[i - ALL];
        if (part->failed != 0)
            text->failed = part->failed;
    }
    if (result == 0 && text->failed == 0)
        write_page(&texts, &notes, text);
    for (size_t i = 0; i < ALL + notes.count; i++)
        rh_text_finish(i < ALL ? all[i] : &texts.notes[i - ALL]);
    return result;
}
