/* replay_json.c - a sample of "reheap replay" for programs. */
#include "cli/replay_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/sample.h"

static void set_count(json_t *object, const char *key, uint64_t value) {
    json_object_set_new(object, key,
                        value == UINT64_MAX ? json_null() : json_integer((json_int_t)value));
}

/* X(key, member) */
#define COUNTS(X)                                                                                  \
    X("ops", ops)                                                                                  \
    X("threads", threads)                                                                          \
    X("threads_peak", threads_peak)                                                                \
    X("edges", edges)                                                                              \
    X("edges_waited", edges_waited)                                                                \
    X("wall_ns", wall_ns)                                                                          \
    X("busy_ns", busy_ns)                                                                          \
    X("stall_ns", stall_ns)                                                                        \
    X("preempted_ns", preempted_ns)                                                                \
    X("creation_ns", creation_ns)                                                                  \
    X("window_waits", window_waits)                                                                \
    X("window_stall_ns", window_stall_ns)                                                          \
    X("paced_ns", paced_ns)                                                                        \
    X("late_ns", late_ns)                                                                          \
    X("think_lines", think_lines)                                                                  \
    X("cross_releases", cross_releases)                                                            \
    X("skipped_events", skipped_events)                                                            \
    X("user_ns", user_ns)                                                                          \
    X("system_ns", system_ns)                                                                      \
    X("minor_faults", minor_faults)                                                                \
    X("major_faults", major_faults)                                                                \
    X("voluntary_switches", voluntary_switches)                                                    \
    X("involuntary_switches", involuntary_switches)                                                \
    X("peak_live_bytes", peak_live_bytes)                                                          \
    X("replayed_peak_live_bytes", replayed_peak_live_bytes)                                        \
    X("start_resident_bytes", start_resident_bytes)                                                \
    X("peak_resident_bytes", peak_resident_bytes)                                                  \
    X("high_water_bytes", high_water_bytes)                                                        \
    X("freed_resident_bytes", freed_resident_bytes[0])                                             \
    X("purged_resident_bytes", purged_resident_bytes)                                              \
    X("failed_op", failed_op)                                                                      \
    X("instructions", instructions)                                                                \
    X("cycles", cycles)                                                                            \
    X("cache_misses", cache_misses)                                                                \
    X("dtlb_misses", dtlb_misses)                                                                  \
    X("brk_calls", brk_calls)                                                                      \
    X("mmap_calls", mmap_calls)                                                                    \
    X("munmap_calls", munmap_calls)                                                                \
    X("mremap_calls", mremap_calls)                                                                \
    X("madvise_calls", madvise_calls)                                                              \
    X("mprotect_calls", mprotect_calls)

static json_t *stalls_json(const struct rh_sample *sample) {
    json_t *stalls = json_array();
    for (uint32_t i = 0; i < sample->stall_count; i++) {
        const struct rh_stall *stall = &sample->stalls[i];
        json_t *entry = json_object();
        set_count(entry, "thread", stall->thread);
        set_count(entry, "stall_ns", stall->thread_ns);
        set_count(entry, "waits", stall->thread_waits);
        set_count(entry, "longest_ns", stall->ns);
        if (stall->ns > 0) {
            set_count(entry, "op", stall->op);
            set_count(entry, "for_thread", stall->other_thread);
            set_count(entry, "for_op", stall->other_op);
        }
        json_array_append_new(stalls, entry);
    }
    return stalls;
}

/* null: the rate was given. */
static json_t *found_json(const struct rh_think_found *found) {
    json_t *object = found->allocator != NULL ? json_object() : json_null();
    if (found->allocator == NULL)
        return object;
    json_object_set_new(object, "allocator", json_string(found->allocator));
    set_count(object, "lines_per_ms", found->lines_per_ms);
    set_count(object, "program_ns", found->program_ns);
    set_count(object, "plain_ns", found->plain_ns);
    set_count(object, "thinking_ns", found->thinking_ns);
    return object;
}

int rh_cli_replay_json(const struct rh_cli_replayed *replayed) {
    const struct rh_sample *sample = replayed->sample;
    json_t *object = json_object();
    json_object_set_new(object, "allocator", json_string(replayed->job->allocator));
    json_object_set_new(object, "object", json_string(sample->object));
    json_object_set_new(object, "pass", json_string(rh_pass_name(sample->pass)));
    json_object_set_new(object, "touch", json_string(rh_touch_name(replayed->job->touch)));
    char text[RH_COURSE_BYTES];
    json_object_set_new(object, "order", json_string(rh_course_order_text(replayed->course, text)));
    json_object_set_new(object, "pace", json_string(rh_course_pace_text(replayed->course, text)));
    char think[RH_THINK_BYTES];
    json_object_set_new(object, "think",
                        json_string(rh_think_text(&replayed->course->think, think)));
    json_object_set_new(object, "think_found", found_json(replayed->found));
    json_object_set_new(object, "one_thread",
                        json_boolean(replayed->course->order == RH_ORDER_ONE_THREAD));
    json_object_set_new(object, "end", json_string(rh_sample_end_name(sample->end)));
    json_object_set_new(object, "reason", json_string(sample->reason));
    json_object_set_new(object, "ns_per_op", json_real(rh_cli_sample_ns_per_op(sample)));
#define X(key, member) set_count(object, key, sample->member);
    COUNTS(X)
#undef X
    json_object_set_new(object, "counters_reason", json_string(sample->counters_reason));
    char checksum[RH_HUMAN_BYTES];
    snprintf(checksum, sizeof(checksum), "%016" PRIx64, sample->checksum);
    json_object_set_new(object, "checksum", json_string(checksum));
    rh_cli_sample_add_series(object, sample, replayed->job->latency);
    json_object_set_new(object, "stalls", stalls_json(sample));
    int result = json_dumpf(object, stdout, JSON_INDENT(2));
    json_decref(object);
    putchar('\n');
    return result;
}
