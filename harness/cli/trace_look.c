/* trace_look.c - reheap trace info, verify, dump. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/trace.h"
#include "cli/trace_arguments.h"
#include "cli/trace_made.h"
#include "report/trace_page.h"
#include "trace/facts.h"
#include "trace/text_form.h"
#include "trace/trace.h"

struct arguments {
    struct rh_trace_arguments common;
    const char *page;     /* info: where to */
    const char *repaired; /* verify: where to */
};

static error_t take(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'H':
        arguments->page = value;
        return 0;
    case 'r':
        arguments->repaired = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->page != NULL && (arguments->common.json || arguments->common.file_count > 1))
            argp_error(state, "--html takes one trace, and no --json");
        if (arguments->repaired != NULL && arguments->common.file_count > 1)
            argp_error(state, "--repair takes one trace");
        return 0;
    default:
        return rh_trace_take(key, value, state, &arguments->common);
    }
}

/* ---- info ---- */

static int add_info(const struct arguments *arguments, const struct rh_facts *facts,
                    const struct rh_trace_meta *meta, const char *path, struct rh_error *error,
                    struct rh_text *text) {
    struct stat status;
    if (stat(path, &status) != 0)
        return rh_fail_errno(error, "cannot look at %s", path);
    uint64_t file_bytes = (uint64_t)status.st_size;
    if (arguments->common.json)
        return rh_facts_json(facts, meta, path, file_bytes, error, text);
    if (arguments->page != NULL)
        return rh_trace_page(facts, meta, path, file_bytes, error, text);
    rh_facts_text(facts, meta, path, file_bytes, text);
    return 0;
}

static int print_info(const char *path, const struct arguments *arguments, struct rh_error *error) {
    struct rh_trace_reader *reader = NULL;
    struct rh_facts facts = {0};
    struct rh_text text = {0};
    rh_try(rh_trace_reader_open(path, error, &reader));
    int result = rh_facts_init(&facts, reader, error);
    if (result == 0)
        result = add_info(arguments, &facts, rh_trace_reader_meta(reader), path, error, &text);
    if (result == 0 && text.failed)
        result = rh_fail(error, text.failed, "no memory for the text");
    if (result == 0 && arguments->page != NULL)
        result = rh_file_write(arguments->page, rh_text_get(&text), text.length, error);
    else if (result == 0)
        fputs(rh_text_get(&text), stdout);
    rh_text_finish(&text);
    rh_facts_finish(&facts);
    rh_trace_reader_close(reader);
    return result;
}

