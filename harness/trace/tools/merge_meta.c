/* merge_meta.c - one account of several recordings. */
#include "trace/tools/merge_meta.h"

#include <inttypes.h>
#include <string.h>

#include "trace/tools/feed.h"

/* Longer lists end in "...": hundreds of processes of a build have the same few names. */
enum { LIST_BYTES_MOST = 400 };

static int keep_common(char **common, const char *text, bool first, struct rh_error *error) {
    if (first)
        return rh_tools_set_text(common, text, error);
    if (*common != NULL && (text == NULL || strcmp(*common, text) != 0))
        return rh_tools_set_text(common, NULL, error);
    return 0;
}

static int keep_all_common(struct rh_trace_meta *common, const struct rh_trace_meta *meta,
                           bool first, struct rh_error *error) {
    rh_try(keep_common(&common->executable, meta->executable, first, error));
    rh_try(keep_common(&common->command, meta->command, first, error));
    rh_try(keep_common(&common->host, meta->host, first, error));
    rh_try(keep_common(&common->libc, meta->libc, first, error));
    rh_try(keep_common(&common->allocator, meta->allocator, first, error));
    rh_try(keep_common(&common->tool, meta->tool, first, error));
    rh_try(keep_common(&common->date, meta->date, first, error));
    return keep_common(&common->unknown_json, meta->unknown_json, first, error);
}

/* Whether the list has the word already. */
static bool is_listed(const struct rh_text *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = strstr(rh_text_get(list), word); at != NULL; at = strstr(at + 1, word)) {
        bool begins = at == rh_text_get(list) ||
                      (at - rh_text_get(list) >= 3 && strncmp(at - 3, " + ", 3) == 0);
        if (begins && (at[length] == '\0' || strncmp(at + length, " + ", 3) == 0))
            return true;
    }
    return false;
}

static void list(struct rh_text *text, const char *word) {
    if (word == NULL)
        word = "unknown";
    if (is_listed(text, word) || text->length > LIST_BYTES_MOST)
        return;
    rh_text_addf(text, "%s%s", text->length > 0 ? " + " : "", word);
    if (text->length > LIST_BYTES_MOST)
        rh_text_add(text, " + ...");
}

/* Unknown, where one is. */
static void add_cpu_time(struct rh_trace_meta *sum, const struct rh_trace_meta *meta, bool first) {
    bool known = meta->cpu_ns != 0 && (first || sum->cpu_ns != 0);
    sum->cpu_ns = known ? sum->cpu_ns + meta->cpu_ns : 0;
    sum->recorder_ns = known ? sum->recorder_ns + meta->recorder_ns : 0;
}

static void add_counts(struct rh_trace_meta *sum, const struct rh_trace_meta *meta) {
    sum->unknown_frees += meta->unknown_frees;
    sum->drops += meta->drops;
    sum->torn += meta->torn;
    sum->peak_rss_bytes += meta->peak_rss_bytes;
    sum->nested_calls += meta->nested_calls;
    sum->stalls += meta->stalls;
    sum->stall_ns += meta->stall_ns;
    sum->looks += meta->looks;
    sum->looks_skipped += meta->looks_skipped;
    sum->look_ns += meta->look_ns;
    if (meta->time_quantum_ns > sum->time_quantum_ns)
        sum->time_quantum_ns = meta->time_quantum_ns;
    if (meta->duration_ns > sum->duration_ns)
        sum->duration_ns = meta->duration_ns;
}

int rh_merge_meta_add(struct rh_merge_meta *merged, const struct rh_trace_meta *meta,
                      const struct rh_trace_summary *summary, struct rh_error *error) {
    bool first = merged->count++ == 0;
    rh_try(keep_all_common(&merged->meta, meta, first, error));
    if (first)
        merged->meta.pid = meta->pid;
    else if (merged->meta.pid != meta->pid)
        merged->meta.pid = 0;
    add_counts(&merged->meta, meta);
    add_cpu_time(&merged->meta, meta, first);
    list(&merged->programs, meta->program);
    list(&merged->sources, meta->source);
    if (merged->notes.length < LIST_BYTES_MOST)
        rh_text_addf(&merged->notes, "%s%s: %" PRIu64 " events%s%s", first ? "" : "; ",
                     meta->program != NULL ? meta->program : "unknown", summary->events,
                     meta->note != NULL ? ", " : "", meta->note != NULL ? meta->note : "");
    return 0;
}

int rh_merge_meta_complete(struct rh_merge_meta *merged, bool untimed, struct rh_error *error) {
    struct rh_text source = {0};
    struct rh_text note = {0};
    rh_text_addf(&source, "merge of %s", rh_text_get(&merged->sources));
    rh_text_addf(&note, "merge of %zu: %s", merged->count, rh_text_get(&merged->notes));
    int result = 0;
    if (source.failed < 0 || note.failed < 0 || merged->programs.failed < 0)
        result = rh_fail(error, RH_ERR_MEMORY, "no memory for metadata");
    if (result == 0)
        result = rh_tools_set_text(&merged->meta.source, rh_text_get(&source), error);
    if (result == 0)
        result = rh_tools_set_text(&merged->meta.note, rh_text_get(&note), error);
    if (result == 0)
        result = rh_tools_set_text(&merged->meta.program, rh_text_get(&merged->programs), error);
    rh_text_finish(&source);
    rh_text_finish(&note);
    if (untimed)
        merged->meta.time_quantum_ns = 0;
    return result;
}

void rh_merge_meta_finish(struct rh_merge_meta *merged) {
    rh_trace_meta_finish(&merged->meta);
    rh_text_finish(&merged->programs);
    rh_text_finish(&merged->sources);
    rh_text_finish(&merged->notes);
}
