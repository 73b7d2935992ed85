/* judge.c - how a run of a program ended, and what it measured. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memory.h"
#include "program/internal.h"

enum { REPORT_BYTES_MOST = 1 << 16, TAIL_BYTES = 240 };

void rh_program_end(struct rh_program_sample *sample, enum rh_sample_end end, const char *format,
                    ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sample->reason, sizeof(sample->reason), format, arguments);
    va_end(arguments);
    sample->end = (uint32_t)end;
}

/* ---- what hyperfine wrote ---- */

/* The number behind "KEY": in hyperfine's file, in seconds. */
static bool find_seconds(const char *text, const char *key, uint64_t *ret_ns) {
    char quoted[32];
    snprintf(quoted, sizeof(quoted), "\"%s\":", key);
    const char *found = strstr(text, quoted);
    if (found == NULL)
        return false;
    char *end = NULL;
    double seconds = strtod(found + strlen(quoted), &end);
    if (end == found + strlen(quoted) || seconds < 0 || seconds > 1e9)
        return false;
    *ret_ns = (uint64_t)(seconds * 1e9 + 0.5);
    return true;
}

static bool read_hyperfine(const char *path, struct rh_program_sample *sample) {
    char *text = NULL;
    if (rh_file_read(path, REPORT_BYTES_MOST, NULL, &text, NULL) < 0)
        return false;
    bool whole = find_seconds(text, "mean", &sample->wall_ns) &&
                 find_seconds(text, "user", &sample->user_ns) &&
                 find_seconds(text, "system", &sample->system_ns);
    rh_free(text);
    return whole;
}

/* ---- what the launcher wrote ---- */

struct report {
    uint64_t pid;
    int failure, status;
};

static void take_mark(const char *line, struct rh_program_sample *sample) {
    uint32_t at = sample->mark_count;
    if (at < RH_PROGRAM_MARKS && sscanf(line, "mark %" SCNu64 " %" SCNu64, &sample->mark_ns[at],
                                        &sample->mark_bytes[at]) == 2)
        sample->mark_count++;
}

static void take_line(const char *line, struct report *report, struct rh_program_sample *sample) {
    const struct {
        const char *key;
        uint64_t *place;
    } figures[] = {
        {"pid %" SCNu64, &report->pid},
        {"peak_bytes %" SCNu64, &sample->peak_bytes},
        {"minor_faults %" SCNu64, &sample->minor_faults},
        {"major_faults %" SCNu64, &sample->major_faults},
        {"voluntary_switches %" SCNu64, &sample->voluntary_switches},
        {"involuntary_switches %" SCNu64, &sample->involuntary_switches},
    };
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        size_t length = strcspn(figures[i].key, " ") + 1;
        if (strncmp(line, figures[i].key, length) == 0)
            *figures[i].place = strtoull(line + length, NULL, 10);
    }
    if (strncmp(line, "failure ", 8) == 0)
        report->failure = (int)strtol(line + 8, NULL, 10);
    if (strncmp(line, "status ", 7) == 0)
        report->status = (int)strtol(line + 7, NULL, 10);
    take_mark(line, sample);
}

static bool read_report(const char *path, struct report *report, struct rh_program_sample *sample) {
    char *text = NULL;
    if (rh_file_read(path, REPORT_BYTES_MOST, NULL, &text, NULL) < 0)
        return false;
    for (char *line = text; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        take_line(line, report, sample);
        line = end != NULL ? end + 1 : NULL;
    }
    rh_free(text);
    return report->pid != 0;
}

/* ---- judging ---- */

/* The last line that the program or hyperfine wrote, for a sentence. */
static void last_line(const char *path, char ret_line[TAIL_BYTES]) {
    struct rh_file_map map = {0};
    ret_line[0] = '\0';
    if (rh_file_map(path, 0, NULL, &map) < 0 || map.data == NULL)
        return;
    const char *text = (const char *)map.data;
    size_t end = map.bytes;
    while (end > 0 && text[end - 1] == '\n')
        end--;
    size_t start = end;
    while (start > 0 && text[start - 1] != '\n' && end - start < TAIL_BYTES - 1)
        start--;
    memcpy(ret_line, text + start, end - start);
    ret_line[end - start] = '\0';
    rh_file_unmap(&map);
}

static int note_output(const struct rh_program_files *files, struct rh_error *error,
                       struct rh_program_sample *sample) {
    char hash[RH_HASH_TEXT_BYTES];
    struct rh_file_map map = {0};
    rh_try(rh_file_map(files->output, 0, error, &map));
    sample->output_bytes = map.bytes;
    rh_file_unmap(&map);
    rh_try(rh_file_hash(files->output, error, hash));
    sample->output_hash = strtoull(hash, NULL, 16);
    return 0;
}

static void judge_end(const struct rh_program_job *job, const struct rh_program_files *files,
                      const struct report *report, struct rh_program_sample *sample) {
    char line[TAIL_BYTES];
    last_line(files->errors, line);
    if (report->failure != 0) {
        rh_program_end(sample, RH_SAMPLE_FAILED, "cannot run %.200s: %s", job->words[0],
                       strerror(report->failure));
    } else if (WIFSIGNALED(report->status)) {
        sample->signal = WTERMSIG(report->status);
        rh_program_end(sample, RH_SAMPLE_CRASHED, "signal %d (%s)%s%s", sample->signal,
                       strsignal(sample->signal), line[0] != '\0' ? ": " : "", line);
    } else if (WIFEXITED(report->status) && (uint32_t)WEXITSTATUS(report->status) != job->status) {
        sample->status = (uint32_t)WEXITSTATUS(report->status);
        rh_program_end(sample, RH_SAMPLE_WRONG, "exit status %u, and %u is right%s%s",
                       sample->status, job->status, line[0] != '\0' ? ": " : "", line);
    } else {
        sample->status = (uint32_t)WEXITSTATUS(report->status);
        sample->end = RH_SAMPLE_MEASURED;
    }
}

int rh_program_judge(const struct rh_program_job *job, const struct rh_program_files *files,
                     const struct rh_program_spawn *spawn, struct rh_error *error,
                     struct rh_program_sample *sample) {
    struct report report = {0};
    char line[TAIL_BYTES];
    if (spawn->timed_out) {
        rh_program_end(sample, RH_SAMPLE_TIMED_OUT, "not finished after %.1f s",
                       (double)job->time_limit_ns / 1e9);
        return 0;
    }
    last_line(files->log, line);
    if (!read_report(files->report, &report, sample)) {
        rh_program_end(sample, RH_SAMPLE_FAILED, "hyperfine did not run the program: %s", line);
        return 0;
    }
    judge_end(job, files, &report, sample);
    if (sample->end != RH_SAMPLE_MEASURED)
        return 0;
    if (!read_hyperfine(job->json, sample)) {
        rh_program_end(sample, RH_SAMPLE_FAILED, "hyperfine left no figures: %s", line);
        return 0;
    }
    rh_program_prove(job, files->witness, report.pid, sample);
    return note_output(files, error, sample);
}
