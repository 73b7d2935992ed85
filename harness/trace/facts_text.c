/* facts_text.c - the facts for a person, in 80 columns. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trace/facts.h"

enum { BAR_COLUMNS = 36, ROWS_MAX = 16, THREADS_SHOWN = 8 };

/* ---- pieces ---- */

static double share_of(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole;
}

/* Something that is there shows at least one mark. */
static void add_bar(struct rh_text *text, uint64_t part, uint64_t most) {
    static const char marks[] = "####################################";
    _Static_assert(sizeof(marks) == BAR_COLUMNS + 1, "one mark a column");
    if (part == 0 || most == 0)
        return;
    size_t length = (size_t)((double)part / (double)most * BAR_COLUMNS + 0.5);
    length = length == 0 ? 1 : length > BAR_COLUMNS ? BAR_COLUMNS : length;
    rh_text_addf(text, "  %.*s", (int)length, marks);
}

/* "  label   count  share  bar" */
static void add_row(struct rh_text *text, const char *label, uint64_t part, uint64_t whole,
                    uint64_t most) {
    char count[RH_HUMAN_BYTES];
    rh_text_addf(text, "  %-22s %8s %6.2f %%", label, rh_human_count(count, (double)part),
                 share_of(part, whole));
    add_bar(text, part, most);
    rh_text_add(text, "\n");
}

static void add_line(struct rh_text *text, const char *name, const char *value) {
    if (value == NULL)
        return;
    enum { ROOM = 66 };
    size_t length = strlen(value);
    rh_text_addf(text, "%-11s %.*s%s\n", name, length > ROOM ? ROOM - 3 : ROOM, value,
                 length > ROOM ? "..." : "");
}

/* "2^k - 1" and the like are for machines: a class by its smallest and largest member. */
static const char *class_label(char buffer[RH_HUMAN_BYTES], size_t class_index) {
    static const char units[] = " KMGTPE";
    if (class_index == 0)
        snprintf(buffer, RH_HUMAN_BYTES, "0");
    else if (class_index == 1)
        snprintf(buffer, RH_HUMAN_BYTES, "1");
    else if (class_index <= 10)
        snprintf(buffer, RH_HUMAN_BYTES, "%" PRIu64 " to %" PRIu64,
                 UINT64_C(1) << (class_index - 1), (UINT64_C(1) << class_index) - 1);
    else {
        size_t low = class_index - 1;
        size_t high = class_index;
        snprintf(buffer, RH_HUMAN_BYTES, "%u%ci to %u%ci", 1u << (low % 10), units[low / 10],
                 1u << (high % 10), units[high / 10]);
    }
    return buffer;
}

static const char *duration_label(char buffer[RH_HUMAN_BYTES], size_t class_index) {
    char low[RH_HUMAN_BYTES];
    rh_human_ns(low, class_index == 0 ? 0.0 : (double)(UINT64_C(1) << (class_index - 1)));
    snprintf(buffer, RH_HUMAN_BYTES, "from %.20s", low);
    return buffer;
}

/* ---- parts ---- */

static void add_origin(struct rh_text *text, const struct rh_trace_meta *meta, const char *path) {
    add_line(text, "trace", path);
    add_line(text, "program", meta->program);
    add_line(text, "executable", meta->executable);
    add_line(text, "command", meta->command);
    add_line(text, "source", meta->source);
    add_line(text, "date", meta->date);
    add_line(text, "host", meta->host);
    add_line(text, "libc", meta->libc);
    add_line(text, "allocator", meta->allocator);
    add_line(text, "tool", meta->tool);
    add_line(text, "note", meta->note);
}

static void add_losses(struct rh_text *text, const struct rh_trace_meta *meta) {
    rh_text_addf(text,
                 "%-11s %" PRIu64 " unknown frees, %" PRIu64 " dropped events, %" PRIu64
                 " torn threads\n",
                 "losses", meta->unknown_frees, meta->drops, meta->torn);
    if (meta->nested_calls > 0)
        rh_text_addf(text, "%-11s %" PRIu64 " calls from within calls are left out\n", "nested",
                     meta->nested_calls);
    char wait[RH_HUMAN_BYTES];
    if (meta->stalls > 0)
        rh_text_addf(text, "%-11s %" PRIu64 " of 1 ms or more for the recorder, %s in all\n",
                     "stalls", meta->stalls, rh_human_ns(wait, (double)meta->stall_ns));
}

