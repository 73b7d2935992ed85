/* proof.c - what the witness in the program wrote, against what was to be preloaded. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "program/internal.h"

enum { WITNESS_BYTES_MOST = 4 << 20 };

/* The functions without which a library is no malloc, and those that it may lack. */
static const char *const needed[] = {"malloc", "calloc", "realloc", "free"};
static const char *const extra[] = {"posix_memalign", "aligned_alloc"};

/* The owner of a function in the last image of the process, in `ret_owner`. */
static bool find_owner(const char *text, uint64_t pid, const char *function, char *ret_owner) {
    char start[64];
    snprintf(start, sizeof(start), "%llu %s ", (unsigned long long)pid, function);
    bool found = false;
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        if (end != NULL && strncmp(line, start, strlen(start)) == 0) {
            const char *owner = line + strlen(start);
            snprintf(ret_owner, PATH_MAX, "%.*s", (int)(end - owner), owner);
            found = true;
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return found;
}

static bool is_libc(const char *path) {
    return strncmp(rh_path_base(path), "libc.so", 7) == 0 ||
           strncmp(rh_path_base(path), "libc-", 5) == 0;
}

static bool is_library(const struct rh_program_job *job, const char *owner) {
    if (job->library[0] == '\0')
        return is_libc(owner);
    char wanted[PATH_MAX];
    char given[PATH_MAX];
    return realpath(job->library, wanted) != NULL && realpath(owner, given) != NULL &&
           strcmp(wanted, given) == 0;
}

static void judge(const struct rh_program_job *job, const char *text, uint64_t pid,
                  struct rh_program_sample *sample) {
    char owner[PATH_MAX];
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!find_owner(text, pid, needed[i], owner)) {
            rh_program_end(sample, RH_SAMPLE_NOT_LOADED,
                           "%.200s took no preloaded library: it is linked statically, or drops "
                           "LD_PRELOAD",
                           job->words[0]);
            return;
        }
        if (i == 0)
            snprintf(sample->object, sizeof(sample->object), "%.*s",
                     (int)sizeof(sample->object) - 1, owner);
        if (!is_library(job, owner)) {
            rh_program_end(sample, RH_SAMPLE_NOT_LOADED, "%s lies in %.200s, not in %.200s",
                           needed[i], owner, job->library[0] != '\0' ? job->library : "libc");
            return;
        }
    }
    for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
        if (find_owner(text, pid, extra[i], owner) && !is_library(job, owner))
            rh_program_end(sample, RH_SAMPLE_MEASURED, "%s lies in %.200s", extra[i], owner);
}

void rh_program_prove(const struct rh_program_job *job, const char *witness, uint64_t pid,
                      struct rh_program_sample *sample) {
    char *text = NULL;
    if (rh_file_read(witness, WITNESS_BYTES_MOST, NULL, &text, NULL) < 0) {
        rh_program_end(sample, RH_SAMPLE_FAILED, "the witness's file cannot be read");
        return;
    }
    judge(job, text, pid, sample);
    rh_free(text);
}
