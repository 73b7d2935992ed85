/* progress.c - one line on a terminal, a line now and then elsewhere. */
#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/terminal.h"

/* Not a terminal: a line at each tenth, and no silence longer than half a minute. */
static const unsigned percent_step = 10;
static const uint64_t most_silence_ns = UINT64_C(30) * 1000000000u;

void rh_cli_progress_init(struct rh_cli_progress *progress, enum rh_cli_loudness loudness) {
    *progress = (struct rh_cli_progress){
        .loudness = loudness,
        .columns = 80,
        .shown_ns = rh_now_ns(),
    };
    progress->terminal = isatty(STDERR_FILENO) != 0;
    unsigned columns = rh_cli_columns(STDERR_FILENO);
    if (columns > 0)
        progress->columns = columns;
}

void rh_cli_duration(char *ret_text, size_t bytes, uint64_t ns) {
    uint64_t seconds = (ns + 500000000u) / 1000000000u;
    if (seconds >= 3600)
        snprintf(ret_text, bytes, "%" PRIu64 " h %02" PRIu64 " min", seconds / 3600,
                 seconds / 60 % 60);
    else if (seconds >= 60)
        snprintf(ret_text, bytes, "%" PRIu64 " min %02" PRIu64 " s", seconds / 60, seconds % 60);
    else
        snprintf(ret_text, bytes, "%" PRIu64 " s", seconds);
}

/* What a cell does: ", memory", or nothing where it is the usual. */
static const char *kind_of(bool is_program, enum rh_pass pass) {
    if (is_program)
        return pass == RH_PASS_MEMORY ? "floor of the program" : "program";
    return pass == RH_PASS_THROUGHPUT ? "" : rh_pass_name(pass);
}

/* "0.531 x glibc", "" for none. */
static void describe_ratio(char *ret_text, size_t bytes, double ratio, const char *baseline) {
    ret_text[0] = '\0';
    if (!isnan(ratio))
        snprintf(ret_text, bytes, "%.*f x %s", ratio < 10 ? 3 : 1, ratio, baseline);
}

static void describe(char *ret_line, size_t bytes, const struct rh_experiment_progress *state) {
    char left[32] = "";
    if (state->left_ns != UINT64_MAX) {
        rh_cli_duration(left, sizeof(left), state->left_ns);
        snprintf(left + strlen(left), sizeof(left) - strlen(left), " left");
    }
    char failed[40] = "";
    if (state->failed > 0)
        snprintf(failed, sizeof(failed), ", %zu not measured", state->failed);
    char where[24];
    if (state->round == 0)
        snprintf(where, sizeof(where), "warm-up");
    else
        snprintf(where, sizeof(where), "round %u of %u", state->round, state->rounds);
    char ratio[80];
    describe_ratio(ratio, sizeof(ratio), state->ratio, state->baseline);
    const char *kind = kind_of(state->is_program, state->pass);
    snprintf(ret_line, bytes, "%zu of %zu%s, %s%s%s: %s on %s%s%s%s%s", state->done, state->total,
             failed, left, left[0] != '\0' ? ", " : "", where, state->allocator, state->trace,
             kind[0] != '\0' ? ", " : "", kind, ratio[0] != '\0' ? ": " : "", ratio);
}

static void rewrite_line(struct rh_cli_progress *progress, const char *line) {
    /* A line that fills the last column wraps on some terminals. */
    fprintf(stderr, "\r\033[K%.*s", (int)progress->columns - 1, line);
    fflush(stderr);
    progress->line_is_open = true;
}

static bool is_due(const struct rh_cli_progress *progress, unsigned percent) {
    return percent >= progress->percent_shown + percent_step ||
           rh_now_ns() - progress->shown_ns >= most_silence_ns;
}

void rh_cli_progress_show(void *context, const struct rh_experiment_progress *state) {
    struct rh_cli_progress *progress = context;
    if (state->allocator == NULL)
        return;
    char line[512];
    describe(line, sizeof(line), state);
    if (progress->terminal) {
        rewrite_line(progress, line);
        return;
    }
    unsigned percent = (unsigned)(100 * state->done / state->total);
    if (!is_due(progress, percent))
        return;
    fprintf(stderr, "reheap: %s\n", line);
    progress->percent_shown = percent;
    progress->shown_ns = rh_now_ns();
}

void rh_cli_progress_finished(void *context, const struct rh_experiment_finished *finished) {
    char cost[RH_HUMAN_BYTES + 8] = "";
    char took[RH_HUMAN_BYTES];
    char ratio[80] = "";
    if (!isnan(finished->cost)) {
        rh_human_ns(cost, finished->cost);
        snprintf(cost + strlen(cost), sizeof(cost) - strlen(cost), "%s",
                 finished->is_program ? "" : "/op");
        describe_ratio(ratio, sizeof(ratio), finished->ratio, finished->baseline);
    }
    const char *kind = kind_of(finished->is_program, finished->pass);
    rh_cli_progress_end(context);
    fprintf(stderr, "reheap: round %u, %s on %s%s%s: %s%s%s%s%s%s%s (%s)\n", finished->round,
            finished->allocator, finished->trace, kind[0] != '\0' ? ", " : "", kind, finished->end,
            finished->reason[0] != '\0' ? ": " : "", finished->reason, cost[0] != '\0' ? ", " : "",
            cost, ratio[0] != '\0' ? ", so far " : "", ratio,
            rh_human_ns(took, (double)finished->took_ns));
}

void rh_cli_progress_end(struct rh_cli_progress *progress) {
    if (progress->line_is_open)
        fprintf(stderr, "\r\033[K");
    progress->line_is_open = false;
}
