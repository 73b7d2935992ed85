/* course.c - order and pace from text and to text. */
#include "result/course.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
    const char *suffix;
    double ns;
} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"min", 60e9}, {"s", 1e9}};

enum { UNITS = sizeof(units) / sizeof(units[0]), ARGUMENT_BYTES = 48 };

/* "10ms" to ns. */
static bool read_time(const char *text, uint64_t *ret_ns) {
    size_t length = strlen(text);
    for (size_t i = 0; i < UNITS; i++) {
        size_t suffix = strlen(units[i].suffix);
        char number[ARGUMENT_BYTES];
        double value = 0;
        if (length <= suffix || length >= sizeof(number) ||
            strcmp(text + length - suffix, units[i].suffix) != 0)
            continue;
        snprintf(number, sizeof(number), "%.*s", (int)(length - suffix), text);
        if (rh_parse_double(number, &value) < 0 || value < 0)
            return false;
        value = round(value * units[i].ns);
        if (value < 1 || value > 1e18)
            return false;
        *ret_ns = (uint64_t)value;
        return true;
    }
    return false;
}

/* What stands between "NAME(" and ")", without spaces around it. */
static bool read_argument(const char *text, const char *name, char argument[ARGUMENT_BYTES]) {
    size_t length = strlen(text), skip = strlen(name);
    if (strncmp(text, name, skip) != 0 || text[skip] != '(' || text[length - 1] != ')')
        return false;
    const char *begin = text + skip + 1, *end = text + length - 1;
    while (begin < end && *begin == ' ')
        begin++;
    while (end > begin && end[-1] == ' ')
        end--;
    if (end == begin || end - begin >= ARGUMENT_BYTES)
        return false;
    snprintf(argument, ARGUMENT_BYTES, "%.*s", (int)(end - begin), begin);
    return true;
}

int rh_course_parse_order(const char *text, struct rh_error *error, struct rh_course *course) {
    char argument[ARGUMENT_BYTES];
    struct rh_course made = {
        .pace = course->pace, .idle_cap_ns = course->idle_cap_ns, .think = course->think};
    bool good = true;
    if (strcmp(text, "dependency") == 0) {
        made.order = RH_ORDER_DEPENDENCY;
    } else if (strcmp(text, "recorded") == 0) {
        made.order = RH_ORDER_RECORDED;
    } else if (strcmp(text, "one-thread") == 0) {
        made.order = RH_ORDER_ONE_THREAD;
    } else {
        made.order = RH_ORDER_WINDOW;
        good = read_argument(text, "window", argument) &&
               (read_time(argument, &made.window_ns) ||
                (rh_parse_u64(argument, &made.window_events) == 0 && made.window_events > 0));
    }
    if (!good)
        return rh_fail(error, RH_ERR_INVALID,
                       "no order is named \"%.100s\": use dependency, recorded, one-thread, "
                       "window(TIME) as in window(10ms), or window(EVENTS) as in window(1000)",
                       text);
    *course = made;
    return 0;
}

/* "2" or "2, 500ms". */
static bool read_pace(char *argument, struct rh_course *course) {
    char *comma = strchr(argument, ',');
    if (comma != NULL) {
        *comma++ = '\0';
        while (*comma == ' ')
            comma++;
        if (!read_time(comma, &course->idle_cap_ns))
            return false;
    }
    return rh_parse_double(argument, &course->pace) == 0 && course->pace >= 0.001 &&
           course->pace <= 1e6;
}

int rh_course_parse_pace(const char *text, struct rh_error *error, struct rh_course *course) {
    char argument[ARGUMENT_BYTES];
    struct rh_course made = *course;
    made.pace = 0;
    made.idle_cap_ns = 0;
    bool fast = strcmp(text, "fast") == 0;
    if (!fast && !(read_argument(text, "paced", argument) && read_pace(argument, &made)))
        return rh_fail(error, RH_ERR_INVALID,
                       "no pace is named \"%.100s\": use fast, paced(SPEED) as in paced(1), or "
                       "paced(SPEED, IDLE) as in paced(2, 500ms)",
                       text);
    *course = made;
    return 0;
}

/* In the largest unit in which it is a whole number. */
static void write_time(uint64_t ns, char *buffer, size_t bytes) {
    static const struct {
        const char *suffix;
        uint64_t ns;
    } whole[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
    size_t i = 0;
    while (ns % whole[i].ns != 0)
        i++;
    snprintf(buffer, bytes, "%" PRIu64 "%s", ns / whole[i].ns, whole[i].suffix);
}

static const char *const order_names[] = {
#define X(name, text) [RH_ORDER_##name] = text,
    RH_ORDER_MAP(X)
#undef X
};

const char *rh_course_order_text(const struct rh_course *course, char buffer[RH_COURSE_BYTES]) {
    char window[32];
    if (course->order != RH_ORDER_WINDOW) {
        snprintf(buffer, RH_COURSE_BYTES, "%s", order_names[course->order]);
        return buffer;
    }
    if (course->window_events != 0)
        snprintf(window, sizeof(window), "%" PRIu64, course->window_events);
    else
        write_time(course->window_ns, window, sizeof(window));
    snprintf(buffer, RH_COURSE_BYTES, "window(%s)", window);
    return buffer;
}

const char *rh_course_pace_text(const struct rh_course *course, char buffer[RH_COURSE_BYTES]) {
    char cap[32];
    if (course->pace == 0) {
        snprintf(buffer, RH_COURSE_BYTES, "fast");
    } else if (course->idle_cap_ns == 0) {
        snprintf(buffer, RH_COURSE_BYTES, "paced(%g)", course->pace);
    } else {
        write_time(course->idle_cap_ns, cap, sizeof(cap));
        snprintf(buffer, RH_COURSE_BYTES, "paced(%g, %s)", course->pace, cap);
    }
    return buffer;
}
