/* trace_tools.c - reheap trace cut, merge, scale. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/trace.h"
#include "cli/trace_arguments.h"
#include "cli/trace_made.h"
#include "trace/tools/cut.h"
#include "trace/tools/merge.h"
#include "trace/tools/scale.h"

/* ---- cut ---- */

enum { CUT_THREADS_MOST = 1024 };

struct cut_arguments {
    struct rh_trace_arguments common;
    struct rh_cut cut;
    uint32_t threads[CUT_THREADS_MOST];
};

static void take_range(struct argp_state *state, const char *option, const char *value,
                       rh_range_parser *parse, uint64_t *from, uint64_t *to) {
    if (rh_parse_range(value, parse, from, to) < 0)
        argp_error(state, "--%s=%s: use FROM-TO, FROM- or -TO", option, value);
}

static void take_threads(struct argp_state *state, char *value, struct cut_arguments *arguments) {
    char *next = value;
    char *word;
    while ((word = strsep(&next, ",")) != NULL) {
        uint64_t thread = 0;
        if (rh_parse_u64(word, &thread) < 0 || thread >= UINT32_MAX)
            argp_error(state, "--threads: \"%s\" is not the number of a thread", word);
        if (arguments->cut.thread_count == CUT_THREADS_MOST)
            argp_error(state, "--threads: more than %d", CUT_THREADS_MOST);
        arguments->threads[arguments->cut.thread_count++] = (uint32_t)thread;
    }
    arguments->cut.threads = arguments->threads;
}