/* What was learned of large blocks' pages, and what of that is missing. */
static void add_looks(struct rh_text *text, const struct rh_facts *facts,
                      const struct rh_trace_meta *meta) {
    char count[RH_HUMAN_BYTES], cost[RH_HUMAN_BYTES];
    if (facts->looked_objects + meta->looks_skipped == 0)
        return;
    rh_text_addf(text, "%-11s %.1f %% of the bytes of %s large blocks were resident", "touched",
                 share_of(facts->resident_bytes, facts->looked_bytes),
                 rh_human_count(count, (double)facts->looked_objects));
    if (meta->look_ns > 0)
        rh_text_addf(text, "; to see it took %s", rh_human_ns(cost, (double)meta->look_ns));
    rh_text_add(text, "\n");
    if (meta->looks_skipped > 0)
        rh_text_addf(text, "%-11s %s more were not looked at: too dear, or too many at once\n", "",
                     rh_human_count(count, (double)meta->looks_skipped));
}

/* The slack of a block differs between allocators. */
static void add_slack(struct rh_text *text, const struct rh_facts *facts) {
    char count[RH_HUMAN_BYTES];
    uint64_t calls = facts->summary.events_by_kind[RH_EVENT_USABLE];
    if (calls > 0)
        rh_text_addf(text,
                     "%-11s %s calls of malloc_usable_size: it may do other things elsewhere\n",
                     "slack", rh_human_count(count, (double)calls));
}

static void add_cpu_time(struct rh_text *text, const struct rh_trace_meta *meta) {
    char all[RH_HUMAN_BYTES], recorder[RH_HUMAN_BYTES];
    if (meta->cpu_ns == 0)
        return;
    rh_text_addf(text, "%-11s %s of the recorded process", "CPU time",
                 rh_human_ns(all, (double)meta->cpu_ns));
    if (meta->recorder_ns != 0)
        rh_text_addf(text, ", about %s of it for recording",
                     rh_human_ns(recorder, (double)meta->recorder_ns));
    rh_text_add(text, "\n");
}

static void add_totals(struct rh_text *text, const struct rh_facts *facts,
                       const struct rh_trace_meta *meta, uint64_t file_bytes) {
    const struct rh_trace_summary *summary = &facts->summary;
    char a[RH_HUMAN_BYTES], b[RH_HUMAN_BYTES], c[RH_HUMAN_BYTES];
    double events = (double)summary->events;
    rh_text_addf(text, "%-11s %s, %.3f bytes an event, content %016" PRIx64 "\n", "file",
                 rh_human_bytes(a, (double)file_bytes),
                 summary->events == 0 ? 0.0 : (double)file_bytes / events, summary->content_hash);
    rh_text_addf(text, "%-11s %s", "events", rh_human_count(a, events));
    if (facts->timed)
        rh_text_addf(text, " in %s, times to %s", rh_human_ns(b, (double)facts->last_time_ns),
                     rh_human_ns(c, (double)meta->time_quantum_ns));
    rh_text_add(text, facts->timed ? "\n" : ", no times\n");

    rh_text_addf(text, "%-11s %s in %s objects; peak live %s", "allocated",
                 rh_human_bytes(a, (double)summary->allocated_bytes),
                 rh_human_count(b, (double)summary->objects),
                 rh_human_bytes(c, (double)summary->peak_live_bytes));
    rh_text_addf(text, " after event %" PRIu64 "\n", summary->peak_live_bytes_event);
    rh_text_addf(text, "%-11s at most %s objects; at the end %s objects, %s\n", "live",
                 rh_human_count(a, (double)summary->peak_live_objects),
                 rh_human_count(b, (double)summary->end_live_objects),
                 rh_human_bytes(c, (double)summary->end_live_bytes));
    if (meta->peak_rss_bytes != 0)
        rh_text_addf(text, "%-11s %s at the peak of the recorded process\n", "resident",
                     rh_human_bytes(a, (double)meta->peak_rss_bytes));
    if (facts->prologue_objects != 0)
        rh_text_addf(text, "%-11s %s objects were live before the trace begins\n", "prologue",
                     rh_human_count(a, (double)facts->prologue_objects));
    add_cpu_time(text, meta);
    add_looks(text, facts, meta);
    add_slack(text, facts);
    add_losses(text, meta);
}

