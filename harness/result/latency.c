/* latency.c - the distribution of a latency pass as JSON: only bins that hold something. */
#include <string.h>

#include "result/codec.h"

/* ---- writing ---- */

/* One histogram: the entries of one cell. */
static json_t *encode_cell(const struct rh_latency_entry *entries, uint32_t count) {
    struct rh_json_out out = {.object = json_object()};
    uint64_t bins[RH_LATENCY_BINS], counts[RH_LATENCY_BINS];
    for (uint32_t i = 0; i < count; i++) {
        bins[i] = entries[i].bin;
        counts[i] = entries[i].count;
    }
    uint64_t limit = rh_latency_class_limit(entries[0].cell % RH_LATENCY_CLASSES);
    rh_json_put_text(&out, "kind", rh_latency_kind_name(entries[0].cell / RH_LATENCY_CLASSES));
    rh_json_put_figure(&out, "largest_bytes", limit);
    rh_json_put_figures(&out, "bins", bins, count);
    rh_json_put_figures(&out, "counts", counts, count);
    if (out.failed) {
        json_decref(out.object);
        return NULL;
    }
    return out.object;
}

static json_t *encode_cells(const struct rh_latency *latency) {
    json_t *array = json_array();
    uint32_t begin = 0;
    while (array != NULL && begin < latency->entry_count) {
        uint32_t end = begin + 1;
        while (end < latency->entry_count &&
               latency->entries[end].cell == latency->entries[begin].cell)
            end++;
        if (json_array_append_new(array, encode_cell(&latency->entries[begin], end - begin)) != 0) {
            json_decref(array);
            return NULL;
        }
        begin = end;
    }
    return array;
}

static json_t *encode_exemplar(const struct rh_latency_exemplar *exemplar) {
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_text(&out, "kind", rh_latency_kind_name(exemplar->kind));
    rh_json_put_u64(&out, "thread", exemplar->thread);
    rh_json_put_u64(&out, "op", exemplar->op);
    rh_json_put_u64(&out, "size", exemplar->size);
    rh_json_put_u64(&out, "ns", exemplar->ns);
    rh_json_put_figure(&out, "faults", exemplar->faults);
    rh_json_put_figure(&out, "switches", exemplar->switches);
    if (out.failed) {
        json_decref(out.object);
        return NULL;
    }
    return out.object;
}

