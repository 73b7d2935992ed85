/* programs.c - real programs in the manifest, and their runs as lines. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "result/codec.h"

enum { MOST_WORDS = 2048 };

static const char *const runs[] = {
#define X(name, text) text,
    RH_PROGRAM_RUN_MAP(X)
#undef X
        NULL};

/* X(member) - the texts of a program that may be missing. */
#define PROGRAM_TEXTS(X)                                                                           \
    X(directory)                                                                                   \
    X(input)                                                                                       \
    X(prepare)                                                                                     \
    X(cleanup)                                                                                     \
    X(check)                                                                                       \
    X(file)                                                                                        \
    X(hash)

/* X(member) - the figures of a run. */
#define PROGRAM_FIGURES(X)                                                                         \
    X(wall_ns)                                                                                     \
    X(user_ns)                                                                                     \
    X(system_ns)                                                                                   \
    X(peak_bytes)                                                                                  \
    X(minor_faults)                                                                                \
    X(major_faults)                                                                                \
    X(voluntary_switches)                                                                          \
    X(involuntary_switches)                                                                        \
    X(output_bytes)

void rh_result_program_finish(struct rh_result_program *program) {
    rh_free(program->name);
#define X(member) rh_free(program->member);
    PROGRAM_TEXTS(X)
#undef X
    rh_json_free_list(program->words);
    rh_json_free_list(program->floor_words);
    rh_json_free_list(program->environment);
}

/* ---- the manifest ---- */

static json_t *encode_program(const struct rh_result_program *program) {
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_text(&out, "name", program->name);
    rh_json_put_list(&out, "words", program->words);
    rh_json_put_list(&out, "floor_words", program->floor_words);
    rh_json_put_list(&out, "environment", program->environment);
#define X(member) rh_json_put_text(&out, #member, program->member);
    PROGRAM_TEXTS(X)
#undef X
    rh_json_put_u64(&out, "status", program->status);
    rh_json_put_figure(&out, "trace",
                       program->trace == RH_RESULT_NO_TRACE ? UINT64_MAX : program->trace);
    if (!out.failed)
        return out.object;
    json_decref(out.object);
    return NULL;
}

json_t *rh_programs_encode(const struct rh_manifest *manifest) {
    json_t *array = json_array();
    bool failed = array == NULL;
    for (size_t i = 0; !failed && i < manifest->program_count; i++)
        failed = json_array_append_new(array, encode_program(&manifest->programs[i])) != 0;
    if (!failed)
        return array;
    json_decref(array);
    return NULL;
}

static int decode_trace(const struct rh_json_place *place, const json_t *value, size_t traces,
                        struct rh_result_program *program) {
    uint64_t trace = 0;
    rh_try(rh_json_get_figure(place, value, "trace", &trace));
    if (trace != UINT64_MAX && trace >= traces)
        return rh_json_fail(place, RH_ERR_FORMAT, "trace", "is not one of %zu traces", traces);
    program->trace = trace == UINT64_MAX ? RH_RESULT_NO_TRACE : (uint32_t)trace;
    return 0;
}

static int decode_program(const struct rh_json_place *place, const json_t *value, size_t traces,
                          struct rh_result_program *program) {
    rh_try(rh_json_need_text(place, value, "name", &program->name));
    rh_try(rh_json_get_list(place, value, "words", MOST_WORDS, &program->words));
    rh_try(rh_json_get_list(place, value, "floor_words", MOST_WORDS, &program->floor_words));
    rh_try(rh_json_get_list(place, value, "environment", MOST_WORDS, &program->environment));
#define X(member) rh_try(rh_json_get_text(place, value, #member, &program->member));
    PROGRAM_TEXTS(X)
#undef X
    rh_try(rh_json_get_u32(place, value, "status", 255, &program->status));
    return decode_trace(place, value, traces, program);
}

int rh_programs_decode(const struct rh_json_place *place, const json_t *object,
                       struct rh_manifest *manifest) {
    const json_t *array = NULL;
    if (json_object_get(object, "programs") == NULL)
        return 0;
    rh_try(rh_json_get_array(place, object, "programs", RH_RESULT_PROGRAMS, &array));
    size_t count = json_array_size(array);
    manifest->programs = rh_alloc_zeroed(count, sizeof(*manifest->programs));
    if (manifest->programs == NULL)
        return rh_fail(place->error, RH_ERR_MEMORY, "no memory for %s", place->file);
    for (size_t i = 0; i < count; i++) {
        struct rh_json_place inner = *place;
        snprintf(inner.within, sizeof(inner.within), "programs[%zu]", i);
        manifest->program_count = i + 1;
        if (!json_is_object(json_array_get(array, i)))
            return rh_json_fail(&inner, RH_ERR_FORMAT, "", "must be an object");
        rh_try(decode_program(&inner, json_array_get(array, i), manifest->trace_count,
                              &manifest->programs[i]));
        for (size_t j = 0; j < i; j++)
            if (strcmp(manifest->programs[i].name, manifest->programs[j].name) == 0)
                return rh_json_fail(&inner, RH_ERR_FORMAT, "name", "is that of programs[%zu]", j);
    }
    return 0;
}

/* ---- the lines ---- */