static void add_kinds(struct rh_text *text, const struct rh_facts *facts) {
    uint64_t most = 0;
    for (unsigned i = 0; i < RH_EVENT_KINDS; i++)
        if (facts->summary.events_by_kind[i] > most)
            most = facts->summary.events_by_kind[i];
    rh_text_add(text, "\nEvents by kind\n");
    for (unsigned i = 0; i < RH_EVENT_KINDS; i++)
        if (facts->summary.events_by_kind[i] != 0)
            add_row(text, rh_event_kind_name(i), facts->summary.events_by_kind[i],
                    facts->summary.events, most);
}

static void add_sizes(struct rh_text *text, const struct rh_facts *facts) {
    uint64_t most = 0;
    char label[RH_HUMAN_BYTES];
    for (size_t i = 0; i < RH_FACTS_CLASSES; i++)
        if (facts->sizes[i].objects > most)
            most = facts->sizes[i].objects;
    if (most == 0)
        return;
    rh_text_add(text, "\nObjects by requested bytes\n");
    for (size_t i = 0; i < RH_FACTS_CLASSES; i++)
        if (facts->sizes[i].objects != 0)
            add_row(text, class_label(label, i), facts->sizes[i].objects, facts->summary.objects,
                    most);
    rh_text_add(text, "\nMost common sizes\n");
    for (size_t i = 0; i < RH_FACTS_TOP_SIZES && facts->top_sizes[i].objects != 0; i++) {
        snprintf(label, sizeof(label), "%" PRIu64, facts->top_sizes[i].size);
        add_row(text, label, facts->top_sizes[i].objects, facts->summary.objects, most);
    }
    rh_text_addf(text, "  %s%" PRIu64 " different sizes\n",
                 facts->untold_objects != 0 ? "more than " : "", facts->distinct_sizes);
}

static void add_histogram(struct rh_text *text, const char *title, const uint64_t *counts,
                          const char *(*label_of)(char[RH_HUMAN_BYTES], size_t)) {
    uint64_t most = 0;
    uint64_t whole = 0;
    char label[RH_HUMAN_BYTES];
    for (size_t i = 0; i < RH_FACTS_CLASSES; i++) {
        whole += counts[i];
        most = counts[i] > most ? counts[i] : most;
    }
    if (whole == 0)
        return;
    rh_text_addf(text, "\n%s\n", title);
    for (size_t i = 0; i < RH_FACTS_CLASSES; i++)
        if (counts[i] != 0)
            add_row(text, label_of(label, i), counts[i], whole, most);
}

static void add_alignments(struct rh_text *text, const struct rh_facts *facts) {
    bool any = false;
    char label[RH_HUMAN_BYTES];
    for (unsigned i = 1; i < 64; i++) {
        if (facts->alignments[i] == 0)
            continue;
        if (!any)
            rh_text_add(text, "\nAlignments asked for\n");
        any = true;
        snprintf(label, sizeof(label), "%" PRIu64, UINT64_C(1) << i);
        add_row(text, label, facts->alignments[i], facts->summary.objects, facts->summary.objects);
    }
}

static void add_reallocs(struct rh_text *text, const struct rh_facts *facts) {
    uint64_t all = facts->summary.events_by_kind[RH_EVENT_REALLOC];
    char kept[RH_HUMAN_BYTES];
    if (all == 0)
        return;
    rh_text_add(text, "\nRealloc\n");
    add_row(text, "grew", facts->grown, all, all);
    add_row(text, "shrank", facts->shrunk, all, all);
    add_row(text, "kept its size", facts->same_size, all, all);
    rh_text_addf(text, "  %s of content to copy, if all had moved\n",
                 rh_human_bytes(kept, (double)facts->kept_bytes));
}

