/* trace_import.c - reheap trace import. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/trace.h"
#include "cli/trace_arguments.h"
#include "trace/importers/importers.h"

struct arguments {
    struct rh_trace_arguments common;
    struct rh_import_options options;
};

static error_t take(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'f':
        arguments->options.format = value;
        return 0;
    case 'p':
        if (rh_parse_u64(value, &arguments->options.pid) < 0 || arguments->options.pid == 0)
            argp_error(state, "--pid=%s: use the number of a process", value);
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!arguments->common.list)
            argp_error(state, "which file?");
        return 0;
    case ARGP_KEY_END:
        rh_trace_need_single(state, &arguments->common);
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "do not find out, but take the file as FORMAT", 0},
    {"output", 'o', "TRACE", 0, "the trace to make (default: the file's name with .rht)", 0},
    {"pid", 'p', "PID", 0, "of several processes take this one (default: the first)", 0},
    RH_TRACE_JSON_OPTION,
    {"list", 'l', NULL, 0, "list the formats", 0},
    {0}};

static void print_formats(void) {
    const struct rh_importer *importer;
    for (size_t i = 0; (importer = rh_importer_at(i)) != NULL; i++)
        printf("%-14s %s\n", importer->name, importer->summary);
}

/* "dir/name.txt.gz" becomes "name.rht" in the current directory. */
static void add_default_output(const char *input, struct rh_text *output) {
    const char *base = strcmp(input, "-") == 0 ? "imported" : rh_path_base(input);
    const char *dot = strchr(base + (base[0] == '.'), '.');
    rh_text_add_bytes(output, base, dot != NULL ? (size_t)(dot - base) : strlen(base));
    rh_text_add(output, ".rht");
}

static int import(const struct arguments *arguments, struct rh_error *error) {
    struct rh_text output = {0};
    struct rh_text text = {0};
    struct rh_import_report report = {0};
    const struct rh_trace_arguments *common = &arguments->common;
    if (common->output != NULL)
        rh_text_add(&output, common->output);
    else
        add_default_output(common->files[0], &output);
    int result = output.failed ? rh_fail(error, output.failed, "no memory for a name")
                               : rh_import_file(common->files[0], output.data, &arguments->options,
                                                error, &report);
    if (result == 0 && common->json)
        result = rh_import_report_json(&report, error, &text);
    if (result == 0 && !common->json) {
        rh_text_addf(&text, "%s: ", output.data);
        rh_import_report_text(&report, &text);
    }
    if (result == 0)
        fputs(rh_text_get(&text), stdout);
    rh_text_finish(&text);
    rh_text_finish(&output);
    return result;
}

int rh_cli_trace_import(int argc, char **argv) {
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "FILE",
        .doc =
            "Turns a trace of another tool (plain, gzip, zstd or zip; \"-\": standard input), or "
            "the "
            "text of reheap trace dump, into a trace. Prints what had to be repaired, dropped or "
            "guessed.\v"
            "Examples:\n"
            "  reheap trace import --list\n"
            "  reheap trace import heaptrack.program.1234.zst\n"
            "  reheap trace import -f mtrace -o job.rht mtrace.txt"};
    struct arguments arguments = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    if (arguments.common.list) {
        print_formats();
        return RH_EXIT_WELL;
    }
    struct rh_error error = {0};
    return import(&arguments, &error) < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}