int rh_result_program_line_encode(const struct rh_result_program_line *line, struct rh_error *error,
                                  struct rh_text *ret_text) {
    const struct rh_program_sample *sample = &line->sample;
    rh_assert(sample->mark_count <= RH_PROGRAM_MARKS && line->run < RH_PROGRAM_RUNS);
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_u64(&out, "index", line->index);
    rh_json_put_u64(&out, "round", line->round);
    rh_json_put_u64(&out, "program", line->program);
    rh_json_put_u64(&out, "allocator", line->allocator);
    rh_json_put_u64(&out, "copy", line->copy);
    rh_json_put_text(&out, "run", runs[line->run]);
    rh_json_put_figure(&out, "started_ns", line->started_ns);
    rh_json_put_figure(&out, "environment_padding_bytes", line->environment_padding_bytes);
#define X(member) rh_json_put_figure(&out, #member, line->machine.member);
    RH_MACHINE_FIGURES(X)
#undef X
    rh_json_put_text(&out, "end", rh_sample_end_name(sample->end));
    rh_json_put(&out, "signal", json_integer(sample->signal));
    rh_json_put_u64(&out, "status", sample->status);
    rh_json_put_text(&out, "reason", sample->reason);
    rh_json_put_text(&out, "object", sample->object);
#define X(member) rh_json_put_figure(&out, #member, sample->member);
    PROGRAM_FIGURES(X)
#undef X
    rh_json_put_hex(&out, "output_hash", sample->output_hash);
    rh_json_put_figures(&out, "mark_ns", sample->mark_ns, sample->mark_count);
    rh_json_put_figures(&out, "mark_bytes", sample->mark_bytes, sample->mark_count);
    int result = out.failed ? rh_fail(error, RH_ERR_MEMORY, "no memory for a line of the result")
                            : rh_json_dump(out.object, JSON_COMPACT, error, ret_text);
    json_decref(out.object);
    return result;
}

static int get_place(const struct rh_json_place *place, const json_t *object,
                     const struct rh_manifest *manifest, struct rh_result_program_line *line) {
    rh_try(rh_json_get_u64(place, object, "index", RH_RESULT_SAMPLES, &line->index));
    rh_try(rh_json_get_u32(place, object, "round", manifest->rounds, &line->round));
    rh_try(rh_json_get_u32(place, object, "program", (uint32_t)manifest->program_count - 1,
                           &line->program));
    rh_try(rh_json_get_u32(place, object, "allocator", (uint32_t)manifest->allocator_count - 1,
                           &line->allocator));
    rh_try(rh_json_get_u32(place, object, "copy", 1, &line->copy));
    if (line->copy != 0 && line->allocator != manifest->baseline)
        return rh_json_fail(place, RH_ERR_FORMAT, "copy", "may be 1 for the baseline only");
    rh_try(rh_json_get_name(place, object, "run", runs, &line->run));
    rh_try(rh_json_get_figure(place, object, "started_ns", &line->started_ns));
#define X(member) rh_try(rh_json_get_later_figure(place, object, #member, &line->machine.member));
    RH_MACHINE_FIGURES(X)
#undef X
    return rh_json_get_figure(place, object, "environment_padding_bytes",
                              &line->environment_padding_bytes);
}

static int get_marks(const struct rh_json_place *place, const json_t *object,
                     struct rh_program_sample *sample) {
    size_t times = 0;
    size_t bytes = 0;
    rh_try(
        rh_json_get_figures(place, object, "mark_ns", RH_PROGRAM_MARKS, sample->mark_ns, &times));
    rh_try(rh_json_get_figures(place, object, "mark_bytes", RH_PROGRAM_MARKS, sample->mark_bytes,
                               &bytes));
    if (times != bytes)
        return rh_json_fail(place, RH_ERR_FORMAT, "mark_bytes",
                            "has %zu entries, and mark_ns has %zu", bytes, times);
    sample->mark_count = (uint32_t)times;
    return 0;
}

int rh_result_program_line_decode(const struct rh_json_place *place, const json_t *object,
                                  const struct rh_manifest *manifest,
                                  struct rh_result_program_line *line) {
    struct rh_program_sample *sample = &line->sample;
    uint64_t signal = 0;
    if (manifest->program_count == 0 || manifest->allocator_count == 0)
        return rh_fail(place->error, RH_ERR_FORMAT,
                       "%s:%zu: a run, though the manifest has no program or no allocator",
                       place->file, place->line);
    memset(line, 0, sizeof(*line));
    rh_try(get_place(place, object, manifest, line));
    rh_try(rh_json_get_name(place, object, "end", rh_sample_end_names(), &sample->end));
    rh_try(rh_json_get_u64(place, object, "signal", 1024, &signal));
    sample->signal = (int32_t)signal;
    rh_try(rh_json_get_u32(place, object, "status", 255, &sample->status));
    rh_try(rh_json_get_buffer(place, object, "reason", sample->reason, sizeof(sample->reason)));
    rh_try(rh_json_get_buffer(place, object, "object", sample->object, sizeof(sample->object)));
#define X(member) rh_try(rh_json_get_figure(place, object, #member, &sample->member));
    PROGRAM_FIGURES(X)
#undef X
    rh_try(rh_json_get_hex(place, object, "output_hash", &sample->output_hash));
    return get_marks(place, object, sample);
}
