/* split.c - where the resident bytes were, as columns. */
#include "result/codec.h"

/* X(member) - every column of single figures. */
#define COLUMNS(X)                                                                                 \
    X(mark)                                                                                        \
    RH_SPLIT_MAP(X)

json_t *rh_splits_encode(const struct rh_sample *sample) {
    struct rh_json_out out = {.object = json_object()};
    uint64_t column[RH_SAMPLE_SPLITS * RH_SAMPLE_TENTHS];
#define X(member)                                                                                  \
    for (uint32_t i = 0; i < sample->split_count; i++)                                             \
        column[i] = sample->splits[i].member;                                                      \
    rh_json_put_figures(&out, #member, column, sample->split_count);
    COLUMNS(X)
#undef X
    for (uint32_t i = 0; i < sample->split_count * RH_SAMPLE_TENTHS; i++)
        column[i] = sample->splits[i / RH_SAMPLE_TENTHS].occupancy[i % RH_SAMPLE_TENTHS];
    rh_json_put_figures(&out, "occupancy", column, sample->split_count * RH_SAMPLE_TENTHS);
    if (out.failed) {
        json_decref(out.object);
        return NULL;
    }
    return out.object;
}

static int wrong_length(const struct rh_json_place *place, const char *key, size_t is,
                        size_t wanted) {
    return rh_json_fail(place, RH_ERR_FORMAT, key, "has %zu entries, and %zu are due", is, wanted);
}

int rh_splits_decode(const struct rh_json_place *place, const json_t *object,
                     struct rh_split *ret_splits, uint32_t *ret_count) {
    uint64_t column[RH_SAMPLE_SPLITS * RH_SAMPLE_TENTHS];
    size_t count = 0, length = 0;
    rh_try(rh_json_get_figures(place, object, "mark", RH_SAMPLE_SPLITS, column, &count));
#define X(member)                                                                                  \
    rh_try(rh_json_get_figures(place, object, #member, RH_SAMPLE_SPLITS, column, &length));        \
    if (length != count)                                                                           \
        return wrong_length(place, #member, length, count);                                        \
    for (size_t i = 0; i < count; i++)                                                             \
        ret_splits[i].member = column[i];
    COLUMNS(X)
#undef X
    rh_try(rh_json_get_figures(place, object, "occupancy", RH_SAMPLE_SPLITS * RH_SAMPLE_TENTHS,
                               column, &length));
    if (length != count * RH_SAMPLE_TENTHS)
        return wrong_length(place, "occupancy", length, count * RH_SAMPLE_TENTHS);
    for (size_t i = 0; i < length; i++)
        ret_splits[i / RH_SAMPLE_TENTHS].occupancy[i % RH_SAMPLE_TENTHS] = column[i];
    *ret_count = (uint32_t)count;
    return 0;
}
