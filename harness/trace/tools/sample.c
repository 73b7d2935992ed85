/* sample.c - thinning objects without bending the curve of live bytes. */
#include "trace/tools/sample.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "trace/live.h"
#include "trace/tools/batch.h"
#include "trace/tools/feed.h"

/* Classes of sizes: four between two powers of two, up to 2^48. */
enum { CLASSES = 4 * 49 + 8 };

/* One object of this share of the peak, more or less, can be seen in the curve of the sample. */
static const double LARGE_SHARE = 0.002;
/* At most this part of the sample's objects are large ones. */
static const double LARGE_OBJECTS = 0.1;

struct object {
    uint64_t id;   /* in the sample; RH_NO_OBJECT: left out */
    uint64_t size; /* in the whole */
    bool large;
};

/* How many should have been kept so far, and how many were. */
struct number {
    double wanted, kept;
};

struct class {
    double due; /* of the next object; kept when it reaches 1 */
    struct number objects;
    double live_bytes; /* of all objects */
    double kept_bytes; /* of those that are kept */
};

struct sampler {
    struct rh_feed feed;
    struct rh_batch batch;
    struct rh_live live;
    struct class classes[CLASSES];
    double fraction;
    double others_due;  /* events without an object */
    double least_bytes; /* of an object that can be seen in the curve */
    uint64_t next_object;
    uint64_t live_bytes, kept_bytes; /* of the whole and of the sample */
    double peak_bytes;
    double error_sum;
    struct rh_sample_facts facts;
};

/* ---- what is kept ---- */

static unsigned class_of(uint64_t size) {
    if (size < 8)
        return (unsigned)size;
    unsigned log2 = 63 - (unsigned)__builtin_clzll(size);
    unsigned class = 8 + 4 * (log2 - 3) + (unsigned)(size >> (log2 - 2) & 3);
    return class < CLASSES ? class : CLASSES - 1;
}

/* The smallest size of a class. */
static uint64_t least_of(unsigned class) {
    if (class < 8)
        return class;
    unsigned log2 = 3 + (class - 8) / 4;
    return (UINT64_C(1) << log2) + ((uint64_t)((class - 8) % 4) << (log2 - 2));
}

static double clamp(double value) {
    return value > 1 ? 1 : value < -1 ? -1 : value;
}

/* How far the curve of the sample lies below what is wanted, in objects of the size. */
static double lag_of_curve(const struct sampler *sampler, uint64_t size) {
    double wanted = sampler->fraction * (double)sampler->live_bytes;
    return (wanted - (double)sampler->kept_bytes) / (size > 0 ? (double)size : 1);
}

/* As above for the class, but a class of many objects in parts of what is wanted. */
static double lag_of_class(const struct sampler *sampler, const struct class *class,
                           uint64_t size) {
    double wanted = sampler->fraction * class->live_bytes;
    double bytes = size > 0 ? (double)size : 1;
    return (wanted - class->kept_bytes) / (wanted > bytes ? wanted : bytes);
}

/* In parts of what is tolerated: four, or a tenth. */
static double lag_of_number(const struct number *number) {
    return (number->wanted - number->kept) / (4 + 0.1 * number->wanted);
}

/* Each object adds the fraction to what is due, and more or less of it where something lags or
 * leads: so the number of objects of each class, their live bytes, and the curve all keep the
 * fraction. */
static bool choose_new(struct sampler *sampler, uint64_t size) {
    struct class *class = &sampler->classes[class_of(size)];
    double lag = clamp(lag_of_class(sampler, class, size)) + clamp(lag_of_curve(sampler, size)) +
                 3 * clamp(lag_of_number(&class->objects) / 3);
    class->due += sampler->fraction * fmax(0, 1 + lag);
    class->objects.wanted += sampler->fraction;
    if (class->due < 1)
        return false;
    class->due -= 1;
    class->objects.kept += 1;
    return true;
}

/* What realloc makes of an object is kept as the object was, unless that would bend the curve. */
static bool choose_heir(const struct sampler *sampler, const struct object *before, uint64_t size) {
    bool was_kept = before->id != RH_NO_OBJECT;
    if ((double)size < sampler->least_bytes)
        return was_kept;
    double lag = lag_of_curve(sampler, size);
    return was_kept ? lag > -1 : lag > 2;
}

static bool choose_other(struct sampler *sampler) {
    sampler->others_due += sampler->fraction;
    if (sampler->others_due < 1)
        return false;
    sampler->others_due -= 1;
    return true;
}

/* `before` (may be NULL) is the object that realloc ends. */
static bool choose(struct sampler *sampler, const struct object *before, uint64_t size,
                   bool large) {
    if (large)
        return true;
    if (before != NULL && !before->large)
        return choose_heir(sampler, before, size);
    return choose_new(sampler, size);
}

