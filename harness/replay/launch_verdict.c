/* launch_verdict.c - how a worker ended, where it could not say so itself. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/text.h"
#include "replay/launch.h"

enum { LOG_BYTES = 1024, LOG_LINE_BYTES = 160 };

static const char *stage_text(const struct rh_shared *shared) {
    static const char *const texts[RH_STAGES] = {
#define X(name, text) [RH_STAGE_##name] = text,
        RH_STAGE_MAP(X)
#undef X
    };
    uint32_t stage = atomic_load(&shared->stage);
    return stage < RH_STAGES ? texts[stage] : "at an unknown stage";
}

/* The last line that was printed, without what a terminal would obey. */
static void read_last_line(int log_fd, char line[LOG_LINE_BYTES]) {
    char log[LOG_BYTES];
    line[0] = '\0';
    off_t end = lseek(log_fd, 0, SEEK_END);
    off_t begin = end > LOG_BYTES ? end - LOG_BYTES : 0;
    ssize_t length = pread(log_fd, log, LOG_BYTES, begin);
    while (length > 0 && (log[length - 1] == '\n' || log[length - 1] == '\0'))
        length--;
    ssize_t first = length;
    while (first > 0 && log[first - 1] != '\n')
        first--;
    size_t count = 0;
    for (ssize_t i = first; i < length && count < LOG_LINE_BYTES - 1; i++)
        line[count++] = log[i] >= ' ' && log[i] <= '~' ? log[i] : '?';
    line[count] = '\0';
}

static void describe_place(const struct rh_shared *shared, struct rh_text *text) {
    if (shared->crashed_thread != 0)
        rh_text_addf(text, " in the %s that is operation %" PRIu64 " of thread %" PRIu32,
                     rh_tape_op_name(shared->crashed_op), shared->sample.failed_op,
                     shared->crashed_thread - 1);
    else
        rh_text_addf(text, " %s", stage_text(shared));
}

static const char *signal_name(int number) {
    const char *name = sigabbrev_np(number);
    return name != NULL ? name : "an unknown signal";
}

static void judge_signal(const struct rh_launch *launch, struct rh_sample *sample,
                         struct rh_text *text) {
    int number = WTERMSIG(launch->status);
    sample->end = RH_SAMPLE_CRASHED;
    sample->signal = number;
    rh_text_addf(text, "SIG%s", signal_name(number));
    describe_place(launch->shared, text);
    if (number == SIGKILL)
        rh_text_add(text, "; somebody killed it, perhaps the kernel for want of memory");
}

static void judge_exit(const struct rh_launch *launch, struct rh_sample *sample,
                       struct rh_text *text) {
    sample->end = RH_SAMPLE_FAILED;
    rh_text_addf(text, "%s ended with status %d", launch->under ? launch->under : "the worker",
                 WEXITSTATUS(launch->status));
    if (launch->under != NULL)
        rh_text_add(text, " and took the worker with it");
    describe_place(launch->shared, text);
}

/* ---- out of time, or at a standstill ---- */

/* The block that the op makes, grows or frees. */
static void describe_object(const struct rh_tape *tape, uint64_t position, struct rh_text *text) {
    if (position >= tape->header->ops_end)
        return;
    const uint64_t *op = &tape->words[position];
    unsigned kind = rh_tape_kind(*op);
    if (!rh_tape_op_counts[kind])
        return;
    struct rh_tape_change change = rh_tape_change_of(op);
    uint64_t size = change.objects < 0 ? change.old_bytes : change.new_bytes;
    rh_text_addf(text, " (%s of %" PRIu64 " bytes, slot %" PRIu32 ")", rh_tape_op_name(kind), size,
                 rh_tape_slot(*op));
}

/* What the thread will do when its wait is over. */
static void describe_next(const struct rh_player *player, const struct rh_tape *tape,
                          struct rh_text *text) {
    enum { STEPS = 16 };
    uint64_t position = rh_launch_position(player);
    for (int i = 0; i < STEPS && position != 0 && position < tape->header->ops_end; i++) {
        if (rh_tape_op_counts[rh_tape_kind(tape->words[position])]) {
            rh_text_addf(text, " before its own operation %" PRIu64,
                         rh_tape_number(tape, player->thread, position));
            describe_object(tape, position, text);
            return;
        }
        if (rh_tape_op_words[rh_tape_kind(tape->words[position])] == 0)
            return;
        position = rh_tape_next(tape->words, position);
    }
}

static void describe_wait(const struct rh_player *player, uint32_t other,
                          const struct rh_tape *tape, struct rh_text *text) {
    uint64_t position = atomic_load(&player->waits_for_position);
    if (other == tape->header->threads)
        rh_text_addf(text,
                     "; thread %" PRIu32 " waits for slower threads: for the end of piece %" PRIu64
                     " of %" PRIu64 " of the order",
                     player->thread, position, tape->header->epochs);
    else
        rh_text_addf(text,
                     "; thread %" PRIu32 " waits for operation %" PRIu64 " of thread %" PRIu32,
                     player->thread, rh_tape_number(tape, other, position), other);
    if (other < tape->header->threads)
        describe_object(tape, position, text);
    describe_next(player, tape, text);
}

