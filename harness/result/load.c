/* load.c - a result directory that anybody may have written becomes a struct rh_result. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/memory.h"
#include "result/codec.h"

enum { MANIFEST_LIMIT_BYTES = 16 << 20 };

struct loading {
    struct rh_result *result;
    size_t capacity;
    uint32_t *marks;     /* per sample: how many the series must bring */
    size_t *lines;       /* per sample: its line */
    uint32_t *sample_of; /* per index: position + 1; 0: none */
    size_t marks_capacity, lines_capacity, sample_of_capacity;
    struct rh_error *error;
};

/* ---- samples ---- */

static int grow(struct loading *loading) {
    size_t wanted = loading->result->sample_count + 1;
    if (wanted > RH_RESULT_SAMPLES)
        return rh_fail(loading->error, RH_ERR_LIMIT, "more than %d samples", RH_RESULT_SAMPLES);
    rh_try(rh_grow((void **)&loading->result->samples, &loading->capacity, wanted,
                   sizeof(*loading->result->samples), loading->error));
    rh_try(rh_grow((void **)&loading->marks, &loading->marks_capacity, wanted,
                   sizeof(*loading->marks), loading->error));
    return rh_grow((void **)&loading->lines, &loading->lines_capacity, wanted,
                   sizeof(*loading->lines), loading->error);
}

/* Remembers where the sample of an index lies; an index stands for one sample. */
static int note_index(struct loading *loading, const struct rh_json_place *place, uint64_t index,
                      uint32_t position) {
    size_t before = loading->sample_of_capacity;
    rh_try(rh_grow((void **)&loading->sample_of, &loading->sample_of_capacity, index + 1,
                   sizeof(*loading->sample_of), loading->error));
    if (loading->sample_of_capacity > before)
        memset(loading->sample_of + before, 0,
               (loading->sample_of_capacity - before) * sizeof(*loading->sample_of));
    if (loading->sample_of[index] != 0)
        return rh_json_fail(place, RH_ERR_FORMAT, "index", "is that of line %zu",
                            loading->lines[loading->sample_of[index] - 1]);
    loading->sample_of[index] = position + 1;
    return 0;
}

static int add_sample(struct loading *loading, const struct rh_result_lines *lines,
                      const json_t *object) {
    rh_try(grow(loading));
    size_t position = loading->result->sample_count;
    struct rh_result_sample *sample = &loading->result->samples[position];
    rh_try(rh_result_sample_decode(&lines->place, object, &loading->result->manifest, sample,
                                   &loading->marks[position]));
    loading->lines[position] = lines->place.line;
    loading->result->sample_count++;
    return note_index(loading, &lines->place, sample->index, (uint32_t)position);
}

/* Each object of a file to `add`. */
static int load_lines(struct loading *loading, const char *path,
                      int (*add)(struct loading *loading, const struct rh_result_lines *lines,
                                 const json_t *object)) {
    struct rh_result_lines lines;
    rh_try(rh_result_lines_open(path, loading->error, &lines));
    json_t *object = NULL;
    int more = rh_result_lines_next(&lines, &loading->result->damaged_lines, &object);
    while (more > 0) {
        more = add(loading, &lines, object);
        json_decref(object);
        if (more == 0)
            more = rh_result_lines_next(&lines, &loading->result->damaged_lines, &object);
    }
    rh_file_unmap(&lines.map);
    return more;
}

static int load_samples(struct loading *loading, const char *path) {
    return load_lines(loading, path, add_sample);
}

/* ---- series ---- */

/* Takes over what the line holds. */
static int take_series(struct loading *loading, const struct rh_result_lines *lines,
                       const struct rh_series *series) {
    size_t position = loading->sample_of[series->index] - 1;
    struct rh_result_sample *sample = &loading->result->samples[position];
    rh_free(sample->latency);
    sample->latency = series->latency;
    if (series->mark_count != loading->marks[position])
        return rh_json_fail(&lines->place, RH_ERR_FORMAT, "op",
                            "has %u entries, and the sample says %u marks", series->mark_count,
                            loading->marks[position]);
    memcpy(sample->sample.marks, series->marks, series->mark_count * sizeof(*series->marks));
    memcpy(sample->sample.splits, series->splits, series->split_count * sizeof(*series->splits));
    sample->sample.mark_count = series->mark_count;
    sample->sample.split_count = series->split_count;
    return 0;
}

/* What belongs to a sample that never came was written just before an interruption: counted. */
static int add_series(struct loading *loading, const struct rh_result_lines *lines,
                      const json_t *object) {
    struct rh_series series;
    rh_try(rh_result_series_decode(&lines->place, object, &series));
    if (series.index < loading->sample_of_capacity && loading->sample_of[series.index] != 0)
        return take_series(loading, lines, &series);
    rh_free(series.latency);
    loading->result->damaged_lines++;
    return 0;
}

