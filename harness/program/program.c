/* program.c - one run of a program: its job, hyperfine, and what is left behind. */
#include "program/program.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator/registry.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "measure/settings.h"
#include "program/internal.h"

#define WITNESS "libreheap-witness.so"
#define SBRK    "libreheap-sbrk.so"
#define LAUNCH  "reheap-launch"

/* ---- files ---- */

int rh_program_files_init(struct rh_program_files *files, struct rh_error *error) {
    const char *top = getenv("TMPDIR");
    if (top == NULL || strlen(top) > 40)
        top = "/tmp";
    snprintf(files->directory, sizeof(files->directory), "%s/reheap-XXXXXX", top);
    if (mkdtemp(files->directory) == NULL)
        return rh_fail_errno(error, "cannot make a directory in %s", top);
    snprintf(files->job, sizeof(files->job), "%s/job", files->directory);
    snprintf(files->report, sizeof(files->report), "%s/report", files->directory);
    snprintf(files->output, sizeof(files->output), "%s/output", files->directory);
    snprintf(files->errors, sizeof(files->errors), "%s/errors", files->directory);
    snprintf(files->witness, sizeof(files->witness), "%s/witness", files->directory);
    snprintf(files->log, sizeof(files->log), "%s/log", files->directory);
    return rh_file_write(files->witness, "", 0, error);
}

void rh_program_files_finish(struct rh_program_files *files) {
    const char *const paths[] = {files->job,    files->report,  files->output,
                                 files->errors, files->witness, files->log};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        unlink(paths[i]);
    rmdir(files->directory);
}

int rh_program_find(const char *name, struct rh_error *error, char *ret_path, size_t bytes) {
    static const char *const directories[] = {".",
                                              "../program",
                                              "../../allocator",
                                              "../harness/program",
                                              RH_LIBEXEC_FROM_BIN,
                                              RH_LIB_FROM_BIN,
                                              RH_LIBEXEC,
                                              RH_LIBDIR};
    char self[PATH_MAX];
    rh_try(rh_path_of_self(self, sizeof(self), error));
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        char path[2 * PATH_MAX];
        char real[PATH_MAX];
        bool absolute = directories[i][0] == '/';
        snprintf(path, sizeof(path), "%s%s%s/%s", absolute ? "" : self, absolute ? "" : "/",
                 directories[i], name);
        if (access(path, R_OK) == 0 && realpath(path, real) != NULL) {
            snprintf(ret_path, bytes, "%s", real);
            return 0;
        }
    }
    return rh_fail(error, RH_ERR_MISSING, "%s is neither beside the program (%s) nor in %s", name,
                   self, RH_LIBEXEC);
}

int rh_program_locate(const char *name, char *ret_path, size_t path_bytes, char *ret_reason,
                      size_t reason_bytes) {
    struct rh_error error = {0};
    char reason[256];
    const struct rh_allocator_ops *ops = rh_registry_find(name, reason, sizeof(reason));
    bool is_static = ops != NULL && (ops->flags & RH_ALLOCATOR_STATIC_WORKER) != 0;
    *ret_path = '\0';
    if (strcmp(name, "sbrk") == 0) {
        if (rh_program_find(SBRK, &error, ret_path, path_bytes) == 0)
            return 0;
        snprintf(ret_reason, reason_bytes, "%s", error.message);
        return -1;
    }
    if (strncmp(name, "plugin:", 7) == 0 || is_static || strcmp(name, "sbrk-zig") == 0) {
        snprintf(ret_reason, reason_bytes, "%s is no malloc that a program could be given", name);
        return -1;
    }
    if (rh_registry_locate(name, ret_path, path_bytes, ret_reason, reason_bytes) != 0)
        return -1;
    /* TBB's library has functions of its own; the one beside it is the malloc. */
    char *plain = strstr(ret_path, "libtbbmalloc.so");
    char proxy[PATH_MAX];
    char real[PATH_MAX];
    if (plain == NULL)
        return 0;
    snprintf(proxy, sizeof(proxy), "%.*slibtbbmalloc_proxy.so.2", (int)(plain - ret_path),
             ret_path);
    if (realpath(proxy, real) == NULL) {
        snprintf(ret_reason, reason_bytes, "cannot find %s", proxy);
        return -1;
    }
    snprintf(ret_path, path_bytes, "%s", real);
    return 0;
}

