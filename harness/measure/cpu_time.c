/* cpu_time.c - the first line of /proc/stat. */
#include "measure/cpu_time.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"

/* The columns in the order of the file; guest time is in user time already. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COLUMNS };

int rh_cpu_time_parse(const char *text, struct rh_error *error, struct rh_cpu_time *ret_time) {
    rh_assert(text != NULL && ret_time != NULL);
    uint64_t ticks[COLUMNS] = {0};
    if (strncmp(text, "cpu ", 4) != 0)
        return rh_fail(error, RH_ERR_FORMAT, "/proc/stat does not begin with \"cpu \"");
    const char *next = text + 4;
    for (int i = 0; i < COLUMNS; i++) {
        char *end = NULL;
        ticks[i] = strtoull(next, &end, 10);
        if (end == next)
            return rh_fail(error, RH_ERR_FORMAT, "/proc/stat has %d of %d columns", i, COLUMNS);
        next = end;
    }
    long per_second = sysconf(_SC_CLK_TCK);
    uint64_t ns = 1000000000u / (per_second > 0 ? (uint64_t)per_second : 100);
    *ret_time = (struct rh_cpu_time){
        .busy_ns = ns * (ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[IRQ] + ticks[SOFTIRQ]),
        .idle_ns = ns * (ticks[IDLE] + ticks[IOWAIT]),
        .steal_ns = ns * ticks[STEAL],
    };
    return 0;
}

int rh_cpu_time_read(const char *path, struct rh_error *error, struct rh_cpu_time *ret_time) {
    char text[512];
    rh_try(rh_file_read_start(path, error, text, sizeof(text)));
    return rh_cpu_time_parse(text, error, ret_time);
}

static uint64_t difference(uint64_t before, uint64_t after) {
    return after > before ? after - before : 0;
}

struct rh_cpu_time rh_cpu_time_between(const struct rh_cpu_time *before,
                                       const struct rh_cpu_time *after) {
    return (struct rh_cpu_time){
        .busy_ns = difference(before->busy_ns, after->busy_ns),
        .idle_ns = difference(before->idle_ns, after->idle_ns),
        .steal_ns = difference(before->steal_ns, after->steal_ns),
    };
}
