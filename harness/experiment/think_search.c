/* think_search.c - the rate of thinking, from times. The time grows about in proportion to the
 * lines, so a few steps on straight lines are enough. */
#include "experiment/think_search.h"

#include <math.h>

enum { STEPS = 4, FIRST_LINES_PER_MS = 4000 };

/* Of the program's time: nearer is not looked for, as times differ by more from run to run. */
#define NEAR_ENOUGH 0.02

/* Of three times. */
static int median_of_times(rh_think_timer *timer, void *context, uint64_t lines_per_ms,
                           struct rh_error *error, uint64_t *ret_ns) {
    uint64_t a = 0, b = 0, c = 0;
    rh_try(timer(context, lines_per_ms, error, &a));
    rh_try(timer(context, lines_per_ms, error, &b));
    rh_try(timer(context, lines_per_ms, error, &c));
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    *ret_ns = c < low ? low : c < high ? c : high;
    return 0;
}

static double distance(const struct rh_think_found *found, uint64_t ns) {
    return fabs((double)ns - (double)found->program_ns);
}

static bool is_near(const struct rh_think_found *found) {
    return distance(found, found->thinking_ns) <= NEAR_ENOUGH * (double)found->program_ns;
}

struct point {
    uint64_t lines, ns;
};

/* On the line through both. */
static uint64_t lines_between(struct point a, struct point b, uint64_t ns) {
    double share = ((double)ns - (double)a.ns) / ((double)b.ns - (double)a.ns);
    double lines = round((double)a.lines + share * ((double)b.lines - (double)a.lines));
    return lines < 1                            ? 1
           : lines > RH_THINK_LINES_PER_MS_MOST ? RH_THINK_LINES_PER_MS_MOST
                                                : (uint64_t)lines;
}

/* Also where lines cost nothing that can be seen, as in a trace with few gaps. */
static bool is_all_there_is(const struct rh_think_found *found, struct point at) {
    return at.lines == RH_THINK_LINES_PER_MS_MOST && at.ns < found->program_ns;
}

/* `less` takes less than the program, `more` no less, or was not met yet (0 lines). */
static uint64_t next_lines(const struct rh_think_found *found, struct point less,
                           struct point more) {
    const struct point plain = {0, found->plain_ns};
    if (more.lines > 0)
        return lines_between(less, more, found->program_ns);
    if (less.ns <= plain.ns) /* it cannot be seen what lines cost */
        return RH_THINK_LINES_PER_MS_MOST;
    return lines_between(plain, less, found->program_ns);
}

int rh_think_search(rh_think_timer *timer, void *context, struct rh_error *error,
                    struct rh_think_found *found) {
    rh_try(median_of_times(timer, context, 0, error, &found->plain_ns));
    found->plain_ns += found->plain_ns == 0; /* which says that it was not found */
    found->thinking_ns = found->plain_ns;
    found->lines_per_ms = 0;
    struct point less = {0, found->plain_ns}, more = {0}, at = {.lines = FIRST_LINES_PER_MS};
    bool longer = found->plain_ns >= found->program_ns;
    for (int step = 0; step < STEPS && !longer && !is_near(found); step++) {
        rh_try(median_of_times(timer, context, at.lines, error, &at.ns));
        if (is_all_there_is(found, at) ||
            distance(found, at.ns) < distance(found, found->thinking_ns)) {
            found->thinking_ns = at.ns;
            found->lines_per_ms = at.lines;
        }
        *(at.ns < found->program_ns ? &less : &more) = at;
        uint64_t next = next_lines(found, less, more);
        if (next == at.lines)
            break;
        at.lines = next;
    }
    return 0;
}
