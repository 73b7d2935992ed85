/* replay.c - reheap replay: one sample on the terminal, for people who debug an allocator. */
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/replay_json.h"
#include "cli/sample.h"
#include "compile/compile.h"
#include "experiment/think.h"
#include "replay/replay.h"
#include "result/sample.h"

enum { LIST_MAX = 64 };

enum {
    KEY_OPTION = 1000,
    KEY_ENV,
    KEY_CPUS,
    KEY_TIME_LIMIT,
    KEY_JSON,
    KEY_QUICK,
    KEY_CHECKED,
    KEY_ORDER,
    KEY_PACE,
    KEY_THINK,
    KEY_ONE_THREAD,
    KEY_LIVE,
    KEY_UNDER
};

struct arguments {
    const char *trace;
    struct rh_job job;
    const char *options[LIST_MAX + 1];
    const char *environment[LIST_MAX + 1];
    struct rh_course course;
    struct rh_result_trace facts; /* where the rate of thinking is to be found, with what was */
    bool json;
};

static const struct argp_option option_table[] = {
    {"allocator", 'a', "NAME", 0, "glibc, jemalloc, sbrk ..., preload:PATH or plugin:PATH", 0},
    {"pass", 'p', "PASS", 0, "throughput (default), latency, memory, syscalls or check", 0},
    {"touch", 't', "POLICY", 0, "recorded (default), page, first, all or none", 0},
    {"order", KEY_ORDER, "ORDER", 0,
     "dependency (default), window(TIME or EVENTS), recorded or one-thread: how threads keep "
     "together",
     0},
    {"pace", KEY_PACE, "PACE", 0, "fast (default), paced(SPEED) or paced(SPEED, IDLE)", 0},
    {"think", KEY_THINK, "MODEL", 0,
     "use the blocks in the recorded gaps: LINES a recorded microsecond, auto (so many that it "
     "takes as long as the program), or off (default)",
     0},
    {"one-thread", KEY_ONE_THREAD, NULL, 0, "the same as --order one-thread", 0},
    {"live", KEY_LIVE, NULL, 0, "measure the peak of live bytes in any pass, at the price of time",
     0},
    {"option", KEY_OPTION, "NAME=VALUE", 0, "an option of the allocator; may be repeated", 0},
    {"env", KEY_ENV, "NAME=VALUE", 0, "an environment variable of the worker; may be repeated", 0},
    {"cpus", KEY_CPUS, "LIST", 0, "the CPUs to run on, as in 0-1,3", 0},
    {"time-limit", KEY_TIME_LIMIT, "SECONDS", 0, "kill the worker after that time", 0},
    {"under", KEY_UNDER, "TOOL", 0, "start the worker under gdb, valgrind or perf (perf record)",
     0},
    {"checked", KEY_CHECKED, NULL, 0, "verify the allocator's contract at every call", 0},
    {"quick", KEY_QUICK, NULL, 0, "memory: idle 0.1 s instead of 12 s after all was freed", 0},
    {"json", KEY_JSON, NULL, 0, "write JSON", 0},
    {0},
};

/* ---- arguments ---- */