/* ---- the job ---- */

static void add_text(struct rh_text *text, const char *string) {
    rh_text_addf(text, "%s", string);
    rh_text_add_bytes(text, "", 1);
}

/* Everything in it is for the program alone: neither hyperfine nor the launcher has the allocator.
 */
static int write_job(const struct rh_program_job *job, const struct rh_program_files *files,
                     struct rh_error *error) {
    char witness[PATH_MAX];
    struct rh_text text = {0};
    rh_try(rh_program_find(WITNESS, error, witness, sizeof(witness)));
    add_text(&text, files->report);
    add_text(&text, job->input != NULL ? job->input : "/dev/null");
    add_text(&text, files->output);
    add_text(&text, files->errors);
    rh_text_addf(&text, "LD_PRELOAD=%s%s%s", job->library, job->library[0] != '\0' ? ":" : "",
                 witness);
    rh_text_add_bytes(&text, "", 1);
    rh_text_addf(&text, "REHEAP_WITNESS=%s", files->witness);
    rh_text_add_bytes(&text, "", 1);
    if (job->padding_bytes > 0) {
        rh_text_addf(&text, "REHEAP_PADDING=%0*d", (int)job->padding_bytes, 0);
        rh_text_add_bytes(&text, "", 1);
    }
    for (int i = 0; i < 2; i++)
        for (const char *const *entry = job->environment[i]; entry != NULL && *entry != NULL;
             entry++)
            add_text(&text, *entry);
    rh_text_add_bytes(&text, "", 1);
    for (const char *const *word = job->words; *word != NULL; word++)
        add_text(&text, *word);
    rh_text_add_bytes(&text, "", 1);
    int result = text.failed != 0 ? rh_fail(error, RH_ERR_MEMORY, "no memory for a job")
                                  : rh_file_write(files->job, text.data, text.length, error);
    rh_text_finish(&text);
    return result;
}

/* ---- hyperfine ---- */

/* The user's own environment without settings of allocators; NULL-terminated, entries borrowed. */
static char **clean_environment(void) {
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **clean = rh_alloc_zeroed(count + 1, sizeof(*clean));
    size_t kept = 0;
    for (size_t i = 0; clean != NULL && i < count; i++)
        if (!rh_is_allocator_setting(environ[i]))
            clean[kept++] = environ[i];
    return clean;
}

/* hyperfine divides its commands like a shell does. */
static void add_shell(struct rh_text *text, const char *command) {
    rh_text_add(text, "sh -c ");
    rh_text_add_quoted(text, command);
}

struct command {
    char *words[16];
    struct rh_text launch, prepare, cleanup;
};

static int make_command(const struct rh_program_job *job, const struct rh_program_files *files,
                        struct rh_error *error, struct command *command) {
    static const char *const fixed[] = {"hyperfine", "-N",   "--runs",       "1",
                                        "--style",   "none", "--export-json"};
    char launch[PATH_MAX];
    rh_try(rh_program_find(LAUNCH, error, launch, sizeof(launch)));
    size_t count = 0;
    for (; count < sizeof(fixed) / sizeof(fixed[0]); count++)
        command->words[count] = (char *)fixed[count];
    command->words[count++] = (char *)job->json;
    if (job->prepare != NULL) {
        add_shell(&command->prepare, job->prepare);
        command->words[count++] = (char *)"--prepare";
        command->words[count++] = command->prepare.data;
    }
    if (job->cleanup != NULL) {
        add_shell(&command->cleanup, job->cleanup);
        command->words[count++] = (char *)"--cleanup";
        command->words[count++] = command->cleanup.data;
    }
    rh_text_add_quoted(&command->launch, launch);
    rh_text_add(&command->launch, " ");
    rh_text_add_quoted(&command->launch, files->job);
    command->words[count++] = command->launch.data;
    bool failed = (command->launch.failed | command->prepare.failed | command->cleanup.failed) != 0;
    return failed ? rh_fail(error, RH_ERR_MEMORY, "no memory for a command") : 0;
}

