/* trace_generate.c - reheap trace generate. */
#include <argp.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/trace.h"
#include "cli/trace_arguments.h"
#include "cli/trace_made.h"
#include "plan/synthetic.h"

struct arguments {
    struct rh_trace_arguments common;
    bool has_events, has_seed;
    uint64_t events, seed;
};

static error_t take(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'n':
        arguments->has_events = true;
        arguments->events = rh_trace_take_number(state, "events", value);
        return 0;
    case 's':
        arguments->has_seed = true;
        arguments->seed = rh_trace_take_number(state, "seed", value);
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!arguments->common.list)
            argp_error(state, "which workload? --list names the ready ones");
        return 0;
    case ARGP_KEY_END:
        rh_trace_need_single(state, &arguments->common);
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

/* ---- the ready descriptions ---- */

/* Where they lie, seen from the program: installed, and in the build directory. */
static const char *const places[] = {"../share/reheap/synthetic", "../../../configs/synthetic"};

static int ready_path(const char *directory, const char *place, const char *name,
                      struct rh_text *ret_path) {
    rh_text_clear(ret_path);
    rh_text_addf(ret_path, "%s/%s/%s.yaml", directory, place, name);
    return ret_path->failed;
}

/* A name is looked for among the ready ones; what has a slash or ends in ".yaml" is a path. */
static int find_description(const char *source, struct rh_error *error, struct rh_text *ret_path) {
    size_t length = strlen(source);
    if (strchr(source, '/') != NULL || (length > 5 && strcmp(source + length - 5, ".yaml") == 0)) {
        rh_text_add(ret_path, source);
        return ret_path->failed;
    }
    char directory[4096];
    rh_try(rh_path_of_self(directory, sizeof(directory), error));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        rh_try(ready_path(directory, places[i], source, ret_path));
        if (access(rh_text_get(ret_path), R_OK) == 0)
            return 0;
    }
    return rh_fail(
        error, RH_ERR_INVALID,
        "no ready description is named \"%s\": see reheap trace generate --list, or give "
        "a path ending in .yaml",
        source);
}

static int print_ready(const char *path, struct rh_error *error) {
    struct rh_synthetic synthetic = {0};
    rh_try(rh_synthetic_load(path, error, &synthetic));
    printf("  %-22s %s\n", synthetic.name, synthetic.summary != NULL ? synthetic.summary : "");
    rh_synthetic_finish(&synthetic);
    return 0;
}

static int list_ready(struct rh_error *error) {
    char directory[4096];
    struct rh_text pattern = {0};
    rh_try(rh_path_of_self(directory, sizeof(directory), error));
    int result = 0;
    size_t count = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && count == 0 && result == 0; i++) {
        glob_t found = {0};
        result = ready_path(directory, places[i], "*", &pattern);
        if (result == 0 && glob(rh_text_get(&pattern), 0, NULL, &found) == 0)
            for (; count < found.gl_pathc && result == 0; count++)
                result = print_ready(found.gl_pathv[count], error);
        globfree(&found);
    }
    rh_text_finish(&pattern);
    if (result == 0 && count == 0)
        return rh_fail(error, RH_ERR_MISSING, "no ready descriptions beside %s", directory);
    return result;
}

/* ---- the command ---- */

static int make(const struct arguments *arguments, const struct rh_synthetic *synthetic,
                struct rh_error *error) {
    struct rh_text path = {0};
    struct rh_trace_summary summary;
    if (arguments->common.output != NULL)
        rh_text_add(&path, arguments->common.output);
    else
        rh_text_addf(&path, "%s.rht", synthetic->name);
    int result = path.failed;
    if (result == 0)
        result = rh_synthetic_generate(synthetic, rh_text_get(&path), error, &summary);
    if (result == 0) {
        struct rh_made made = {.json = arguments->common.json};
        rh_made_text(&made, "workload", synthetic->name);
        rh_made_count(&made, "seed", synthetic->seed);
        rh_made_trace(&made, rh_text_get(&path), &summary);
        result = rh_made_print(&made, error);
    }
    rh_text_finish(&path);
    return result;
}

static int generate(const struct arguments *arguments, struct rh_error *error) {
    struct rh_text path = {0};
    struct rh_synthetic synthetic = {0};
    int result = find_description(arguments->common.files[0], error, &path);
    if (result == 0)
        result = rh_synthetic_load(rh_text_get(&path), error, &synthetic);
    rh_text_finish(&path);
    if (result == 0 && arguments->has_seed)
        synthetic.seed = arguments->seed;
    if (result == 0 && arguments->has_events)
        result = rh_synthetic_set_events(&synthetic, arguments->events, error);
    if (result == 0)
        result = make(arguments, &synthetic, error);
    rh_synthetic_finish(&synthetic);
    return result;
}

int rh_cli_trace_generate(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"output", 'o', "TRACE", 0, "where to write it (default: NAME.rht)", 0},
        {"events", 'n', "N", 0, "about how long it is to be", 0},
        {"seed", 's', "N", 0, "of the random numbers", 0},
        {"list", 'l', NULL, 0, "name the ready descriptions", 0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "NAME|FILE.yaml",
        .doc = "Makes the trace of a synthetic workload: a ready one, or one that a YAML file "
               "describes.\v"
               "Examples:\n"
               "  reheap trace generate --list\n"
               "  reheap trace generate larson --events 10000000 -o larson.rht\n"
               "  reheap trace generate mine.yaml --seed 7"};
    struct arguments arguments = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    int result = arguments.common.list ? list_ready(&error) : generate(&arguments, &error);
    return result < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}
