/* trace_share.c - reheap trace anonymise, sample, export. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/trace.h"
#include "cli/trace_arguments.h"
#include "cli/trace_made.h"
#include "trace/exporters/exporter.h"
#include "trace/tools/anonymise.h"
#include "trace/tools/sample.h"

/* ---- anonymise ---- */

struct anonymise_arguments {
    struct rh_trace_arguments common;
    struct rh_anonymise anonymise;
};

static error_t take_anonymise(int key, char *value, struct argp_state *state) {
    struct anonymise_arguments *arguments = state->input;
    switch (key) {
    case 'w':
        if (strcmp(value, "none") == 0)
            arguments->anonymise.time_step_ns = 0;
        else if (rh_parse_duration(value, &arguments->anonymise.time_step_ns) < 0)
            argp_error(state, "--times=%s: use a step such as 10ms, or none", value);
        return 0;
    case 'b':
        if (rh_parse_bytes(value, &arguments->anonymise.size_step_bytes) < 0)
            argp_error(state, "--sizes=%s: use a step in bytes", value);
        return 0;
    case ARGP_KEY_END:
        rh_trace_need_one(state, &arguments->common);
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

static int anonymise(const struct anonymise_arguments *arguments, struct rh_error *error) {
    const struct rh_trace_arguments *common = &arguments->common;
    struct rh_trace_summary summary;
    rh_try(rh_trace_anonymise(common->files[0], &arguments->anonymise, common->output, error,
                              &summary));
    struct rh_made made = {.json = common->json};
    rh_made_trace(&made, common->output, &summary);
    rh_made_list(&made, "dropped", rh_anonymise_drops());
    char sentences[RH_ANONYMISE_REMAINS_MOST][RH_ANONYMISE_SENTENCE_BYTES];
    const char *remains[RH_ANONYMISE_REMAINS_MOST + 1] = {NULL};
    int count = rh_anonymise_remains(&arguments->anonymise, sentences);
    for (int i = 0; i < count; i++)
        remains[i] = sentences[i];
    rh_made_list(&made, "remains", remains);
    return rh_made_print(&made, error);
}

int rh_cli_trace_anonymise(int argc, char **argv) {
    static const struct argp_option options[] = {
        RH_TRACE_OUTPUT_OPTION,
        {"times", 'w', "STEP", 0, "round times down to steps (default 10ms), or none", 0},
        {"sizes", 'b', "STEP", 0, "round sizes up to multiples of so many bytes", 0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take_anonymise,
        .args_doc = "TRACE",
        .doc = "Writes a trace without command line, host, names and exact times, and says what "
               "remains.\v"
               "Examples:\n"
               "  reheap trace anonymise job.rht -o shared.rht\n"
               "  reheap trace anonymise job.rht --times none --sizes 16 -o shared.rht"};
    struct anonymise_arguments arguments = {
        .anonymise = {.time_step_ns = 10 * 1000 * 1000, .size_step_bytes = 1}};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    return anonymise(&arguments, &error) < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}

/* ---- sample ---- */

/* A sample whose curve is off by more, of the peak, has another shape. */
static const double FAR_OFF = 0.1;

struct sample_arguments {
    struct rh_trace_arguments common;
    uint64_t events;
};

static error_t take_sample(int key, char *value, struct argp_state *state) {
    struct sample_arguments *arguments = state->input;
    switch (key) {
    case 'n':
        arguments->events = rh_trace_take_number(state, "events", value);
        return 0;
    case ARGP_KEY_END:
        rh_trace_need_one(state, &arguments->common);
        if (arguments->events == 0)
            argp_error(state, "how long? --events says about how many events are to remain");
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

static int sample(const struct sample_arguments *arguments, struct rh_error *error) {
    const struct rh_trace_arguments *common = &arguments->common;
    struct rh_sample_facts facts;
    struct rh_trace_summary summary;
    rh_try(rh_trace_sample(common->files[0], arguments->events, common->output, error, &facts,
                           &summary));
    struct rh_made made = {.json = common->json};
    rh_made_share(&made, "fraction", facts.fraction);
    rh_made_share(&made, "curve_mean_error", facts.mean_error);
    rh_made_share(&made, "curve_worst_error", facts.worst_error);
    rh_made_count(&made, "large_made_smaller", facts.large_objects);
    if (facts.large_objects > 0)
        rh_made_bytes(&made, made.json ? "large_bytes" : "large from", facts.large_bytes);
    rh_made_trace(&made, common->output, &summary);
    if (facts.worst_error > FAR_OFF)
        rh_made_text(&made, "advice", "the shape is lost in places: ask for more events");
    return rh_made_print(&made, error);
}

int rh_cli_trace_sample(int argc, char **argv) {
    static const struct argp_option options[] = {
        RH_TRACE_OUTPUT_OPTION,
        {"events", 'n', "N", 0, "about how many events are to remain (required)", 0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take_sample,
        .args_doc = "TRACE",
        .doc = "Writes a smaller trace whose curve of live bytes has the same shape, and says how "
               "far it "
               "is off.\v"
               "Examples:\n"
               "  reheap trace sample job.rht --events 100000 -o small.rht"};
    struct sample_arguments arguments = {.events = 0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    return sample(&arguments, &error) < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}

/* ---- export ---- */

struct export_arguments {
    struct rh_trace_arguments common;
    const struct rh_exporter *exporter;
};

static void refuse_format(struct argp_state *state, const char *value) {
    struct rh_text list = {0};
    for (size_t i = 0; rh_exporters[i] != NULL; i++)
        rh_text_addf(&list, "%s%s", i > 0 ? ", " : "", rh_exporters[i]->name);
    argp_error(state, "--format=%s: use one of %s", value, rh_text_get(&list));
    rh_text_finish(&list);
}

static error_t take_export(int key, char *value, struct argp_state *state) {
    struct export_arguments *arguments = state->input;
    switch (key) {
    case 'f':
        arguments->exporter = rh_exporter_find(value);
        if (arguments->exporter == NULL)
            refuse_format(state, value);
        return 0;
    case ARGP_KEY_END:
        rh_trace_need_single(state, &arguments->common);
        if (arguments->exporter == NULL)
            argp_error(state, "as what? --format: android, rep, csv");
        if (arguments->common.json && arguments->common.output == NULL)
            argp_error(state, "--json needs -o: standard output holds the trace itself");
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

/* What the format could not say. */
static int print_losses(const struct export_arguments *arguments,
                        const struct rh_export_facts *facts, struct rh_error *error) {
    struct rh_made made = {.json = arguments->common.json};
    char key[64];
    rh_made_text(&made, "format", arguments->exporter->name);
    rh_made_count(&made, "written", facts->written);
    rh_made_count(&made, "dropped_events", facts->dropped_events);
    for (unsigned kind = 0; kind < RH_EVENT_KINDS; kind++) {
        const char *name = rh_event_kind_name(kind);
        snprintf(key, sizeof(key), "dropped_%s", name);
        if (facts->dropped_kinds[kind] > 0)
            rh_made_count(&made, key, facts->dropped_kinds[kind]);
        snprintf(key, sizeof(key), "changed_%s", name);
        if (facts->changed_kinds[kind] > 0)
            rh_made_count(&made, key, facts->changed_kinds[kind]);
    }
    rh_made_count(&made, "alignments_lost", facts->alignments_lost);
    rh_made_text(&made, "threads", facts->threads_lost ? "lost" : "kept");
    rh_made_text(&made, "times", facts->times_lost ? "lost" : "kept");
    return rh_made_print(&made, error);
}

static int export(const struct export_arguments *arguments, struct rh_error *error) {
    struct rh_export_facts facts;
    const struct rh_trace_arguments *common = &arguments->common;
    rh_try(rh_trace_export(common->files[0], arguments->exporter, common->output, error, &facts));
    return common->output != NULL ? print_losses(arguments, &facts, error) : 0;
}

int rh_cli_trace_export(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"format", 'f', "FORMAT", 0,
         "android (text), rep (CMU malloc lab), csv (one line an object)", 0},
        {"output", 'o', "FILE", 0,
         "where to write it (default: standard output); what the format cannot say is then printed",
         0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take_export,
        .args_doc = "TRACE",
        .doc = "Writes a trace in a format of others.\v"
               "Examples:\n"
               "  reheap trace export job.rht --format csv -o objects.csv\n"
               "  reheap trace export job.rht --format android | gzip > job.txt.gz"};
    struct export_arguments arguments = {.exporter = NULL};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    return export(&arguments, &error) < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}