static int run(const struct rh_program_job *job, const struct rh_program_files *files,
               char **environment, const volatile bool *interrupted, struct rh_error *error,
               struct rh_program_spawn *ret_spawn) {
    struct command command = {0};
    int result = make_command(job, files, error, &command);
    *ret_spawn = (struct rh_program_spawn){
        .words = command.words,
        .environment = environment,
        .directory = job->directory,
        .input = "/dev/null",
        .output = files->log,
        .time_limit_ns = job->time_limit_ns,
    };
    if (result == 0) {
        result = rh_program_spawn(ret_spawn, interrupted, error);
        if (result == RH_ERR_SYSTEM)
            rh_error_prefix(error, "hyperfine runs the programs (Debian's package hyperfine)");
    }
    rh_text_finish(&command.launch);
    rh_text_finish(&command.prepare);
    rh_text_finish(&command.cleanup);
    return result;
}

/* The plan's own check of the output: a shell command that reads it. */
static int check_output(const struct rh_program_job *job, const struct rh_program_files *files,
                        char **environment, const volatile bool *interrupted,
                        struct rh_error *error, struct rh_program_sample *sample) {
    char shell[] = "sh";
    char option[] = "-c";
    char *words[] = {shell, option, (char *)job->check, NULL};
    struct rh_program_spawn spawn = {
        .words = words,
        .environment = environment,
        .directory = job->directory,
        .input = files->output,
        .output = files->log,
        .time_limit_ns = job->time_limit_ns,
    };
    rh_try(rh_program_spawn(&spawn, interrupted, error));
    if (spawn.timed_out)
        rh_program_end(sample, RH_SAMPLE_FAILED, "the check of the output took too long");
    else if (!WIFEXITED(spawn.status) || WEXITSTATUS(spawn.status) != 0)
        rh_program_end(sample, RH_SAMPLE_WRONG, "the check of the output says no: %.200s",
                       job->check);
    return 0;
}

static int run_all(const struct rh_program_job *job, const struct rh_program_files *files,
                   char **environment, const volatile bool *interrupted, struct rh_error *error,
                   struct rh_program_sample *sample) {
    struct rh_program_spawn spawn;
    rh_try(write_job(job, files, error));
    rh_try(run(job, files, environment, interrupted, error, &spawn));
    rh_try(rh_program_judge(job, files, &spawn, error, sample));
    if (job->check == NULL || sample->end != RH_SAMPLE_MEASURED)
        return 0;
    return check_output(job, files, environment, interrupted, error, sample);
}

int rh_program_run(const struct rh_program_job *job, const volatile bool *interrupted,
                   struct rh_error *error, struct rh_program_sample *ret_sample) {
    rh_assert(job->words[0] != NULL && job->directory != NULL && job->library != NULL);
    rh_assert(job->json != NULL);
    struct rh_program_files files = {0};
    memset(ret_sample, 0, sizeof(*ret_sample));
    rh_try(rh_program_files_init(&files, error));
    char **environment = clean_environment();
    int result = environment != NULL
                     ? run_all(job, &files, environment, interrupted, error, ret_sample)
                     : rh_fail(error, RH_ERR_MEMORY, "no memory for an environment");
    rh_free(environment);
    rh_program_files_finish(&files);
    return result;
}