int rh_cli_trace_info(int argc, char **argv) {
    static const struct argp_option options[] = {
        RH_TRACE_JSON_OPTION,
        {"html", 'H', "OUTPUT", 0, "write a page with charts to OUTPUT: one file, for any browser",
         0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = take,
        .args_doc = "TRACE...",
        .doc = "Prints what a trace holds: where it comes from, events by kind, threads, sizes, "
               "alignments, lifetimes, and its course.\v"
               "Examples:\n"
               "  reheap trace info job.rht\n"
               "  reheap trace info job.rht --html job.html\n"
               "  reheap trace info --json job.rht | jq .events"};
    struct arguments arguments = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    for (size_t i = 0; i < arguments.common.file_count; i++) {
        struct rh_error error = {0};
        if (i > 0 && !arguments.common.json)
            printf("\n");
        if (print_info(arguments.common.files[i], &arguments, &error) < 0)
            return rh_cli_report(&error);
    }
    return RH_EXIT_WELL;
}

/* ---- verify ---- */

/* A trace that cannot be looked at is a failure, one that is not sound a check that says no. */
static int status_of(const struct rh_error *error) {
    bool unsound = error->code == RH_ERR_FORMAT || error->code == RH_ERR_CHECK;
    int status = rh_cli_report(error);
    return unsound ? RH_EXIT_SAYS_NO : status;
}

static int print_json(struct rh_made *made, int status) {
    struct rh_error error = {0};
    return rh_made_print(made, &error) < 0 ? rh_cli_report(&error) : status;
}

static int refuse(const char *path, const struct rh_error *error, bool json) {
    int status = status_of(error);
    if (!json)
        return status;
    struct rh_made made = {.json = true};
    rh_made_text(&made, "trace", path);
    rh_made_flag(&made, "sound", false);
    rh_made_text(&made, "reason", error->message);
    return print_json(&made, status);
}

static int verify(const char *path, bool json) {
    struct rh_error error = {0};
    struct rh_trace_summary summary;
    if (rh_trace_verify(path, &error, &summary) < 0)
        return refuse(path, &error, json);
    if (json) {
        struct rh_made made = {.json = true};
        rh_made_trace(&made, path, &summary);
        rh_made_flag(&made, "sound", true);
        return print_json(&made, RH_EXIT_WELL);
    }
    printf("%s: sound: %" PRIu64 " events, %" PRIu64 " objects, %" PRIu64
           " threads, content %016" PRIx64 "\n",
           path, summary.events, summary.objects, summary.threads, summary.content_hash);
    return RH_EXIT_WELL;
}

static int verify_all(const struct rh_trace_arguments *common) {
    int worst = RH_EXIT_WELL;
    for (size_t i = 0; i < common->file_count; i++) {
        int status = verify(common->files[i], common->json);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static void print_repaired(const char *to, const struct rh_trace_repair *repaired) {
    printf("%s: kept %" PRIu64 " events", to, repaired->events);
    if (repaired->stated != 0)
        printf(" of %" PRIu64, repaired->stated);
    printf("%s: %s\n", repaired->metadata_lost ? ", the metadata are lost" : "", repaired->reason);
}

/* Says no when something was lost, though a sound trace was made of the rest. */
static int repair(const char *from, const char *to, bool json) {
    struct rh_error error = {0};
    struct rh_trace_repair repaired;
    if (rh_trace_repair(from, to, &error, &repaired) < 0)
        return refuse(from, &error, json);
    int status = repaired.whole ? RH_EXIT_WELL : RH_EXIT_SAYS_NO;
    if (!json) {
        print_repaired(to, &repaired);
        return status;
    }
    struct rh_made made = {.json = true};
    rh_made_text(&made, "trace", to);
    rh_made_count(&made, "events_kept", repaired.events);
    if (repaired.stated != 0)
        rh_made_count(&made, "events_stated", repaired.stated);
    rh_made_flag(&made, "metadata_lost", repaired.metadata_lost);
    rh_made_flag(&made, "whole", repaired.whole);
    rh_made_text(&made, "reason", repaired.reason);
    return print_json(&made, status);
}

int rh_cli_trace_verify(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"repair", 'r', "OUTPUT", 0,
         "write what is sound to OUTPUT: all events before the first damage or broken rule", 0},
        RH_TRACE_JSON_OPTION,
        {0}};
    static const struct argp argp = {.options = options,
                                     .parser = take,
                                     .args_doc = "TRACE...",
                                     .doc = "Reads whole traces and checks every checksum, rule "
                                            "and count. Exit status 3 if one is not "
                                            "sound.\v"
                                            "Examples:\n"
                                            "  reheap trace verify traces/*.rht\n"
                                            "  reheap trace verify --repair saved.rht broken.rht"};
    struct arguments arguments = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    const struct rh_trace_arguments *common = &arguments.common;
    return arguments.repaired != NULL ? repair(common->files[0], arguments.repaired, common->json)
                                      : verify_all(common);
}

/* ---- dump ---- */

enum { FLUSH_BYTES = 1 << 16 };

/* Prints and empties the text once it is long, or always if `now`. */
static int flush_text(struct rh_text *text, bool now, struct rh_error *error) {
    if (text->failed)
        return rh_fail(error, text->failed, "no memory for the text");
    if (!now && text->length < FLUSH_BYTES)
        return 0;
    if (fwrite(rh_text_get(text), 1, text->length, stdout) != text->length)
        return rh_fail_errno(error, "cannot write to standard output");
    rh_text_clear(text);
    return 0;
}

static int dump_events(struct rh_trace_reader *reader, struct rh_text *text,
                       struct rh_error *error) {
    bool timed = rh_trace_reader_meta(reader)->time_quantum_ns != 0;
    const struct rh_event *events = NULL;
    size_t count = 0;
    rh_try(rh_text_form_head(rh_trace_reader_meta(reader), error, text));
    do {
        rh_try(rh_trace_reader_next(reader, error, &events, &count));
        for (size_t i = 0; i < count; i++) {
            rh_text_form_event(&events[i], timed, text);
            rh_try(flush_text(text, false, error));
        }
    } while (count > 0);
    return flush_text(text, true, error);
}

static error_t take_dump(int key, char *value, struct argp_state *state) {
    struct rh_trace_arguments *arguments = state->input;
    if (key != ARGP_KEY_END)
        return rh_trace_take(key, value, state, arguments);
    rh_trace_need_single(state, arguments);
    return 0;
}

int rh_cli_trace_dump(int argc, char **argv) {
    static const struct argp argp = {
        .parser = take_dump,
        .args_doc = "TRACE",
        .doc = "Prints a trace as text, one line an event; reheap trace import turns it back.\v"
               "Examples:\n"
               "  reheap trace dump job.rht | less\n"
               "  reheap trace dump job.rht | grep -v usable | reheap trace import - -o less.rht"};
    struct rh_trace_arguments arguments = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    struct rh_error error = {0};
    struct rh_trace_reader *reader = NULL;
    struct rh_text text = {0};
    int result = rh_trace_reader_open(arguments.files[0], &error, &reader);
    if (result == 0)
        result = dump_events(reader, &text, &error);
    rh_text_finish(&text);
    rh_trace_reader_close(reader);
    return result < 0 ? rh_cli_report(&error) : RH_EXIT_WELL;
}
