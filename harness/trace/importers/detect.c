/* detect.c - looking at the first lines. */
#include "trace/importers/detect.h"

#include <string.h>

enum { LINE_BYTES = 512 };

struct rh_detected rh_detect_lines(const uint8_t *head, size_t bytes, size_t most,
                                   bool (*matches)(const char *line)) {
    struct rh_detected detected = {0};
    char line[LINE_BYTES];
    while (bytes > 0 && detected.lines < most) {
        const uint8_t *end = memchr(head, '\n', bytes);
        size_t length = end != NULL ? (size_t)(end - head) : bytes;
        size_t kept = length < LINE_BYTES - 1 ? length : LINE_BYTES - 1;
        memcpy(line, head, kept);
        line[kept] = '\0';
        if (kept > 0 && line[kept - 1] == '\r')
            line[--kept] = '\0';
        if (kept > 0) {
            detected.lines++;
            detected.matching += matches(line);
        }
        size_t step = end != NULL ? length + 1 : length;
        head += step;
        bytes -= step;
    }
    return detected;
}
