/* load_programs.c - the runs of real programs of a result that anybody may have written. */
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "result/codec.h"

static int compare(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Each index and each measurement stands once. */
static int check_doubles(const struct rh_result *result, const char *path, bool by_index,
                         struct rh_error *error) {
    size_t count = result->program_line_count;
    uint64_t *keys = rh_alloc_zeroed(count, sizeof(*keys));
    if (keys == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to check %s", path);
    for (size_t i = 0; i < count; i++) {
        const struct rh_result_program_line *line = &result->program_lines[i];
        uint64_t cell =
            ((uint64_t)line->round * RH_RESULT_PROGRAMS + line->program) * RH_RESULT_ALLOCATORS +
            line->allocator;
        keys[i] = by_index ? line->index : (cell * 2 + line->copy) * RH_PROGRAM_RUNS + line->run;
    }
    qsort(keys, count, sizeof(*keys), compare);
    bool twice = false;
    for (size_t i = 1; i < count; i++)
        twice |= keys[i] == keys[i - 1];
    rh_free(keys);
    return twice ? rh_fail(error, RH_ERR_FORMAT, "%s: two lines have the same %s", path,
                           by_index ? "index" : "program, allocator, round, copy and run")
                 : 0;
}

static int add_line(const struct rh_result_lines *lines, const json_t *object, size_t *capacity,
                    struct rh_error *error, struct rh_result *result) {
    size_t wanted = result->program_line_count + 1;
    if (wanted > RH_RESULT_SAMPLES)
        return rh_fail(error, RH_ERR_LIMIT, "more than %d runs of programs", RH_RESULT_SAMPLES);
    rh_try(rh_grow((void **)&result->program_lines, capacity, wanted,
                   sizeof(*result->program_lines), error));
    rh_try(rh_result_program_line_decode(&lines->place, object, &result->manifest,
                                         &result->program_lines[wanted - 1]));
    result->program_line_count = wanted;
    return 0;
}

int rh_result_load_programs(const char *path, struct rh_error *error, struct rh_result *result) {
    struct rh_result_lines lines;
    size_t capacity = 0;
    if (result->manifest.program_count == 0 && access(path, F_OK) != 0)
        return 0;
    rh_try(rh_result_lines_open(path, error, &lines));
    json_t *object = NULL;
    int more = rh_result_lines_next(&lines, &result->damaged_lines, &object);
    while (more > 0) {
        more = add_line(&lines, object, &capacity, error, result);
        json_decref(object);
        if (more == 0)
            more = rh_result_lines_next(&lines, &result->damaged_lines, &object);
    }
    rh_file_unmap(&lines.map);
    rh_try(more);
    rh_try(check_doubles(result, path, true, error));
    return check_doubles(result, path, false, error);
}