static uint64_t size_in_sample(const struct sampler *sampler, uint64_t size, bool large) {
    if (!large)
        return size;
    double smaller = rint((double)size * sampler->fraction);
    return smaller < 1 ? 1 : (uint64_t)smaller;
}

/* ---- the curve ---- */

static void count_object(struct sampler *sampler, uint64_t size, bool large, bool kept,
                         double sign) {
    struct class *class = &sampler->classes[class_of(size)];
    uint64_t in_sample = size_in_sample(sampler, size, large);
    sampler->live_bytes += sign > 0 ? size : -size;
    if (kept)
        sampler->kept_bytes += sign > 0 ? in_sample : -in_sample;
    if (large)
        return;
    class->live_bytes += sign * (double)size;
    if (kept)
        class->kept_bytes += sign * (double)size;
}

static void measure(struct sampler *sampler) {
    double whole = (double)sampler->live_bytes;
    double sample = (double)sampler->kept_bytes / sampler->fraction;
    double error = fabs(sample - whole) / sampler->peak_bytes;
    sampler->error_sum += error;
    if (error > sampler->facts.worst_error)
        sampler->facts.worst_error = error;
}

/* ---- events ---- */

static int gain_object(struct sampler *sampler, const struct rh_event *event,
                       const struct object *before, struct rh_error *error,
                       struct object *ret_object) {
    bool large = event->size >= sampler->facts.large_bytes;
    bool kept = choose(sampler, before, event->size, large);
    sampler->facts.large_objects += large;
    void *entry;
    rh_try(rh_live_add(&sampler->live, event->acquired, error, &entry));
    *ret_object = (struct object){
        .id = kept ? sampler->next_object++ : RH_NO_OBJECT, .size = event->size, .large = large};
    *(struct object *)entry = *ret_object;
    count_object(sampler, event->size, large, kept, 1);
    return 0;
}

static int lose_object(struct sampler *sampler, const struct rh_event *event,
                       struct rh_error *error, struct object *ret_object) {
    const struct object *object = rh_live_find(&sampler->live, event->released);
    if (object == NULL)
        return rh_feed_fail_dead(&sampler->feed, event->released, error);
    *ret_object = *object;
    if (!rh_event_releases(event->kind))
        return 0;
    count_object(sampler, object->size, object->large, object->id != RH_NO_OBJECT, -1);
    return rh_live_remove(&sampler->live, event->released, error);
}

static int take_object_event(struct sampler *sampler, const struct rh_event *event,
                             struct rh_error *error) {
    struct object old = {.id = RH_NO_OBJECT};
    struct object new = {.id = RH_NO_OBJECT};
    bool releases = event->released != RH_NO_OBJECT;
    if (releases)
        rh_try(lose_object(sampler, event, error, &old));
    if (event->acquired != RH_NO_OBJECT)
        rh_try(gain_object(sampler, event, releases ? &old : NULL, error, &new));
    if (old.id == RH_NO_OBJECT && new.id == RH_NO_OBJECT)
        return 0;

    struct rh_event written = *event;
    written.released = old.id;
    written.acquired = new.id;
    if (new.id != RH_NO_OBJECT || event->kind == RH_EVENT_FREE_SIZED)
        written.size =
            size_in_sample(sampler, event->size, new.id != RH_NO_OBJECT ? new.large : old.large);
    if (old.large && event->touched_pages != RH_NO_TOUCHED)
        written.touched_pages = (uint32_t)ceil(event->touched_pages * sampler->fraction);
    if (event->kind == RH_EVENT_REALLOC && old.id == RH_NO_OBJECT) {
        written.kind = RH_EVENT_MALLOC;
        written.touched_pages = RH_NO_TOUCHED;
    } else if (event->kind == RH_EVENT_REALLOC && new.id == RH_NO_OBJECT) {
        written.kind = RH_EVENT_FREE;
        written.size = 0;
        written.align_log2 = 0;
    }
    return rh_batch_add(&sampler->batch, &written, error);
}

static int take(struct sampler *sampler, const struct rh_event *event, struct rh_error *error) {
    if (event->released != RH_NO_OBJECT || event->acquired != RH_NO_OBJECT)
        return take_object_event(sampler, event, error);
    bool stays = event->kind == RH_EVENT_THREAD_START || event->kind == RH_EVENT_THREAD_END ||
                 event->kind == RH_EVENT_MARKER;
    return stays || choose_other(sampler) ? rh_batch_add(&sampler->batch, event, error) : 0;
}

static int take_all(struct sampler *sampler, struct rh_error *error) {
    for (;;) {
        const struct rh_event *event = NULL;
        rh_try(rh_feed_next(&sampler->feed, error, &event));
        if (event == NULL)
            return 0;
        rh_try(take(sampler, event, error));
        measure(sampler);
    }
}

/* ---- the whole ---- */

/* Objects of each class, and the smallest size of each. */
struct histogram {
    uint64_t objects[CLASSES];
};