static json_t *encode_exemplars(const struct rh_latency *latency) {
    json_t *array = json_array();
    for (uint32_t i = 0; array != NULL && i < latency->exemplar_count; i++)
        if (json_array_append_new(array, encode_exemplar(&latency->exemplars[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *rh_latency_encode(const struct rh_latency *latency) {
    struct rh_json_out out = {.object = json_object()};
    rh_json_put_u64(&out, "quantum_ps", latency->quantum_ps);
    rh_json_put_u64(&out, "samples", latency->samples);
    rh_json_put_u64(&out, "lost", latency->lost);
    rh_json_put(&out, "histograms", encode_cells(latency));
    rh_json_put(&out, "slowest", encode_exemplars(latency));
    if (out.failed) {
        json_decref(out.object);
        return NULL;
    }
    return out.object;
}

/* ---- reading ---- */

static int decode_class(const struct rh_json_place *place, const json_t *object,
                        unsigned *ret_class) {
    uint64_t limit = 0;
    rh_try(rh_json_get_figure(place, object, "largest_bytes", &limit));
    unsigned size_class = rh_latency_class_of(limit);
    if (rh_latency_class_limit(size_class) != limit)
        return rh_json_fail(place, RH_ERR_FORMAT, "largest_bytes", "is the limit of no size class");
    *ret_class = size_class;
    return 0;
}

static int add_bins(const struct rh_json_place *place, const uint64_t *bins, const uint64_t *counts,
                    size_t count, uint32_t cell, struct rh_latency *latency) {
    for (size_t i = 0; i < count; i++) {
        if (bins[i] >= RH_LATENCY_BINS || (i > 0 && bins[i] <= bins[i - 1]))
            return rh_json_fail(place, RH_ERR_FORMAT, "bins", "must rise and stay below %d",
                                RH_LATENCY_BINS);
        if (counts[i] == 0 || counts[i] > UINT32_MAX)
            return rh_json_fail(place, RH_ERR_FORMAT, "counts", "must be 1 to 4294967295");
        if (latency->entry_count == RH_LATENCY_ENTRIES)
            return rh_json_fail(place, RH_ERR_LIMIT, "histograms", "have more than %d bins",
                                RH_LATENCY_ENTRIES);
        latency->entries[latency->entry_count++] =
            (struct rh_latency_entry){(uint16_t)cell, (uint16_t)bins[i], (uint32_t)counts[i]};
    }
    return 0;
}

static int decode_cell(const struct rh_json_place *place, const json_t *object,
                       struct rh_latency *latency) {
    uint32_t kind = 0;
    unsigned size_class = 0;
    uint64_t bins[RH_LATENCY_BINS], counts[RH_LATENCY_BINS];
    size_t bin_count = 0, count_count = 0;
    rh_try(rh_json_get_name(place, object, "kind", rh_latency_kind_names(), &kind));
    rh_try(decode_class(place, object, &size_class));
    rh_try(rh_json_get_figures(place, object, "bins", RH_LATENCY_BINS, bins, &bin_count));
    rh_try(rh_json_get_figures(place, object, "counts", RH_LATENCY_BINS, counts, &count_count));
    if (bin_count != count_count)
        return rh_json_fail(place, RH_ERR_FORMAT, "counts", "has %zu entries, and bins has %zu",
                            count_count, bin_count);
    uint32_t cell = kind * RH_LATENCY_CLASSES + size_class;
    if (latency->entry_count > 0 && cell <= latency->entries[latency->entry_count - 1].cell)
        return rh_json_fail(place, RH_ERR_FORMAT, "kind", "is out of order: by kind, then size");
    return add_bins(place, bins, counts, bin_count, cell, latency);
}

static int decode_exemplar(const struct rh_json_place *place, const json_t *object,
                           struct rh_latency_exemplar *exemplar) {
    rh_try(rh_json_get_name(place, object, "kind", rh_latency_kind_names(), &exemplar->kind));
    rh_try(rh_json_get_u32(place, object, "thread", UINT32_MAX, &exemplar->thread));
    rh_try(rh_json_get_u64(place, object, "op", UINT64_MAX, &exemplar->op));
    rh_try(rh_json_get_u64(place, object, "size", UINT64_MAX, &exemplar->size));
    rh_try(rh_json_get_u64(place, object, "ns", UINT64_MAX, &exemplar->ns));
    rh_try(rh_json_get_figure(place, object, "faults", &exemplar->faults));
    return rh_json_get_figure(place, object, "switches", &exemplar->switches);
}

static struct rh_json_place within(const struct rh_json_place *place, const char *list, size_t i) {
    struct rh_json_place inner = *place;
    snprintf(inner.within, sizeof(inner.within), "latency.%s[%zu]", list, i);
    return inner;
}

int rh_latency_decode(const struct rh_json_place *place, const json_t *object,
                      struct rh_latency *latency) {
    const json_t *array = NULL;
    latency->entry_count = latency->exemplar_count = 0;
    rh_try(rh_json_get_u64(place, object, "quantum_ps", UINT64_MAX, &latency->quantum_ps));
    rh_try(rh_json_get_u64(place, object, "samples", UINT64_MAX, &latency->samples));
    rh_try(rh_json_get_u64(place, object, "lost", UINT64_MAX, &latency->lost));
    rh_try(rh_json_get_array(place, object, "histograms", RH_LATENCY_CELLS, &array));
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct rh_json_place inner = within(place, "histograms", i);
        rh_try(decode_cell(&inner, json_array_get(array, i), latency));
    }
    rh_try(rh_json_get_array(place, object, "slowest", RH_LATENCY_EXEMPLARS, &array));
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct rh_json_place inner = within(place, "slowest", i);
        rh_try(decode_exemplar(&inner, json_array_get(array, i),
                               &latency->exemplars[latency->exemplar_count++]));
    }
    return 0;
}
