/* sample.c - the figures of one sample. */
#include "cli/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "measure/histogram.h"
#include "result/result.h"

double rh_cli_sample_ns_per_op(const struct rh_sample *sample) {
    return sample->ops > 0 ? (double)sample->busy_ns / (double)sample->ops : 0;
}

void rh_cli_print_row(const char *label, const char *words) {
    enum { INDENT = 14, WIDTH = 80 };
    int column = printf("  %-11s", label);
    for (const char *word = words + strspn(words, " "); *word != '\0';) {
        int bytes = (int)strcspn(word, " ");
        if (column + 1 + bytes > WIDTH && column > INDENT)
            column = printf("\n%*s", INDENT - 1, "") - 1;
        column += printf(" %.*s", bytes, word);
        word += bytes;
        word += strspn(word, " ");
    }
    putchar('\n');
}

static void print_time(const struct rh_sample *sample) {
    char text[RH_HUMAN_BYTES];
    printf("  time        %.2f ns/op", rh_cli_sample_ns_per_op(sample));
    printf(", wall %s", rh_human_ns(text, (double)sample->wall_ns));
    printf(", CPU %s", rh_human_ns(text, (double)(sample->user_ns + sample->system_ns)));
    printf(" (%s in the kernel)\n", rh_human_ns(text, (double)sample->system_ns));
    printf("  faults      %" PRIu64 " minor, %" PRIu64 " major\n", sample->minor_faults,
           sample->major_faults);
    if (sample->threads > 1)
        printf("  order       %" PRIu64 " edges, %" PRIu64 " had to wait, stall %s\n",
               sample->edges, sample->edges_waited, rh_human_ns(text, (double)sample->stall_ns));
    if (sample->replayed_peak_live_bytes != UINT64_MAX && sample->peak_live_bytes > 0)
        printf(
            "  live        peak %s, %+.2f %% of the trace's\n",
            rh_human_bytes(text, (double)sample->replayed_peak_live_bytes),
            100 * ((double)sample->replayed_peak_live_bytes / (double)sample->peak_live_bytes - 1));
    if (sample->window_waits > 0)
        printf("  window      %" PRIu64 " waits for slower threads, %s of the stall\n",
               sample->window_waits, rh_human_ns(text, (double)sample->window_stall_ns));
    if (sample->paced_ns > 0) {
        printf("  pace        %s waiting for the recorded time",
               rh_human_ns(text, (double)sample->paced_ns));
        printf(", at most %s late\n", rh_human_ns(text, (double)sample->late_ns));
    }
}

/* Per operation; what is not available says why. */
static void print_counters(const struct rh_sample *sample) {
    static const char *const names[] = {
#define X(name) #name,
        RH_COUNTER_MAP(X)
#undef X
    };
    const uint64_t counts[] = {
#define X(name) sample->name,
        RH_COUNTER_MAP(X)
#undef X
    };
    struct rh_text text = {0};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && sample->ops > 0; i++)
        if (counts[i] != UINT64_MAX)
            rh_text_addf(&text, "%s %.3g ", names[i], (double)counts[i] / (double)sample->ops);
    if (sample->counters_reason[0] != '\0')
        rh_text_addf(&text, "not available: %s", sample->counters_reason);
    rh_cli_print_row("processor", rh_text_get(&text));
    rh_text_finish(&text);
}

static uint64_t above_start(const struct rh_sample *sample, uint64_t bytes) {
    return bytes > sample->start_resident_bytes ? bytes - sample->start_resident_bytes : 0;
}

static void print_memory(const struct rh_sample *sample) {
    char live[RH_HUMAN_BYTES], resident[RH_HUMAN_BYTES], freed[RH_HUMAN_BYTES];
    uint64_t peak = above_start(sample, sample->peak_resident_bytes);
    printf("  live        %s at most\n", rh_human_bytes(live, (double)sample->peak_live_bytes));
    printf("  resident    %s at most", rh_human_bytes(resident, (double)peak));
    if (sample->peak_live_bytes > 0)
        printf(" (%.3f of live)", (double)peak / (double)sample->peak_live_bytes);
    putchar('\n');
    for (int i = 0; i < RH_SAMPLE_IDLE_STEPS; i++) {
        if (sample->freed_resident_bytes[i] == UINT64_MAX)
            continue;
        uint64_t bytes = above_start(sample, sample->freed_resident_bytes[i]);
        printf("  freed       %s after %.1f s\n", rh_human_bytes(freed, (double)bytes),
               (double)sample->freed_idle_ns[i] / 1e9);
    }
    if (sample->purged_resident_bytes != UINT64_MAX)
        printf("  purged      %s after %s\n",
               rh_human_bytes(freed, (double)above_start(sample, sample->purged_resident_bytes)),
               sample->purge_call);
}

static void print_split(const struct rh_sample *sample, const struct rh_split *split) {
    char text[RH_HUMAN_BYTES];
    printf("  %9" PRIu64, sample->marks[split->mark].op);
    const uint64_t bytes[] = {split->counted_bytes,   split->live_bytes,  split->internal_bytes,
                              split->partial_bytes,   split->empty_bytes, split->lazy_free_bytes,
                              split->page_table_bytes};
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
        printf(" %10s", bytes[i] == UINT64_MAX ? "?" : rh_human_bytes(text, (double)bytes[i]));
    double error = split->anonymous_bytes > 0
                       ? (double)split->counted_bytes / (double)split->anonymous_bytes - 1
                       : 0;
    printf(" %+7.2f %%\n", 100 * error);
}