static error_t take_cut(int key, char *value, struct argp_state *state) {
    struct cut_arguments *arguments = state->input;
    struct rh_cut *cut = &arguments->cut;
    switch (key) {
    case 'e':
        take_range(state, "events", value, rh_parse_u64, &cut->from_event, &cut->to_event);
        return 0;
    case 'w':
        take_range(state, "time", value, rh_parse_duration, &cut->from_ns, &cut->to_ns);
        return 0;
    case 'b':
        take_range(state, "sizes", value, rh_parse_bytes, &cut->min_bytes, &cut->max_bytes);
        return 0;
    case 't':
        take_threads(state, value, arguments);
        return 0;
    case ARGP_KEY_END:
        rh_trace_need_one(state, &arguments->common);
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

static int cut(const struct cut_arguments *arguments, struct rh_error *error) {
    const struct rh_trace_arguments *common = &arguments->common;
    struct rh_cut_facts facts;
    struct rh_trace_summary summary;
    rh_try(
        rh_trace_cut(common->files[0], &arguments->cut, common->output, error, &facts, &summary));
    struct rh_made made = {.json = common->json};
    rh_made_count(&made, "events_read", facts.events_read);
    rh_made_count(&made, "prologue_objects", facts.prologue_objects);
    rh_made_count(&made, "events_left_out", facts.events_left_out);
    rh_made_count(&made, "reallocs_split", facts.reallocs_split);
    rh_made_trace(&made, common->output, &summary);
    return rh_made_print(&made, error);
}

int rh_cli_trace_cut(int argc, char **argv) {
    static const struct argp_option options[] = {
        RH_TRACE_OUTPUT_OPTION,
        {"events", 'e', "FROM-TO", 0, "events by number; TO is not included", 0},
        {"time", 'w', "FROM-TO", 0, "times with a unit: 1.5s-2s, 20ms-; TO is not included", 0},
        {"threads", 't', "LIST", 0, "objects that these threads acquire: 0,3", 0},
        {"sizes", 'b', "FROM-TO", 0, "objects of these sizes, both included: 16-4K", 0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take_cut,
        .args_doc = "TRACE",
        .doc = "Writes a part of a trace. What is live where the part begins is made in an untimed "
               "prologue.\v"
               "Examples:\n"
               "  reheap trace cut job.rht --time 1.5s-2s -o part.rht\n"
               "  reheap trace cut job.rht --events 10000- --threads 0,3 -o part.rht\n"
               "  reheap trace cut job.rht --sizes 16-4K -o small.rht"};
    struct cut_arguments arguments = {.cut = rh_cut_all()};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    return cut(&arguments, &error) < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}

/* ---- merge ---- */

static const char *const order_names[] = {
#define X(name, text) text,
    RH_MERGE_ORDER_MAP(X)
#undef X
};

struct merge_arguments {
    struct rh_trace_arguments common;
    enum rh_merge_order order;
};

static error_t take_merge(int key, char *value, struct argp_state *state) {
    struct merge_arguments *arguments = state->input;
    switch (key) {
    case 'r':
        for (int i = 0; i < RH_MERGE_ORDERS; i++)
            if (strcmp(order_names[i], value) == 0) {
                arguments->order = (enum rh_merge_order)i;
                return 0;
            }
        argp_error(state, "--order=%s: use time, side-by-side or auto", value);
        return 0;
    case ARGP_KEY_END:
        if (arguments->common.output == NULL)
            argp_error(state, "where to? -o names the new trace");
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

static int merge(const struct merge_arguments *arguments, struct rh_error *error) {
    const struct rh_trace_arguments *common = &arguments->common;
    enum rh_merge_order order;
    struct rh_trace_summary summary;
    rh_try(rh_trace_merge(common->files, common->file_count, arguments->order, common->output,
                          error, &order, &summary));
    struct rh_made made = {.json = common->json};
    rh_made_count(&made, "traces", common->file_count);
    rh_made_text(&made, "order", order_names[order]);
    rh_made_trace(&made, common->output, &summary);
    return rh_made_print(&made, error);
}

int rh_cli_trace_merge(int argc, char **argv) {
    static const struct argp_option options[] = {
        RH_TRACE_OUTPUT_OPTION,
        {"order", 'r', "ORDER", 0,
         "time: each event at its time since the start of its trace; side-by-side: all begin and "
         "end together; auto: time where all traces have times",
         0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take_merge,
        .args_doc = "TRACE...",
        .doc = "Writes several traces as one workload; each keeps its own threads and objects.\v"
               "Examples:\n"
               "  reheap trace merge cc1.rht as.rht ld.rht -o build.rht\n"
               "  reheap trace merge --order side-by-side a.rht b.rht -o both.rht"};
    struct merge_arguments arguments = {.order = RH_MERGE_AUTO};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    return merge(&arguments, &error) < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}

/* ---- scale ---- */

struct scale_arguments {
    struct rh_trace_arguments common;
    struct rh_scale scale;
};

static double take_factor(struct argp_state *state, const char *option, const char *value) {
    double factor = 0;
    if (rh_parse_double(value, &factor) < 0)
        argp_error(state, "--%s=%s: use a number", option, value);
    return factor;
}

static error_t take_scale(int key, char *value, struct argp_state *state) {
    struct scale_arguments *arguments = state->input;
    uint64_t copies = 0;
    switch (key) {
    case 'c':
        if (rh_parse_u64(value, &copies) < 0 || copies > UINT32_MAX)
            argp_error(state, "--copies=%s: use a whole number", value);
        arguments->scale.copies = (uint32_t)copies;
        return 0;
    case 'b':
        arguments->scale.sizes = take_factor(state, "sizes", value);
        return 0;
    case 'l':
        arguments->scale.lifetimes = take_factor(state, "lifetimes", value);
        return 0;
    case ARGP_KEY_END:
        rh_trace_need_one(state, &arguments->common);
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

static int scale(const struct scale_arguments *arguments, struct rh_error *error) {
    const struct rh_trace_arguments *common = &arguments->common;
    struct rh_scale_facts facts;
    struct rh_trace_summary summary;
    rh_try(rh_trace_scale(common->files[0], &arguments->scale, common->output, error, &facts,
                          &summary));
    struct rh_made made = {.json = common->json};
    rh_made_count(&made, "copies", arguments->scale.copies);
    rh_made_count(&made, "frees_moved", facts.frees_moved);
    rh_made_count(&made, "usable_dropped", facts.usable_dropped);
    rh_made_trace(&made, common->output, &summary);
    return rh_made_print(&made, error);
}

int rh_cli_trace_scale(int argc, char **argv) {
    static const struct argp_option options[] = {
        RH_TRACE_OUTPUT_OPTION,
        {"copies", 'c', "N", 0, "so many copies, each on threads of its own", 0},
        {"sizes", 'b', "FACTOR", 0, "all sizes times the factor", 0},
        {"lifetimes", 'l', "FACTOR", 0, "the time from birth to free times the factor", 0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take_scale,
        .args_doc = "TRACE",
        .doc = "Writes a trace with more threads, other sizes or lifetimes.\v"
               "Examples:\n"
               "  reheap trace scale job.rht --copies 4 -o four.rht\n"
               "  reheap trace scale job.rht --sizes 2 --lifetimes 0.5 -o other.rht"};
    struct scale_arguments arguments = {.scale = {.copies = 1, .sizes = 1, .lifetimes = 1}};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    return scale(&arguments, &error) < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}
