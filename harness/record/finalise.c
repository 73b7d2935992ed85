/* finalise.c - spool to trace. */
#include "record/finalise.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "record/addresses.h"
#include "record/born.h"
#include "record/host.h"
#include "record/image.h"
#include "record/merge.h"

static int add_to_writer(void *context, const struct rh_event *events, size_t count,
                         struct rh_error *error) {
    return rh_trace_writer_add(context, events, count, error);
}

/* Why the trace is not the whole story; NULL in *ret_note: it is. */
static int write_note(const struct rh_image *image, const struct rh_merge_counts *counts,
                      struct rh_error *error, char **ret_note) {
    struct rh_text text = {0};
    if (atomic_load(&image->header.state) == RH_SPOOL_STOPPED)
        rh_text_addf(&text, "recording stopped before the end of the program: %s. ",
                     strerror(atomic_load(&image->header.stop_errno)));
    uint64_t unbegun = atomic_load(&image->header.unbegun_count);
    if (unbegun > 0)
        rh_text_addf(&text,
                     "%" PRIu64 " processes that it forked were not recorded, as they could not "
                     "make a file in the spool's directory. ",
                     unbegun);
    if (image->lost_count + counts->cut_count > 0)
        rh_text_addf(&text, "%" PRIu64 " events were not recorded. ",
                     image->lost_count + counts->cut_count);
    if (image->torn_count + counts->torn_count > 0)
        rh_text_addf(&text, "%" PRIu64 " pieces of the spool were torn or missing. ",
                     image->torn_count + counts->torn_count);
    if (counts->missed_releases > 0)
        rh_text_addf(&text,
                     "%" PRIu64 " releases were not seen, and stand where their address was "
                     "acquired again. ",
                     counts->missed_releases);
    if (counts->unknown_usables > 0)
        rh_text_addf(&text,
                     "%" PRIu64 " calls of malloc_usable_size for unknown blocks were left "
                     "out. ",
                     counts->unknown_usables);
    int result = 0;
    if (text.length > 0) {
        text.data[text.length - 1] = '\0';
        *ret_note = rh_strdup(text.data);
        if (text.failed != 0 || *ret_note == NULL)
            result = rh_fail(error, RH_ERR_MEMORY, "no memory for the metadata of a trace");
    }
    rh_text_finish(&text);
    return result;
}

/* 0: no times at all. */
static uint64_t quantum_of(enum rh_record_times times) {
    static const uint64_t quanta[] = {
        [RH_RECORD_TIMES_FULL] = 10, [RH_RECORD_TIMES_COARSE] = 1000, [RH_RECORD_TIMES_NONE] = 0};
    return quanta[times];
}

/* Of a recording that ended before its program, what came behind is not known apart. */
static void fill_cpu_time(const struct rh_spool_header *header, uint64_t events, double cost_ns,
                          struct rh_trace_meta *meta) {
    uint64_t end_ns = atomic_load(&header->end_cpu_ns);
    if (end_ns <= header->start_cpu_ns || atomic_load(&header->state) == RH_SPOOL_STOPPED)
        return;
    meta->cpu_ns = end_ns - header->start_cpu_ns;
    if (cost_ns > 0)
        meta->recorder_ns = (uint64_t)(cost_ns * (double)events) + meta->look_ns;
}

static int fill_meta(const struct rh_image *image, const struct rh_merge_counts *counts,
                     const struct rh_finalise_options *options, double ns_per_tick,
                     struct rh_error *error, struct rh_trace_meta *meta) {
    const struct rh_spool_header *header = &image->header;
    rh_try(rh_host_describe(header, error, meta));
    rh_try(write_note(image, counts, error, &meta->note));
    uint64_t end_ticks = atomic_load(&header->end_ticks);
    meta->duration_ns = counts->end_ns;
    if (end_ticks > header->start_ticks) {
        uint64_t run_ns = rh_host_ns_of(end_ticks - header->start_ticks, ns_per_tick);
        if (run_ns > meta->duration_ns)
            meta->duration_ns = run_ns;
    }
    meta->time_quantum_ns = quantum_of(options->times);
    double ns_per_stamp = ns_per_tick * (1 << RH_SPOOL_STAMP_SHIFT);
    meta->nested_calls = atomic_load(&header->nested_count);
    meta->stalls = atomic_load(&header->stall_count);
    meta->stall_ns = atomic_load(&header->stall_ns);
    meta->looks = atomic_load(&header->look_count);
    meta->looks_skipped = atomic_load(&header->look_skipped);
    meta->look_ns = rh_host_ns_of(atomic_load(&header->look_stamps), ns_per_stamp);
    meta->unknown_frees = counts->unknown_frees;
    meta->drops = image->lost_count + counts->cut_count + counts->missed_releases;
    meta->torn = image->torn_count + counts->torn_count;
    uint64_t peak = atomic_load(&header->peak_rss_bytes);
    meta->peak_rss_bytes = peak != 0 ? peak : options->peak_rss_bytes;
    fill_cpu_time(header, counts->events, options->cost_ns, meta);
    return 0;
}

