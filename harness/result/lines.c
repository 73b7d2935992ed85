/* lines.c - files of one JSON object a line. */
#include <string.h>

#include "result/codec.h"

enum { LINE_LIMIT_BYTES = 1 << 20 };

int rh_result_lines_open(const char *path, struct rh_error *error,
                         struct rh_result_lines *ret_lines) {
    *ret_lines = (struct rh_result_lines){.place = {.file = path, .error = error}};
    return rh_file_map(path, 0, error, &ret_lines->map);
}

/* The next whole line, without its newline: 1, or 0 at the end. */
static int next_line(struct rh_result_lines *lines, uint64_t *damaged, const char **ret_text,
                     size_t *ret_bytes) {
    if (lines->offset >= lines->map.bytes)
        return 0;
    const char *start = (const char *)lines->map.data + lines->offset;
    size_t left = lines->map.bytes - lines->offset;
    const char *end = memchr(start, '\n', left);
    lines->place.line++;
    if (end == NULL) {
        lines->offset = lines->map.bytes;
        (*damaged)++;
        return 0;
    }
    *ret_text = start;
    *ret_bytes = (size_t)(end - start);
    lines->offset += *ret_bytes + 1;
    return 1;
}

int rh_result_lines_next(struct rh_result_lines *lines, uint64_t *damaged, json_t **ret_object) {
    const char *text = NULL;
    size_t bytes = 0;
    if (next_line(lines, damaged, &text, &bytes) == 0)
        return 0;
    if (bytes > LINE_LIMIT_BYTES)
        return rh_fail(lines->place.error, RH_ERR_LIMIT,
                       "%s:%zu: a line of %zu bytes, and at most %d are read", lines->place.file,
                       lines->place.line, bytes, LINE_LIMIT_BYTES);
    rh_try(rh_json_parse(&lines->place, text, bytes, ret_object));
    return 1;
}
