/* world.c - made-up traces, libraries and workers. */
#include "tests/unit/experiment/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/unit/test.h"

static char directory[] = "/tmp/reheap-experiment-XXXXXX";
static unsigned results_made;

struct world world;

static volatile bool interrupted;

static int fake_open(const char *path, const struct rh_course *course, struct rh_error *error,
                     struct rh_result_trace *ret_facts, char **ret_tape) {
    (void)course;
    if (strstr(path, "bad") != NULL)
        return rh_fail(error, RH_ERR_FORMAT, "%s: byte 17: not a trace", path);
    bool is_b = strstr(path, "b.rht") != NULL;
    *ret_tape = rh_strdup(is_b ? "tape-b" : "tape");
    ret_facts->cpu_ns = is_b ? 2 * world.cpu_ns : world.cpu_ns;
    ret_facts->hash = rh_strdup(world.hash != NULL ? world.hash : "0123456789abcdef");
    ret_facts->source = rh_strdup("recorded");
    ret_facts->events = 1000;
    ret_facts->ops = 990;
    ret_facts->threads = 1;
    if (*ret_tape == NULL || ret_facts->hash == NULL || ret_facts->source == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a made-up trace");
    return 0;
}

static int fake_locate(const char *name, char *ret_path, size_t path_bytes, char *ret_reason,
                       size_t reason_bytes) {
    if (world.missing != NULL && strcmp(name, world.missing) == 0) {
        snprintf(ret_reason, reason_bytes, "%s is not installed", name);
        return -1;
    }
    snprintf(ret_path, path_bytes, "%s", "");
    return 0;
}

static int fake_version(const char *path, struct rh_error *error, char **ret_version) {
    const char *suffix = strstr(path, ".so.");
    *ret_version = suffix != NULL ? rh_strdup(suffix + 4) : NULL;
    return suffix == NULL || *ret_version != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory");
}

static int fake_replay(const struct rh_job *job, const volatile bool *flag, struct rh_error *error,
                       struct rh_sample *ret_sample) {
    (void)flag;
    world.jobs++;
    world.last = *job;
    if (world.watch != NULL)
        world.watch(job);
    if (world.jobs == world.no_worker_at)
        return rh_fail(error, RH_ERR_SYSTEM, "cannot start the worker");
    if (world.jobs == world.interrupt_at) {
        interrupted = true;
        return RH_ERR_INTERRUPTED;
    }
    usleep((useconds_t)world.sleep_ms * 1000);
    *ret_sample = (struct rh_sample){.version = RH_SAMPLE_VERSION,
                                     .end = RH_SAMPLE_MEASURED,
                                     .pass = (uint32_t)job->pass,
                                     .ops = 990,
                                     .user_ns = job->think.lines_per_ms * WORLD_LINE_NS,
                                     .system_ns = WORLD_PLAIN_NS,
                                     .failed_op = UINT64_MAX,
                                     .busy_ns = 9900,
                                     .wall_ns = 10000};
    snprintf(ret_sample->object, sizeof(ret_sample->object), "/lib/%s.so.3", job->allocator);
    for (uint32_t i = 0; job->pass == RH_PASS_MEMORY && i < world.marks; i++)
        ret_sample->marks[ret_sample->mark_count++] = (struct rh_mark){.op = i};
    assert_int_equal(job->latency != NULL, job->pass == RH_PASS_LATENCY);
    if (job->latency != NULL)
        *job->latency = (struct rh_latency){
            .samples = 1, .entry_count = 1, .entries = {{.bin = (uint16_t)world.jobs, .count = 1}}};
    if (world.crash != NULL && strcmp(job->allocator, world.crash) == 0) {
        ret_sample->end = RH_SAMPLE_CRASHED;
        ret_sample->signal = 11;
        snprintf(ret_sample->reason, sizeof(ret_sample->reason), "signal 11");
    }
    if (world.hang != NULL && strcmp(job->allocator, world.hang) == 0)
        ret_sample->end = RH_SAMPLE_TIMED_OUT;
    return 0;
}

static void note_progress(void *context, const struct rh_experiment_progress *progress) {
    assert_ptr_equal(context, &world);
    world.progress_calls++;
    world.last_done = (int)progress->done;
    assert_true((progress->done == progress->total) == (progress->allocator == NULL));
}

static int fake_examine(struct rh_error *error, struct rh_result_finding **ret_findings,
                        size_t *ret_count) {
    struct rh_result_finding *finding = rh_alloc_zeroed(1, sizeof(*finding));
    if (finding == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory");
    *finding = (struct rh_result_finding){
        .name = rh_strdup("weather"),
        .value = rh_strdup("rain"),
        .verdict = RH_FINDING_WARNING,
        .why = rh_strdup("it is wet"),
        .fix = rh_strdup("take an umbrella"),
    };
    if (finding->name == NULL || finding->value == NULL || finding->why == NULL ||
        finding->fix == NULL) {
        rh_result_findings_free(finding, 1);
        return rh_fail(error, RH_ERR_MEMORY, "no memory");
    }
    *ret_findings = finding;
    *ret_count = 1;
    return 0;
}

static void note_warning(void *context, const struct rh_result_finding *findings, size_t count) {
    assert_ptr_equal(context, &world);
    assert_string_equal(findings[0].value, "rain");
    world.warnings += count;
}

static int fake_locate_program(const char *name, char *ret_path, size_t path_bytes,
                               char *ret_reason, size_t reason_bytes) {
    if (strcmp(name, "preload:y.so") == 0) {
        snprintf(ret_reason, reason_bytes, "y is no malloc");
        return -1;
    }
    snprintf(ret_path, path_bytes, "/lib/%s%s", name,
             world.library_suffix != NULL ? world.library_suffix : "");
    return 0;
}

static int fake_run_program(const struct rh_program_job *job, const volatile bool *flag,
                            struct rh_error *error, struct rh_program_sample *ret_sample) {
    (void)flag;
    (void)error;
    if (++world.programs == world.interrupt_program_at) {
        interrupted = true;
        return RH_ERR_INTERRUPTED;
    }
    memset(ret_sample, 0, sizeof(*ret_sample));
    ret_sample->end = RH_SAMPLE_MEASURED;
    ret_sample->wall_ns = 5000;
    ret_sample->mark_count = 2;
    bool lies = world.liar != NULL && strstr(job->library, world.liar) != NULL;
    ret_sample->output_hash = lies ? 8 : 7;
    return 0;
}

const struct rh_experiment_seams world_seams = {
    .open_trace = fake_open,
    .locate = fake_locate,
    .version = fake_version,
    .examine = fake_examine,
    .locate_program = fake_locate_program,
    .run_program = fake_run_program,
    .replay = fake_replay,
};

static int write_file(const char *name) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    return file != NULL ? fclose(file) : -1;
}

int world_set_up(void **state) {
    (void)state;
    return mkdtemp(directory) != NULL && write_file("a.rht") == 0 && write_file("b.rht") == 0 &&
                   write_file("bad.rht") == 0
               ? 0
               : -1;
}

int world_tear_down(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

int world_reset(void **state) {
    (void)state;
    memset(&world, 0, sizeof(world));
    interrupted = false;
    return 0;
}

/* Two traces, three allocators, four rounds of which one with a memory pass. */
struct rh_plan *world_plan(const char *traces) {
    char text[512];
    char path[WORLD_PATH_BYTES];
    world_path(path, "plan.yaml");
    snprintf(text, sizeof(text),
             "title: t\nseed: 5\nrounds: 4\nmemory_rounds: 1\ntraces: %s\n"
             "allocators: [glibc, {preload: x.so, environment: {A: 1}}, {preload: y.so}]\n",
             traces);
    struct rh_plan *plan = NULL;
    struct rh_error error = {0};
    int result = rh_plan_parse(text, strlen(text), path, &error, &plan);
    if (result < 0)
        print_message("# %s\n", error.message);
    assert_int_equal(result, 0);
    return plan;
}

void world_path(char ret_path[WORLD_PATH_BYTES], const char *name) {
    snprintf(ret_path, WORLD_PATH_BYTES, "%s/%s", directory, name);
}

void world_new_result(char ret_path[WORLD_PATH_BYTES]) {
    snprintf(ret_path, WORLD_PATH_BYTES, "%s/result-%u", directory, results_made++);
}

static struct rh_experiment_options options_of(const char *path) {
    return (struct rh_experiment_options){
        .directory = path,
        .command = "reheap run plan.yaml",
        .interrupted = &interrupted,
        .progress = note_progress,
        .warn = note_warning,
        .context = &world,
        .seams = &world_seams,
    };
}

int world_run(const char *path, const struct rh_plan *plan, struct rh_error *error,
              struct rh_experiment_outcome *ret_outcome) {
    struct rh_experiment_options options = options_of(path);
    return rh_experiment_run(plan, &options, error, ret_outcome);
}

int world_resume(const char *path, struct rh_error *error,
                 struct rh_experiment_outcome *ret_outcome) {
    struct rh_experiment_options options = options_of(path);
    return rh_experiment_resume(&options, error, ret_outcome);
}

struct rh_result *world_load(const char *path) {
    struct rh_result *result = NULL;
    struct rh_error error = {0};
    int status = rh_result_load(path, &error, &result);
    if (status < 0)
        print_message("# %s\n", error.message);
    assert_int_equal(status, 0);
    return result;
}
