/* course.h - how the threads of a replay keep together, and how fast they go (docs/order.md). Plain
 * data, as sample.h, for every room. */
#ifndef RH_RESULT_COURSE_H
#define RH_RESULT_COURSE_H

#include <stdint.h>

#include "base/error.h"
#include "result/think.h"

/* X(NAME, text) */
#define RH_ORDER_MAP(X)                                                                            \
    X(DEPENDENCY, "dependency")                                                                    \
    X(WINDOW, "window")                                                                            \
    X(RECORDED, "recorded")                                                                        \
    X(ONE_THREAD, "one-thread")

enum rh_order {
#define X(name, text) RH_ORDER_##name,
    RH_ORDER_MAP(X)
#undef X
        RH_ORDERS
};

/* All zero: in the order of the dependencies, as fast as possible, without thinking. */
struct rh_course {
    enum rh_order order;
    uint64_t window_ns;     /* WINDOW: in recorded time, ... */
    uint64_t window_events; /* ... or in events; the other is 0 */
    double pace;            /* as many times as fast as it was recorded; 0: as fast as possible */
    uint64_t idle_cap_ns;   /* pace: what is longer between two events takes so long; 0: no cap */
    struct rh_think_model think; /* what is done in the recorded gaps */
};

enum { RH_COURSE_BYTES = 64 };

/* "dependency", "recorded", "one-thread", "window(10ms)" (recorded time: ns, us, ms or s),
 * "window(1000)" (events). Sets the order of the course; an error says what would be accepted. */
int rh_course_parse_order(const char *text, struct rh_error *error, struct rh_course *course);
/* "fast", "paced(1)", "paced(2)": twice as fast as recorded, "paced(1, 500ms)": with a cap of
 * idling. */
int rh_course_parse_pace(const char *text, struct rh_error *error, struct rh_course *course);

/* The same the other way round; return `buffer`. */
const char *rh_course_order_text(const struct rh_course *course, char buffer[RH_COURSE_BYTES]);
const char *rh_course_pace_text(const struct rh_course *course, char buffer[RH_COURSE_BYTES]);

#endif