static int find_name(const char *const *names, const char *name) {
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static void add_to_list(struct argp_state *state, const char **list, const char *entry) {
    size_t count = 0;
    while (list[count] != NULL)
        count++;
    if (count == LIST_MAX)
        argp_error(state, "more than %d of one option", LIST_MAX);
    if (strchr(entry, '=') == NULL)
        argp_error(state, "\"%s\" is not NAME=VALUE", entry);
    list[count] = entry;
}

static void set_time_limit(struct argp_state *state, struct rh_job *job, const char *text) {
    double seconds = 0;
    if (rh_parse_double(text, &seconds) != 0 || seconds <= 0 || seconds > 1e9)
        argp_error(state, "\"%s\" is no number of seconds", text);
    job->time_limit_ns = (uint64_t)(seconds * 1e9);
}

static void set_pass(struct argp_state *state, struct rh_job *job, const char *text) {
    int pass = find_name(rh_pass_names(), text);
    if (pass < 0)
        argp_error(state, "no pass \"%s\": throughput, latency, memory, syscalls or check", text);
    job->pass = (enum rh_pass)pass;
}

static void set_touch(struct argp_state *state, struct rh_job *job, const char *text) {
    int touch = find_name(rh_touch_names(), text);
    if (touch < 0)
        argp_error(state, "no touch policy \"%s\": recorded, page, first, all or none", text);
    job->touch = (enum rh_touch)touch;
}

static void set_under(struct argp_state *state, struct rh_job *job, const char *text) {
    int tool = find_name(rh_replay_tools(), text);
    if (tool < 0)
        argp_error(state, "no tool \"%s\": gdb, valgrind or perf", text);
    job->under = rh_replay_tools()[tool];
}

typedef int course_parser(const char *text, struct rh_error *error, struct rh_course *course);

static void set_course(struct argp_state *state, struct arguments *arguments, const char *text,
                       course_parser *parser) {
    struct rh_error error = {0};
    if (parser(text, &error, &arguments->course) < 0)
        argp_error(state, "%s", error.message);
    arguments->job.pace = arguments->course.pace;
}

static void set_think(struct argp_state *state, struct arguments *arguments, const char *text) {
    struct rh_error error = {0};
    if (rh_think_parse(text, &error, &arguments->course.think) < 0)
        argp_error(state, "%s", error.message);
    arguments->job.think = arguments->course.think;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    struct rh_job *job = &arguments->job;
    switch (key) {
    case 'a':
        job->allocator = value;
        return 0;
    case 'p':
        set_pass(state, job, value);
        return 0;
    case 't':
        set_touch(state, job, value);
        return 0;
    case KEY_ORDER:
        set_course(state, arguments, value, rh_course_parse_order);
        return 0;
    case KEY_PACE:
        set_course(state, arguments, value, rh_course_parse_pace);
        return 0;
    case KEY_THINK:
        set_think(state, arguments, value);
        return 0;
    case KEY_ONE_THREAD:
        set_course(state, arguments, "one-thread", rh_course_parse_order);
        return 0;
    case KEY_LIVE:
        job->counts_live = true;
        return 0;
    case KEY_OPTION:
        add_to_list(state, arguments->options, value);
        return 0;
    case KEY_ENV:
        add_to_list(state, arguments->environment, value);
        return 0;
    case KEY_CPUS:
        job->cpus = value;
        return 0;
    case KEY_TIME_LIMIT:
        set_time_limit(state, job, value);
        return 0;
    case KEY_UNDER:
        set_under(state, job, value);
        return 0;
    case KEY_CHECKED:
        job->checked = true;
        return 0;
    case KEY_QUICK:
        job->quick_idle = true;
        return 0;
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->trace != NULL)
            argp_error(state, "one trace at a time");
        arguments->trace = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->trace == NULL || job->allocator == NULL)
            argp_error(state, "a trace and an allocator (-a NAME) are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- output ---- */

static void print_text(const struct arguments *arguments, const struct rh_sample *sample) {
    char count[RH_HUMAN_BYTES];
    char text[RH_COURSE_BYTES], think[RH_THINK_BYTES];
    printf("%s on %s, %s pass, touch %s", arguments->trace, arguments->job.allocator,
           rh_pass_name(sample->pass), rh_touch_name(arguments->job.touch));
    if (arguments->course.order != RH_ORDER_DEPENDENCY)
        printf(", order %s", rh_course_order_text(&arguments->course, text));
    if (arguments->course.pace > 0)
        printf(", %s", rh_course_pace_text(&arguments->course, text));
    if (rh_think_wants_times(&arguments->course.think))
        printf(", think %s", rh_think_text(&arguments->course.think, think));
    printf(": %s\n", rh_sample_end_name(sample->end));
    if (sample->end != RH_SAMPLE_MEASURED)
        return;
    printf("  object      %s\n", sample->object[0] != '\0' ? sample->object : "(in the worker)");
    printf("  operations  %s on %" PRIu64 " threads, checksum %016" PRIx64 "\n",
           rh_human_count(count, (double)sample->ops), sample->threads, sample->checksum);
    rh_cli_sample_print(sample, arguments->job.latency);
    char found[RH_THINK_FOUND_BYTES];
    if (arguments->facts.think.allocator != NULL)
        rh_cli_print_row("thinks", rh_think_found_text(&arguments->facts.think, found));
}

/* ---- the course ---- */

static volatile bool interrupted;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    interrupted = true;
}

/* Ctrl-C is for the tool, where there is one. */
static void watch_signals(const struct arguments *arguments) {
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGTERM, &action, NULL);
    if (arguments->job.under != NULL)
        action.sa_handler = SIG_IGN;
    sigaction(SIGINT, &action, NULL);
}