static void print_splits(const struct rh_sample *sample) {
    if (sample->split_count == 0)
        return;
    printf("\n  %9s %10s %10s %10s %10s %10s %10s %10s %9s\n", "operation", "resident", "live",
           "internal", "partial", "empty", "lazy free", "tables", "error");
    for (uint32_t i = 0; i < sample->split_count; i++)
        print_split(sample, &sample->splits[i]);
}

/* ---- latency ---- */

static void print_row(const char *name, const struct rh_latency *latency, unsigned kind,
                      unsigned size_class) {
    static const double quantiles[] = {0.5, 0.99, 0.999, 0.9999, 1};
    struct rh_histogram histogram = {0};
    char text[RH_HUMAN_BYTES];
    rh_histogram_add(&histogram, latency, kind, size_class);
    uint64_t total = rh_histogram_total(&histogram);
    if (total == 0)
        return;
    printf("  %-22s %9" PRIu64, name, total);
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
        printf(" %10s", rh_histogram_text(text, rh_histogram_quantile_ns(&histogram, quantiles[i]),
                                          latency->quantum_ps));
    putchar('\n');
}

static void print_kind(const struct rh_latency *latency, unsigned kind) {
    char name[64], bytes[RH_HUMAN_BYTES];
    for (unsigned size_class = 0; size_class < RH_LATENCY_CLASSES; size_class++) {
        bool last = size_class == RH_LATENCY_CLASSES - 1;
        uint64_t limit = rh_latency_class_limit(last ? size_class - 1 : size_class);
        snprintf(name, sizeof(name), "%s %s %s", rh_latency_kind_name(kind),
                 last ? ">" : "<=", rh_human_bytes(bytes, (double)limit));
        print_row(name, latency, kind, size_class);
    }
}

static void print_count(uint64_t count, const char *one, const char *more) {
    if (count == UINT64_MAX)
        printf(", %s unknown", more);
    else if (count > 0)
        printf(", %" PRIu64 " %s", count, count == 1 ? one : more);
}

static void print_slowest(const struct rh_latency *latency) {
    char text[RH_HUMAN_BYTES];
    for (uint32_t i = 0; i < latency->exemplar_count; i++) {
        const struct rh_latency_exemplar *call = &latency->exemplars[i];
        printf("  slow call   %s: %s of", rh_human_ns(text, (double)call->ns),
               rh_latency_kind_name(call->kind));
        printf(" %s, operation %" PRIu64 " of thread %" PRIu32,
               rh_human_bytes(text, (double)call->size), call->op, call->thread);
        print_count(call->faults, "page fault", "page faults");
        print_count(call->switches, "switch of threads", "switches of threads");
        putchar('\n');
    }
}

static void print_latency(const struct rh_latency *latency) {
    printf("  clock       steps of %.3g ns; %" PRIu64 " operations timed, %" PRIu64 " lost\n\n",
           (double)latency->quantum_ps / 1000, latency->samples, latency->lost);
    printf("  %-22s %9s %10s %10s %10s %10s %10s\n", "service time", "timed", "p50", "p99", "p99.9",
           "p99.99", "max");
    print_row("all", latency, RH_LATENCY_KINDS, RH_LATENCY_CLASSES);
    for (unsigned kind = 0; kind < RH_LATENCY_KINDS; kind++)
        print_kind(latency, kind);
    putchar('\n');
    print_slowest(latency);
}

static void print_system_calls(const struct rh_sample *sample) {
    printf("  calls      ");
#define X(name) printf(" %s %" PRIu64, #name, sample->name##_calls);
    RH_SYSTEM_CALL_MAP(X)
#undef X
    putchar('\n');
}

/* ---- all ---- */

void rh_cli_sample_print(const struct rh_sample *sample, const struct rh_latency *latency) {
    if (sample->pass == RH_PASS_THROUGHPUT) {
        print_time(sample);
        print_counters(sample);
    }
    if (sample->pass == RH_PASS_MEMORY) {
        print_memory(sample);
        print_splits(sample);
    }
    if (sample->pass == RH_PASS_LATENCY)
        print_latency(latency);
    if (sample->pass == RH_PASS_SYSCALLS)
        print_system_calls(sample);
}

static json_t *marks_json(const struct rh_sample *sample) {
    json_t *marks = json_array();
    for (uint32_t i = 0; i < sample->mark_count; i++) {
        const struct rh_mark *mark = &sample->marks[i];
        json_array_append_new(marks, json_pack("{s:I, s:I, s:I}", "op", (json_int_t)mark->op,
                                               "live_bytes", (json_int_t)mark->live_bytes,
                                               "resident_bytes", (json_int_t)mark->resident_bytes));
    }
    return marks;
}

void rh_cli_sample_add_series(json_t *object, const struct rh_sample *sample,
                              const struct rh_latency *latency) {
    json_object_set_new(object, "marks", marks_json(sample));
    struct rh_text text = {0};
    bool has_latency = sample->pass == RH_PASS_LATENCY;
    if (rh_result_sample_json(sample, has_latency ? latency : NULL, true, NULL, &text) == 0) {
        json_t *whole = json_loads(rh_text_get(&text), 0, NULL);
        json_t *series = json_object_get(whole, "series");
        if (sample->split_count > 0)
            json_object_set(object, "splits", json_object_get(series, "splits"));
        if (has_latency)
            json_object_set(object, "latency", json_object_get(series, "latency"));
        json_decref(whole);
    }
    rh_text_finish(&text);
}