static void add_threads(struct rh_text *text, const struct rh_facts *facts,
                        const struct rh_trace_meta *meta) {
    const struct rh_trace_summary *summary = &facts->summary;
    uint64_t releases = 0;
    for (unsigned kind = 0; kind < RH_EVENT_KINDS; kind++)
        releases += rh_event_releases(kind) ? summary->events_by_kind[kind] : 0;
    char runs[RH_HUMAN_BYTES];
    rh_text_addf(text, "\nThreads: %" PRIu64 "; %s runs of one thread\n", summary->threads,
                 rh_human_count(runs, (double)facts->thread_runs));
    rh_text_addf(text, "  %.2f %% of releases on another thread than the acquisition\n",
                 share_of(summary->cross_thread_releases, releases));
    for (size_t i = 0; i < facts->threads_count && i < THREADS_SHOWN; i++) {
        char label[RH_HUMAN_BYTES];
        const char *name = rh_trace_meta_thread_name(meta, (uint32_t)i);
        snprintf(label, sizeof(label), "thread %zu %.15s", i, name != NULL ? name : "");
        add_row(text, label, facts->threads[i].events, summary->events, summary->events);
    }
    if (facts->threads_count > THREADS_SHOWN)
        rh_text_addf(text, "  and %zu more\n", facts->threads_count - THREADS_SHOWN);
}

/* The bins in at most ROWS_MAX rows. */
static void add_course(struct rh_text *text, const struct rh_facts *facts) {
    enum { PER_ROW = RH_FACTS_BINS / ROWS_MAX };
    struct rh_facts_bin rows[ROWS_MAX] = {{0}};
    uint64_t most = 0;
    for (size_t i = 0; i < RH_FACTS_BINS; i++) {
        struct rh_facts_bin *row = &rows[i / PER_ROW];
        row->events += facts->bins[i].events;
        if (facts->bins[i].peak_live_bytes > row->peak_live_bytes)
            row->peak_live_bytes = facts->bins[i].peak_live_bytes;
        most = row->peak_live_bytes > most ? row->peak_live_bytes : most;
    }
    uint64_t end = facts->timed ? facts->last_time_ns : facts->summary.events;
    rh_text_addf(text, "\n%s\n",
                 facts->timed ? "Over time: from, events, peak live bytes"
                              : "Over events: from, events, peak live bytes");
    for (uint64_t i = 0; i < ROWS_MAX && i * PER_ROW * facts->bin_width <= end; i++) {
        char from[RH_HUMAN_BYTES], count[RH_HUMAN_BYTES], live[RH_HUMAN_BYTES];
        double start = (double)(i * PER_ROW * facts->bin_width);
        if (facts->timed)
            rh_human_ns(from, start);
        else
            rh_human_count(from, start);
        rh_text_addf(text, "  %-12s %9s %16s", from, rh_human_count(count, (double)rows[i].events),
                     rh_human_bytes(live, (double)rows[i].peak_live_bytes));
        add_bar(text, rows[i].peak_live_bytes, most);
        rh_text_add(text, "\n");
    }
}

void rh_facts_text(const struct rh_facts *facts, const struct rh_trace_meta *meta, const char *path,
                   uint64_t file_bytes, struct rh_text *ret_text) {
    add_origin(ret_text, meta, path);
    add_totals(ret_text, facts, meta, file_bytes);
    if (facts->summary.events == 0)
        return;
    add_kinds(ret_text, facts);
    add_threads(ret_text, facts, meta);
    add_sizes(ret_text, facts);
    add_alignments(ret_text, facts);
    add_reallocs(ret_text, facts);
    add_histogram(ret_text, "Lifetimes in events", facts->lifetimes_events, class_label);
    add_histogram(ret_text, "Lifetimes in time", facts->lifetimes_ns, duration_label);
    add_course(ret_text, facts);
}
