/* detect.h - helpers for the detect functions of importers. */
#ifndef RH_TRACE_IMPORTERS_DETECT_H
#define RH_TRACE_IMPORTERS_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RH_DETECT_NO = 0, RH_DETECT_MAYBE = 1, RH_DETECT_SURE = 2 };

/* How many of the first whole lines (at most `most`) the function says yes to, and how many there
 * are. Empty lines do not count; lines are NUL-terminated copies of at most 511 bytes. */
struct rh_detected {
    size_t lines;
    size_t matching;
};
struct rh_detected rh_detect_lines(const uint8_t *head, size_t bytes, size_t most,
                                   bool (*matches)(const char *line));

#endif
