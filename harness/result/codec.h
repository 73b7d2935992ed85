/* codec.h - the structures of result.h as JSON objects. Internal to result/. */
#ifndef RH_RESULT_CODEC_H
#define RH_RESULT_CODEC_H

#include "base/file.h"
#include "result/json.h"
#include "result/result.h"

#define RH_RESULT_MANIFEST_FILE "manifest.json"
#define RH_RESULT_SAMPLES_FILE  "samples.jsonl"
#define RH_RESULT_SERIES_FILE   "series.jsonl"
#define RH_RESULT_PROGRAMS_FILE "programs.jsonl"
#define RH_RESULT_HYPERFINE     "hyperfine"

/* X(member) - the figures of struct rh_sample; the key is the member's name. */
#define RH_SAMPLE_FIGURES(X)                                                                       \
    X(ops)                                                                                         \
    X(threads)                                                                                     \
    X(threads_peak)                                                                                \
    X(edges)                                                                                       \
    X(edges_waited)                                                                                \
    X(failed_op)                                                                                   \
    X(wall_ns)                                                                                     \
    X(busy_ns)                                                                                     \
    X(stall_ns)                                                                                    \
    X(user_ns)                                                                                     \
    X(system_ns)                                                                                   \
    X(minor_faults)                                                                                \
    X(major_faults)                                                                                \
    X(voluntary_switches)                                                                          \
    X(involuntary_switches)                                                                        \
    X(peak_live_bytes)                                                                             \
    X(start_resident_bytes)                                                                        \
    X(peak_resident_bytes)                                                                         \
    X(high_water_bytes)                                                                            \
    X(purged_resident_bytes)

/* X(member) - written out, because a key is the member's name. */
#define RH_SYSTEM_CALL_FIGURES(X)                                                                  \
    X(brk_calls)                                                                                   \
    X(mmap_calls)                                                                                  \
    X(munmap_calls)                                                                                \
    X(mremap_calls)                                                                                \
    X(madvise_calls)                                                                               \
    X(mprotect_calls)

/* X(member) - figures that came later: written always, and unknown where an older result lacks
 * them. New figures go here. */
#define RH_SAMPLE_LATER_FIGURES(X)                                                                 \
    X(skipped_events)                                                                              \
    X(preempted_ns)                                                                                \
    X(creation_ns)                                                                                 \
    X(cross_releases)                                                                              \
    X(replayed_peak_live_bytes)                                                                    \
    X(window_waits)                                                                                \
    X(window_stall_ns)                                                                             \
    X(paced_ns)                                                                                    \
    X(late_ns)                                                                                     \
    X(think_lines)                                                                                 \
    RH_COUNTER_MAP(X)                                                                              \
    RH_SYSTEM_CALL_FIGURES(X)

/* X(member) - the columns of a line of series.jsonl: struct rh_mark turned on its side. */
#define RH_MARK_COLUMNS(X)                                                                         \
    X(op)                                                                                          \
    X(recorded_ns)                                                                                 \
    X(live_bytes)                                                                                  \
    X(resident_bytes)                                                                              \
    X(usable_bytes)

/* ---- latency.c, split.c: parts of a line of series.jsonl ---- */

/* The value of "latency". NULL: no memory. */
json_t *rh_latency_encode(const struct rh_latency *latency);
/* Reads it; `latency` is overwritten. */
int rh_latency_decode(const struct rh_json_place *place, const json_t *object,
                      struct rh_latency *latency);

/* The value of "splits". NULL: no memory. */
json_t *rh_splits_encode(const struct rh_sample *sample);
int rh_splits_decode(const struct rh_json_place *place, const json_t *object,
                     struct rh_split *ret_splits, uint32_t *ret_count);

/* The manifest as indented text. */
int rh_manifest_encode(const struct rh_manifest *manifest, struct rh_error *error,
                       struct rh_text *ret_text);
/* Fills a zeroed manifest; on failure the caller finishes what is there. */
int rh_manifest_decode(const struct rh_json_place *place, const json_t *object,
                       struct rh_manifest *manifest);

/* finding.c: an array, or NULL without memory; and the later key "doctor" of a manifest. */
json_t *rh_findings_encode(const struct rh_result_finding *findings, size_t count);
int rh_findings_decode(const struct rh_json_place *place, const json_t *object,
                       struct rh_manifest *manifest);

/* programs.c: the later key "programs" of a manifest, and the lines of programs.jsonl. */
json_t *rh_programs_encode(const struct rh_manifest *manifest);
int rh_programs_decode(const struct rh_json_place *place, const json_t *object,
                       struct rh_manifest *manifest);
void rh_result_program_finish(struct rh_result_program *program);
int rh_result_program_line_encode(const struct rh_result_program_line *line, struct rh_error *error,
                                  struct rh_text *ret_text);
int rh_result_program_line_decode(const struct rh_json_place *place, const json_t *object,
                                  const struct rh_manifest *manifest,
                                  struct rh_result_program_line *line);
/* load_programs.c: the whole file; one that is not there is well, where the manifest has no
 * program. */
int rh_result_load_programs(const char *path, struct rh_error *error, struct rh_result *result);

/* A file of lines, for load.c and load_programs.c. */
struct rh_result_lines {
    struct rh_file_map map;
    size_t offset;
    struct rh_json_place place;
};
int rh_result_lines_open(const char *path, struct rh_error *error,
                         struct rh_result_lines *ret_lines);
/* The next whole line as an object (json_decref): 1, 0 at the end, or a failure. A last line
 * without a newline was torn by an interruption: it is counted in *damaged and not handed out. */
int rh_result_lines_next(struct rh_result_lines *lines, uint64_t *damaged, json_t **ret_object);

/* One line each, with its newline. */
int rh_result_sample_encode(const struct rh_result_sample *sample, struct rh_error *error,
                            struct rh_text *ret_text);
int rh_result_series_encode(const struct rh_result_sample *sample, struct rh_error *error,
                            struct rh_text *ret_text);

/* All but the marks; *ret_marks is how many of them the series must have. */
int rh_result_sample_decode(const struct rh_json_place *place, const json_t *object,
                            const struct rh_manifest *manifest, struct rh_result_sample *sample,
                            uint32_t *ret_marks);

/* One line of series.jsonl. */
struct rh_series {
    uint64_t index;
    uint32_t mark_count, split_count;
    struct rh_mark marks[RH_SAMPLE_MARKS];
    struct rh_split splits[RH_SAMPLE_SPLITS];
    struct rh_latency *latency; /* rh_free; NULL: none */
};

/* Fills it; on failure nothing is to be freed. */
int rh_result_series_decode(const struct rh_json_place *place, const json_t *object,
                            struct rh_series *series);

#endif