/* What the table at the end of a recording shows. */
static int describe(const struct rh_image *image, const struct rh_trace_meta *meta,
                    const struct rh_merge_counts *counts, const char *path, struct rh_error *error,
                    struct rh_record_trace *trace) {
    trace->path = rh_strdup(path);
    trace->program = rh_strdup(meta->program);
    trace->note = meta->note != NULL ? rh_strdup(meta->note) : NULL;
    if (trace->path == NULL || trace->program == NULL ||
        (meta->note != NULL && trace->note == NULL))
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the description of a trace");
    trace->pid = meta->pid;
    trace->unknown_frees = meta->unknown_frees;
    trace->drops = meta->drops;
    trace->usable_calls = counts->usable_calls;
    trace->stalls = meta->stalls;
    trace->looks_skipped = meta->looks_skipped;
    trace->look_ns = meta->look_ns;
    trace->duration_ns = meta->duration_ns;
    trace->raw_bytes = image->raw_bytes;
    return 0;
}

static int name_thread(void *context, uint32_t thread, const char *name, struct rh_error *error) {
    return rh_trace_meta_name_thread(context, thread, name, error);
}

static int reach_fork(void *context, const void *subject, const struct rh_addresses *addresses,
                      struct rh_error *error) {
    (void)context;
    return rh_born_write(subject, addresses, error);
}

/* Prologue and events. */
static int play(const struct rh_image *image, const char *stem,
                const struct rh_finalise_options *options, struct rh_merge_options *merge,
                struct rh_error *error, struct rh_merge_counts *ret_counts) {
    struct rh_addresses addresses = {0};
    uint64_t inherited = 0;
    merge->moments = options->forks;
    merge->moments_count = options->forks_count;
    merge->reach = reach_fork;
    int result = rh_born_play(stem, merge->sink, &addresses, error, &inherited);
    merge->has_prologue = inherited > 0;
    if (result == 0)
        result = rh_merge(image, merge, &addresses, inherited, error, ret_counts);
    rh_addresses_finish(&addresses);
    return result;
}

static int write_events(const struct rh_image *image, const char *stem,
                        const struct rh_finalise_options *options, double ns_per_tick,
                        struct rh_trace_writer *writer, struct rh_error *error,
                        struct rh_trace_meta *meta, struct rh_merge_counts *ret_counts) {
    struct rh_merge_options merge = {
        .ns_per_tick = ns_per_tick,
        .time_quantum_ns = quantum_of(options->times),
        .sink = {.add = add_to_writer, .context = writer},
        .name_thread = name_thread,
        .context = meta,
    };
    return play(image, stem, options, &merge, error, ret_counts);
}

static int write_trace(const struct rh_image *image, const char *stem, const char *path,
                       const struct rh_finalise_options *options, struct rh_trace_writer *writer,
                       struct rh_error *error, struct rh_record_trace *trace) {
    double ns_per_tick = rh_host_ns_per_tick(&image->header);
    struct rh_merge_counts counts = {0};
    struct rh_trace_meta meta = {0};
    int result = write_events(image, stem, options, ns_per_tick, writer, error, &meta, &counts);
    if (result == 0)
        result = fill_meta(image, &counts, options, ns_per_tick, error, &meta);
    if (result == 0)
        result = rh_trace_writer_finish(writer, &meta, error, &trace->summary);
    if (result == 0)
        result = describe(image, &meta, &counts, path, error, trace);
    rh_trace_meta_finish(&meta);
    return result;
}

static int add_to_nothing(void *context, const struct rh_event *events, size_t count,
                          struct rh_error *error) {
    (void)context;
    (void)events;
    (void)count;
    (void)error;
    return 0;
}

static int pass_on(const struct rh_image *image, const char *stem,
                   const struct rh_finalise_options *options, struct rh_error *error) {
    struct rh_merge_options merge = {.ns_per_tick = rh_host_ns_per_tick(&image->header),
                                     .sink = {.add = add_to_nothing}};
    struct rh_merge_counts counts;
    return options->forks_count > 0 ? play(image, stem, options, &merge, error, &counts) : 0;
}

int rh_finalise_forks(const char *stem, const struct rh_finalise_options *options,
                      struct rh_error *error) {
    struct rh_image image = {0};
    rh_try(rh_image_open(stem, error, &image));
    int result = pass_on(&image, stem, options, error);
    rh_image_close(&image);
    return result;
}

int rh_finalise(const char *stem, const char *path, const struct rh_finalise_options *options,
                struct rh_error *error, struct rh_record_trace *ret_trace) {
    struct rh_image image = {0};
    rh_try(rh_image_open(stem, error, &image));
    if (image.frames_count == 0) {
        int passed_on = pass_on(&image, stem, options, error);
        rh_image_close(&image);
        rh_try(passed_on);
        return rh_fail(error, RH_ERR_MISSING, "%s: the process made no allocation calls", stem);
    }
    struct rh_record_trace trace = {0};
    struct rh_trace_writer *writer = NULL;
    int result = rh_trace_writer_create(path, error, &writer);
    if (result == 0)
        result = write_trace(&image, stem, path, options, writer, error, &trace);
    rh_trace_writer_destroy(writer);
    rh_image_close(&image);
    if (result < 0) {
        rh_record_trace_finish(&trace);
        return result;
    }
    *ret_trace = trace;
    return 0;
}

void rh_record_trace_finish(struct rh_record_trace *trace) {
    rh_free(trace->path);
    rh_free(trace->program);
    rh_free(trace->note);
    *trace = (struct rh_record_trace){0};
}