static int count_sizes(struct sampler *sampler, struct rh_error *error,
                       struct histogram *ret_histogram) {
    for (;;) {
        const struct rh_event *event = NULL;
        rh_try(rh_feed_next(&sampler->feed, error, &event));
        if (event == NULL)
            return rh_feed_rewind(&sampler->feed, error);
        if (event->acquired != RH_NO_OBJECT)
            ret_histogram->objects[class_of(event->size)]++;
    }
}

/* Whole classes from the largest down, as long as their objects are few and each of them weighs. */
static uint64_t choose_large_bytes(const struct histogram *histogram, double objects,
                                   double least_bytes) {
    double large = 0;
    unsigned class = CLASSES;
    while (class > 0 && (double)least_of(class - 1) >= least_bytes) {
        large += (double)histogram->objects[class - 1];
        if (large > LARGE_OBJECTS * objects)
            break;
        class --;
    }
    return class < CLASSES ? least_of(class) : UINT64_MAX;
}

static int check_length(const struct rh_trace_summary *summary, const char *path, uint64_t events,
                        uint64_t fixed, struct rh_error *error) {
    if (events >= summary->events)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s has only %" PRIu64 " events: there is nothing to do", path,
                       summary->events);
    if (events < 2 * fixed || events == 0)
        return rh_fail(error, RH_ERR_INVALID,
                       "%s has %" PRIu64
                       " thread starts, ends and markers, which all stay: ask for "
                       "at least %" PRIu64 " events",
                       path, fixed, 2 * fixed + 1);
    return 0;
}

static int plan_sample(struct sampler *sampler, const char *path, uint64_t events,
                       struct rh_error *error) {
    const struct rh_trace_summary *summary = rh_feed_summary(&sampler->feed);
    uint64_t fixed = summary->events_by_kind[RH_EVENT_THREAD_START] +
                     summary->events_by_kind[RH_EVENT_THREAD_END] +
                     summary->events_by_kind[RH_EVENT_MARKER];
    struct histogram histogram = {{0}};
    rh_try(check_length(summary, path, events, fixed, error));
    rh_try(count_sizes(sampler, error, &histogram));
    sampler->fraction = (double)(events - fixed) / (double)(summary->events - fixed);
    sampler->peak_bytes = summary->peak_live_bytes > 0 ? (double)summary->peak_live_bytes : 1;
    sampler->facts.fraction = sampler->fraction;
    sampler->least_bytes = LARGE_SHARE * sampler->fraction * sampler->peak_bytes;
    sampler->facts.large_bytes = choose_large_bytes(
        &histogram, sampler->fraction * (double)summary->objects, sampler->least_bytes);
    for (size_t i = 0; i < CLASSES; i++)
        sampler->classes[i].due = 0.5;
    return 0;
}

static int finish_trace(struct sampler *sampler, struct rh_error *error,
                        struct rh_trace_summary *ret_summary) {
    struct rh_sample_facts *facts = &sampler->facts;
    if (sampler->feed.index > 0)
        facts->mean_error = sampler->error_sum / (double)sampler->feed.index;
    char sentence[200];
    snprintf(
        sentence, sizeof(sentence),
        "sample: %.4g %% of the objects; curve of live bytes: mean error %.2f %%, worst %.2f %% "
        "of the peak",
        100 * facts->fraction, 100 * facts->mean_error, 100 * facts->worst_error);
    struct rh_trace_meta copied = {0};
    rh_try(rh_tools_meta(rh_feed_meta(&sampler->feed), "sample of", sentence, error, &copied));
    copied.peak_rss_bytes = 0; /* it is that of the whole */
    int result = rh_batch_finish(&sampler->batch, &copied, error, ret_summary);
    rh_trace_meta_finish(&copied);
    return result;
}

static int run(struct sampler *sampler, const char *path, uint64_t events, const char *out,
               struct rh_error *error, struct rh_trace_summary *ret_summary) {
    rh_try(rh_feed_open(&sampler->feed, path, error));
    rh_try(plan_sample(sampler, path, events, error));
    rh_try(rh_batch_init(&sampler->batch, out, error));
    rh_try(take_all(sampler, error));
    return finish_trace(sampler, error, ret_summary);
}

int rh_trace_sample(const char *path, uint64_t events, const char *out, struct rh_error *error,
                    struct rh_sample_facts *ret_facts, struct rh_trace_summary *ret_summary) {
    struct sampler *sampler = rh_alloc_zeroed(1, sizeof(*sampler));
    if (sampler == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory to sample %s", path);
    rh_live_init(&sampler->live, sizeof(struct object));
    int result = run(sampler, path, events, out, error, ret_summary);
    if (result == 0 && ret_facts != NULL)
        *ret_facts = sampler->facts;
    rh_live_finish(&sampler->live);
    rh_batch_destroy(&sampler->batch);
    rh_feed_close(&sampler->feed);
    rh_free(sampler);
    return result;
}