static int make_tape(struct arguments *arguments, struct rh_error *error, char **ret_tape) {
    struct rh_tape_facts facts;
    struct rh_compile_options options = {0};
    if (arguments->course.think.automatic)
        return rh_experiment_real.open_trace(arguments->trace, &arguments->course, error,
                                             &arguments->facts, ret_tape);
    rh_compile_follow_course(&options, &arguments->course);
    return rh_compile(arguments->trace, &options, error, ret_tape, &facts);
}

static int find_thinking(struct arguments *arguments, struct rh_error *error) {
    struct rh_result_trace *facts = &arguments->facts;
    struct rh_think_model *model = &arguments->job.think;
    if (!model->automatic)
        return 0;
    rh_try(rh_think_prepare(&rh_experiment_real, arguments->trace, facts, error, &facts->think));
    rh_try(rh_think_find(&rh_experiment_real, &arguments->job, &interrupted, error, &facts->think));
    model->automatic = false;
    model->lines_per_ms = facts->think.lines_per_ms;
    return 0;
}

static int replay(struct arguments *arguments, struct rh_error *error,
                  struct rh_sample *ret_sample) {
    char *tape = NULL;
    int result = make_tape(arguments, error, &tape);
    arguments->job.tape = tape;
    if (result == 0)
        result = find_thinking(arguments, error);
    if (result == 0)
        result = rh_replay(&arguments->job, &interrupted, error, ret_sample);
    rh_free(tape);
    return result;
}

static int exit_status(const struct rh_sample *sample) {
    if (sample->end == RH_SAMPLE_MEASURED)
        return RH_EXIT_WELL;
    fprintf(stderr, "reheap: %s: %s\n", rh_sample_end_name(sample->end), sample->reason);
    return sample->end == RH_SAMPLE_WRONG ? RH_EXIT_SAYS_NO : RH_EXIT_FAILURE;
}

int rh_cli_replay(int argc, char **argv) {
    static const struct argp parser = {
        option_table,
        parse,
        "TRACE",
        "Replays a trace once on one allocator, in a process of its own.\v"
        "Exit status 3 when the allocator did something wrong.\n\n"
        "Examples:\n"
        "  reheap replay job.rht -a jemalloc\n"
        "  reheap replay job.rht -a jemalloc --env MALLOC_CONF=dirty_decay_ms:0 --pass memory\n"
        "  reheap replay job.rht -a preload:./libmine.so --pass check\n"
        "  reheap replay job.rht -a preload:./libmine.so --under gdb",
        NULL,
        NULL,
        NULL};
    static struct rh_sample sample;
    static struct rh_latency latency;
    struct arguments arguments = {
        .job = {.touch = RH_TOUCH_RECORDED, .latency = &latency, .splits = true}};
    argp_err_exit_status = RH_EXIT_USAGE;
    if (argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0)
        return RH_EXIT_USAGE;
    arguments.job.options = arguments.options;
    arguments.job.environment = arguments.environment;
    watch_signals(&arguments);
    struct rh_error error = {0};
    if (replay(&arguments, &error, &sample) < 0) {
        rh_result_trace_finish(&arguments.facts);
        return rh_cli_report(&error);
    }
    int printed = 0;
    if (!arguments.json)
        print_text(&arguments, &sample);
    else
        printed = rh_cli_replay_json(&(struct rh_cli_replayed){.job = &arguments.job,
                                                               .course = &arguments.course,
                                                               .found = &arguments.facts.think,
                                                               .sample = &sample});
    rh_result_trace_finish(&arguments.facts);
    return printed < 0 ? RH_EXIT_FAILURE : exit_status(&sample);
}
