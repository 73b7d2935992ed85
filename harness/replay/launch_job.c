/* launch_job.c - the job in the form that the worker reads without allocating. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/groups.h"
#include "compile/tape.h"
#include "replay/launch.h"

/* Adds the text and its NUL; its offset. */
static int add_text(struct rh_shared *shared, const char *text, struct rh_error *error,
                    uint32_t *ret_offset) {
    size_t bytes = strlen(text) + 1;
    if (shared->text_bytes == 0)
        shared->text_bytes = 1; /* offset 0 is "" */
    if (bytes > RH_SHARED_TEXT_BYTES - shared->text_bytes)
        return rh_fail(error, RH_ERR_LIMIT,
                       "the paths and options of a job are longer than %d bytes",
                       RH_SHARED_TEXT_BYTES);
    memcpy(shared->text + shared->text_bytes, text, bytes);
    *ret_offset = shared->text_bytes;
    shared->text_bytes += (uint32_t)bytes;
    return 0;
}

int rh_launch_add_text(struct rh_launch *launch, const char *text, struct rh_error *error,
                       uint32_t *ret_offset) {
    return add_text(launch->shared, text, error, ret_offset);
}

static int add_options(struct rh_shared *shared, const char *const *options,
                       struct rh_error *error) {
    for (; options != NULL && *options != NULL; options++) {
        if (shared->option_count == RH_SHARED_OPTIONS)
            return rh_fail(error, RH_ERR_LIMIT, "more than %d options for an allocator",
                           RH_SHARED_OPTIONS);
        rh_try(add_text(shared, *options, error, &shared->options[shared->option_count]));
        shared->option_count++;
    }
    return 0;
}

static int read_number(const char **at, uint64_t *ret_number) {
    if (**at < '0' || **at > '9')
        return RH_ERR_INVALID;
    uint64_t number = 0;
    for (; **at >= '0' && **at <= '9' && number < 1000000; (*at)++)
        number = number * 10 + (uint64_t)(**at - '0');
    *ret_number = number;
    return 0;
}

static int refuse_cpus(const char *text, struct rh_error *error) {
    return rh_fail(error, RH_ERR_INVALID,
                   "\"%s\" is no list of CPUs: write numbers below %d and ranges, as in \"0-1,3\"",
                   text, RH_SHARED_CPU_WORDS * 64);
}

int rh_launch_parse_cpus(const char *text, uint64_t ret_cpus[RH_SHARED_CPU_WORDS],
                         struct rh_error *error) {
    uint64_t cpus[RH_SHARED_CPU_WORDS] = {0};
    const char *at = text;
    do {
        uint64_t first = 0, last = 0;
        if (read_number(&at, &first) < 0)
            return refuse_cpus(text, error);
        last = first;
        if (*at == '-' && (at++, read_number(&at, &last) < 0))
            return refuse_cpus(text, error);
        if (first > last || last >= RH_SHARED_CPU_WORDS * 64)
            return refuse_cpus(text, error);
        for (uint64_t cpu = first; cpu <= last; cpu++)
            cpus[cpu / 64] |= UINT64_C(1) << (cpu % 64);
    } while (*at == ',' && at++);
    if (*at != '\0')
        return refuse_cpus(text, error);
    memcpy(ret_cpus, cpus, sizeof(cpus));
    return 0;
}

/* Passes that count system calls are not timed: the kernel fetches what they read, and no call of
 * ours is among the counted ones. */
static uint64_t choose_window(const struct rh_job *job) {
    struct rh_tape tape = {0};
    if (job->pass == RH_PASS_SYSCALLS || rh_tape_open(job->tape, false, NULL, &tape) < 0)
        return 0; /* the worker says what is wrong with it */
    uint64_t memory_bytes = job->memory_bytes != 0 ? job->memory_bytes : rh_memory_available("");
    uint64_t window_words =
        rh_tape_choose_window(tape.map.bytes, memory_bytes, tape.header->threads_peak);
    rh_tape_close(&tape);
    return window_words;
}

int rh_launch_write_job(struct rh_launch *launch, const struct rh_job *job, const char *library,
                        struct rh_error *error) {
    struct rh_shared *shared = launch->shared;
    rh_assert(shared != NULL);
    shared->version = RH_SHARED_VERSION;
    shared->pass = job->pass;
    shared->touch = job->touch;
    shared->pace = job->pace;
    shared->think = job->think;
    shared->tape_window_words = choose_window(job);
    shared->counts_live = job->counts_live || job->pass == RH_PASS_MEMORY;
    shared->checked = job->checked || job->pass == RH_PASS_CHECK;
    shared->quick_idle = job->quick_idle;
    shared->splits = job->splits;
    shared->sample_seed = job->sample_seed;
    shared->parent_pid = job->under != NULL ? 0 : (uint32_t)getpid();
    if (job->cpus != NULL)
        rh_try(rh_launch_parse_cpus(job->cpus, shared->cpus, error));
    rh_try(add_text(shared, job->tape, error, &shared->tape));
    rh_try(add_text(shared, job->allocator, error, &shared->allocator));
    rh_try(add_text(shared, library, error, &shared->library));
    return add_options(shared, job->options, error);
}
