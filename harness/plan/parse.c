/* parse.c - settings from text. */
#include <ctype.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"
#include "plan/plan_internal.h"

static const char *const touch_names[] = {
#define X(name, text) text,
    RH_TOUCH_MAP(X)
#undef X
        NULL};

static const char *const pass_names[] = {
#define X(name, text) text,
    RH_PASS_MAP(X)
#undef X
        NULL};

static int find(const char *const *names, const char *text) {
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

static int refuse(const char *what, const char *text, const char *const *names,
                  struct rh_error *error) {
    const char *near = rh_text_nearest(text, names);
    struct rh_text list = {0};
    for (size_t i = 0; names[i] != NULL; i++)
        rh_text_addf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    int result = near != NULL
                     ? rh_fail(error, RH_ERR_INVALID,
                               "no %s is named \"%.100s\": did you mean \"%s\"?", what, text, near)
                     : rh_fail(error, RH_ERR_INVALID, "no %s is named \"%.100s\": use one of %s",
                               what, text, rh_text_get(&list));
    rh_text_finish(&list);
    return result;
}

int rh_plan_parse_rounds(const char *text, const char *what, struct rh_error *error,
                         uint32_t *ret_rounds) {
    uint64_t value = 0;
    if (rh_parse_u64(text, &value) < 0 || value == 0 || value > RH_PLAN_ROUNDS_MOST)
        return rh_fail(error, RH_ERR_INVALID, "%s is \"%.40s\": use a whole number from 1 to %d%s",
                       what, text, RH_PLAN_ROUNDS_MOST,
                       strcmp(what, "rounds") == 0 ? ", or quick, default or rigorous" : "");
    *ret_rounds = (uint32_t)value;
    return 0;
}

int rh_plan_set_seed(struct rh_plan *plan, const char *text, struct rh_error *error) {
    uint64_t seed = 0;
    if (rh_parse_u64(text, &seed) < 0)
        return rh_fail(error, RH_ERR_INVALID, "seed is \"%.40s\": use a whole number below 2^64",
                       text);
    plan->seed = seed;
    plan->has_seed = true;
    return 0;
}

int rh_plan_set_touch(struct rh_plan *plan, const char *text, struct rh_error *error) {
    int touch = find(touch_names, text);
    if (touch < 0)
        return refuse("touch policy", text, touch_names, error);
    plan->touch = (enum rh_touch)touch;
    return 0;
}

int rh_plan_set_order(struct rh_plan *plan, const char *text, struct rh_error *error) {
    return rh_course_parse_order(text, error, &plan->course);
}

int rh_plan_set_pace(struct rh_plan *plan, const char *text, struct rh_error *error) {
    return rh_course_parse_pace(text, error, &plan->course);
}

int rh_plan_set_think(struct rh_plan *plan, const char *text, struct rh_error *error) {
    return rh_think_parse(text, error, &plan->course.think);
}

int rh_plan_add_pass(struct rh_plan *plan, const char *text, struct rh_error *error) {
    int pass = find(pass_names, text);
    if (pass < 0)
        return refuse("pass", text, pass_names, error);
    if (pass == RH_PASS_CHECK)
        return rh_fail(
            error, RH_ERR_INVALID,
            "the pass \"%s\" cannot be part of a run: use throughput, memory, latency, syscalls",
            text);
    if (plan->passes[pass])
        return rh_fail(error, RH_ERR_INVALID, "the pass \"%s\" is there twice", text);
    plan->passes[pass] = true;
    plan->passes_set = true;
    return 0;
}

int rh_plan_set_baseline(struct rh_plan *plan, const char *label, struct rh_error *error) {
    return rh_plan_string_set(&plan->baseline_label, label, error);
}

/* One number of a CPU list; *next moves behind it. */
static bool read_cpu(const char **next, unsigned *ret_cpu) {
    unsigned value = 0;
    const char *digit = *next;
    for (; isdigit((unsigned char)*digit) && value < 100000; digit++)
        value = value * 10 + (unsigned)(*digit - '0');
    if (digit == *next || value >= 100000)
        return false;
    *next = digit;
    *ret_cpu = value;
    return true;
}

/* "0-1,3": the kernel's list format. */
static bool is_cpu_list(const char *text) {
    for (;;) {
        unsigned first = 0;
        unsigned last = 0;
        if (!read_cpu(&text, &first))
            return false;
        if (*text == '-') {
            text++;
            if (!read_cpu(&text, &last) || last < first)
                return false;
        }
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

int rh_plan_set_cpus(struct rh_plan *plan, const char *text, struct rh_error *error) {
    if (!is_cpu_list(text))
        return rh_fail(error, RH_ERR_INVALID, "cpus is \"%.100s\": use a list such as 0-1,3", text);
    return rh_plan_string_set(&plan->cpus, text, error);
}

/* A number of seconds, or with "s", "min" or "h" behind it; negative where it is none. */
static double parse_seconds(const char *text) {
    static const struct {
        const char *suffix;
        double seconds;
    } units[] = {{"min", 60}, {"h", 3600}, {"s", 1}, {"", 1}};
    size_t length = strlen(text);
    char number[32];
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t suffix = strlen(units[i].suffix);
        if (length <= suffix || length - suffix >= sizeof(number) ||
            strcmp(text + length - suffix, units[i].suffix) != 0)
            continue;
        memcpy(number, text, length - suffix);
        number[length - suffix] = '\0';
        while (length - suffix > 0 && number[length - suffix - 1] == ' ')
            number[--length - suffix] = '\0';
        double value = 0;
        return rh_parse_double(number, &value) < 0 ? -1 : value * units[i].seconds;
    }
    return -1;
}

int rh_plan_set_time_limit(struct rh_plan *plan, const char *text, struct rh_error *error) {
    double seconds = parse_seconds(text);
    if (!(seconds >= 0.1 && seconds <= 86400))
        return rh_fail(error, RH_ERR_INVALID,
                       "time_limit is \"%.40s\": use seconds (0.1 to 86400), or 90s, 2min", text);
    plan->time_limit_ns = (uint64_t)(seconds * 1e9);
    return 0;
}

int rh_plan_set_budget(struct rh_plan *plan, const char *text, struct rh_error *error) {
    double seconds = parse_seconds(text);
    if (!(seconds >= 1 && seconds <= 30 * 86400.0))
        return rh_fail(error, RH_ERR_INVALID,
                       "budget is \"%.40s\": use a time from 1s to 720h, as 90s, 10min or 2h",
                       text);
    plan->budget_ns = (uint64_t)(seconds * 1e9);
    return 0;
}