static int check_series(const struct loading *loading, const char *samples, const char *series) {
    for (size_t i = 0; i < loading->result->sample_count; i++)
        if (loading->result->samples[i].sample.mark_count != loading->marks[i])
            return rh_fail(loading->error, RH_ERR_FORMAT,
                           "%s:%zu: key \"marks\" says %u, and %s has none for sample %llu",
                           samples, loading->lines[i], loading->marks[i], series,
                           (unsigned long long)loading->result->samples[i].index);
    return 0;
}

static int load_series(struct loading *loading, const char *path) {
    return load_lines(loading, path, add_series);
}

/* ---- each cell once ---- */

/* What names a measurement; two samples of the same would count it twice. */
struct cell_key {
    uint32_t pass, round, trace, allocator, copy, position;
};

static int compare_keys(const void *a, const void *b) {
    const struct cell_key *left = a;
    const struct cell_key *right = b;
    const uint32_t lefts[] = {left->pass, left->round, left->trace, left->allocator, left->copy};
    const uint32_t rights[] = {right->pass, right->round, right->trace, right->allocator,
                               right->copy};
    for (size_t i = 0; i < sizeof(lefts) / sizeof(lefts[0]); i++)
        if (lefts[i] != rights[i])
            return lefts[i] < rights[i] ? -1 : 1;
    return 0;
}

static int find_double(const struct loading *loading, const char *path, struct cell_key *keys) {
    size_t count = loading->result->sample_count;
    for (size_t i = 0; i < count; i++) {
        const struct rh_result_sample *sample = &loading->result->samples[i];
        keys[i] = (struct cell_key){sample->sample.pass, sample->round, sample->trace,
                                    sample->allocator,   sample->copy,  (uint32_t)i};
    }
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(&keys[i - 1], &keys[i]) != 0)
            continue;
        size_t a = loading->lines[keys[i - 1].position];
        size_t b = loading->lines[keys[i].position];
        return rh_fail(loading->error, RH_ERR_FORMAT,
                       "%s:%zu: pass, round, trace, allocator and copy are those of line %zu", path,
                       a > b ? a : b, a > b ? b : a);
    }
    return 0;
}

static int check_doubles(const struct loading *loading, const char *path) {
    struct cell_key *keys = rh_alloc_zeroed(loading->result->sample_count, sizeof(*keys));
    if (keys == NULL)
        return rh_fail(loading->error, RH_ERR_MEMORY, "no memory to check %s", path);
    int result = find_double(loading, path, keys);
    rh_free(keys);
    return result;
}

/* ---- the whole ---- */

static int load_manifest(const char *path, struct rh_error *error, struct rh_manifest *manifest) {
    char *text = NULL;
    size_t bytes = 0;
    int read = rh_file_read(path, MANIFEST_LIMIT_BYTES, error, &text, &bytes);
    if (read < 0)
        rh_error_prefix(error,
                        "a result is a directory that \"reheap run\" or \"reheap bench\" made");
    rh_try(read);
    struct rh_json_place place = {.file = path, .error = error};
    json_t *object = NULL;
    int result = rh_json_parse(&place, text, bytes, &object);
    if (result == 0)
        result = rh_manifest_decode(&place, object, manifest);
    json_decref(object);
    rh_free(text);
    return result;
}

static int load_all(struct loading *loading, const char *manifest, const char *samples,
                    const char *series, const char *programs) {
    if (manifest == NULL || samples == NULL || series == NULL || programs == NULL)
        return rh_fail(loading->error, RH_ERR_MEMORY, "no memory for the names of the files");
    rh_try(load_manifest(manifest, loading->error, &loading->result->manifest));
    rh_try(load_samples(loading, samples));
    rh_try(check_doubles(loading, samples));
    rh_try(load_series(loading, series));
    rh_try(rh_result_load_programs(programs, loading->error, loading->result));
    return check_series(loading, samples, series);
}

int rh_result_load(const char *directory, struct rh_error *error, struct rh_result **ret_result) {
    rh_assert(directory != NULL && ret_result != NULL);
    rh_json_use_memory();
    struct rh_result *loaded = rh_alloc_zeroed(1, sizeof(*loaded));
    if (loaded == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a result");

    struct loading loading = {.result = loaded, .error = error};
    char *manifest = rh_path_join(directory, RH_RESULT_MANIFEST_FILE);
    char *samples = rh_path_join(directory, RH_RESULT_SAMPLES_FILE);
    char *series = rh_path_join(directory, RH_RESULT_SERIES_FILE);
    char *programs = rh_path_join(directory, RH_RESULT_PROGRAMS_FILE);
    int result = load_all(&loading, manifest, samples, series, programs);
    rh_free(programs);
    rh_free(manifest);
    rh_free(samples);
    rh_free(series);
    rh_free(loading.marks);
    rh_free(loading.lines);
    rh_free(loading.sample_of);
    if (result == 0)
        *ret_result = loaded;
    else
        rh_result_destroy(loaded);
    return result;
}

void rh_result_destroy(struct rh_result *result) {
    if (result == NULL)
        return;
    rh_manifest_finish(&result->manifest);
    for (size_t i = 0; i < result->sample_count; i++)
        rh_free(result->samples[i].latency);
    rh_free(result->samples);
    rh_free(result->program_lines);
    rh_free(result);
}