static void describe_waits(const struct rh_player *players, const struct rh_tape *tape,
                           struct rh_text *text) {
    enum { NAMED = 3 };
    uint64_t waiting = 0;
    for (uint64_t i = 0; i < tape->header->threads; i++) {
        uint32_t other = atomic_load(&players[i].waits_for_thread);
        if (other == 0 || other > tape->header->threads + 1)
            continue;
        if (waiting++ < NAMED)
            describe_wait(&players[i], other - 1, tape, text);
    }
    if (waiting > NAMED)
        rh_text_addf(text, "; and %" PRIu64 " more wait", waiting - NAMED);
}

static void describe_meetings(const struct rh_player *players, const struct rh_tape *tape,
                              struct rh_text *text) {
    uint64_t standing = 0, first = 0;
    for (uint64_t i = 0; i < tape->header->threads; i++) {
        uint64_t position = rh_launch_position(&players[i]);
        if (position == 0 || atomic_load(&players[i].published) == UINT64_MAX ||
            atomic_load(&players[i].waits_for_thread) != 0 || !rh_launch_meets(tape, position))
            continue;
        if (standing++ == 0)
            first = i;
    }
    if (standing > 0)
        rh_text_addf(
            text, "; %" PRIu64 " threads, the first is %" PRIu64 ", stand where all of them meet",
            standing, first);
}

/* Threads that were at work, and on what: an allocator that does not come back. */
static void describe_work(const struct rh_player *players, const struct rh_tape *tape,
                          struct rh_text *text) {
    enum { NAMED = 2 };
    int named = 0;
    for (uint64_t i = 0; i < tape->header->threads && named < NAMED; i++) {
        uint64_t position = rh_launch_position(&players[i]);
        if (position == 0 || position >= tape->header->ops_end ||
            atomic_load(&players[i].published) == UINT64_MAX ||
            !rh_tape_op_counts[rh_tape_kind(tape->words[position])])
            continue;
        named++;
        rh_text_addf(text, "; thread %" PRIu64 " is in the %s that is its operation %" PRIu64, i,
                     rh_tape_op_name(rh_tape_kind(tape->words[position])),
                     rh_tape_number(tape, i, position));
    }
}

/* Who waited for whom, from what the dead worker left. */
static void explain_waits(const struct rh_launch *launch, const struct rh_job *job,
                          struct rh_text *text) {
    struct rh_tape tape = {0};
    const struct rh_player *players = NULL;
    size_t bytes = 0;
    if (launch->shared->player_count == 0 || rh_tape_open(job->tape, false, NULL, &tape) < 0)
        return;
    if (rh_launch_players(launch, tape.header->threads, &players, &bytes) == 0) {
        describe_waits(players, &tape, text);
        describe_meetings(players, &tape, text);
        describe_work(players, &tape, text);
        munmap((void *)(uintptr_t)players, bytes);
    }
    rh_tape_close(&tape);
}

static void judge_standstill(const struct rh_launch *launch, const struct rh_job *job,
                             struct rh_sample *sample, struct rh_text *text) {
    sample->end = RH_SAMPLE_FAILED;
    rh_text_add(text, "no thread can go on");
    explain_waits(launch, job, text);
}

static void judge_time(const struct rh_launch *launch, const struct rh_job *job,
                       struct rh_sample *sample, struct rh_text *text) {
    char limit[RH_HUMAN_BYTES];
    sample->end = RH_SAMPLE_TIMED_OUT;
    rh_text_addf(text, "killed after %s %s", rh_human_ns(limit, (double)job->time_limit_ns),
                 stage_text(launch->shared));
    explain_waits(launch, job, text);
}

void rh_launch_judge(struct rh_launch *launch, const struct rh_job *job,
                     struct rh_sample *ret_sample) {
    struct rh_sample *sample = &launch->shared->sample;
    if (sample->end == RH_SAMPLE_UNFINISHED) {
        struct rh_text text = {0};
        char line[LOG_LINE_BYTES];
        read_last_line(launch->log_fd, line);
        if (launch->stuck)
            judge_standstill(launch, job, sample, &text);
        else if (launch->timed_out)
            judge_time(launch, job, sample, &text);
        else if (WIFSIGNALED(launch->status))
            judge_signal(launch, sample, &text);
        else
            judge_exit(launch, sample, &text);
        if (line[0] != '\0')
            rh_text_addf(&text, "; it printed: %s", line);
        snprintf(sample->reason, sizeof(sample->reason), "%s", rh_text_get(&text));
        rh_text_finish(&text);
    }
    sample->reason[RH_SAMPLE_REASON_BYTES - 1] = '\0';
    sample->object[RH_SAMPLE_PATH_BYTES - 1] = '\0';
    rh_assert(sample->end != RH_SAMPLE_UNFINISHED);
    memcpy(ret_sample, sample, sizeof(*ret_sample));
}
