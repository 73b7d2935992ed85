/* encode_templates.c - what events have in common, and how they name what they release. */
#include <string.h>

#include "base/assert.h"
#include "trace/encode_state.h"

/* What an event adds to its template. */
struct reference {
    uint8_t mode;
    int8_t value;
    uint64_t distance; /* far */
};

/* ---- references ---- */

static struct reference refer(struct rh_encoder *encoder, struct lane *lane, uint32_t lane_index,
                              uint64_t released, uint64_t acquired) {
    uint64_t first = encoder->header.first_acquired;
    if (released >= first) {
        const struct birth *birth = &encoder->births[released - first];
        uint32_t back = lane->acquired - 1 - birth->ordinal;
        if (birth->lane == lane_index && back < RH_FORMAT_NEAR_MAX)
            return (struct reference){.mode = RH_REFERENCE_NEAR, .value = (int8_t)back};
    }
    int64_t stride = (int64_t)(released - lane->anchor);
    lane->anchor = released;
    if (stride >= -RH_FORMAT_STRIDE_MAX && stride < RH_FORMAT_STRIDE_MAX)
        return (struct reference){.mode = RH_REFERENCE_STRIDE, .value = (int8_t)stride};
    return (struct reference){.mode = RH_REFERENCE_FAR, .distance = acquired - 1 - released};
}

static void append_distance(struct rh_encoder *encoder, uint64_t distance) {
    bool wide = distance >= UINT32_MAX;
    rh_encode_u32(encoder, RH_COLUMN_FAR, wide ? UINT32_MAX : (uint32_t)distance);
    if (wide)
        rh_encode_u64(encoder, RH_COLUMN_FAR_WIDE, distance);
}

/* ---- templates ---- */

static bool same_template(const struct template *a, const struct template *b) {
    return a->size == b->size && a->kind == b->kind && a->align_log2 == b->align_log2 &&
           a->flags == b->flags && a->mode == b->mode && a->value == b->value;
}

static size_t template_slot(const struct template *wanted) {
    uint64_t mixed = wanted->size ^ (uint64_t)wanted->kind << 58 ^ (uint64_t)wanted->mode << 52 ^
                     (uint64_t)(uint8_t)wanted->value << 40 ^ (uint64_t)wanted->align_log2 << 33 ^
                     (uint64_t)wanted->flags << 31;
    mixed ^= mixed >> 29;
    return (size_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 40);
}

static uint32_t find_template(struct rh_encoder *encoder, const struct template *wanted) {
    size_t slot = template_slot(wanted) & encoder->slots_mask;
    for (; encoder->template_slots[slot] != 0; slot = (slot + 1) & encoder->slots_mask) {
        uint32_t found = encoder->template_slots[slot] - 1;
        if (same_template(&encoder->templates[found], wanted))
            return found;
    }
    uint32_t made = encoder->header.templates++;
    encoder->template_slots[slot] = made + 1;
    encoder->templates[made] = *wanted;
    encoder->template_uses[made] = 0;
    return made;
}

static void note_birth(struct rh_encoder *encoder, struct lane *lane, uint32_t lane_index,
                       uint64_t object) {
    encoder->births[object - encoder->header.first_acquired] =
        (struct birth){.lane = lane_index, .ordinal = lane->acquired++};
}

static void describe_event(struct rh_encoder *encoder, const struct rh_event *event, size_t i,
                           uint64_t acquired) {
    uint32_t lane_index = encoder->event_lane[i];
    struct lane *lane = &encoder->lanes[lane_index];
    struct reference reference = {0};
    if (event->released != RH_NO_OBJECT)
        reference = refer(encoder, lane, lane_index, event->released, acquired);
    if (reference.mode == RH_REFERENCE_FAR)
        append_distance(encoder, reference.distance);

    struct template wanted = {.size = event->size,
                              .kind = event->kind,
                              .align_log2 = event->align_log2,
                              .flags = event->flags,
                              .mode = reference.mode,
                              .value = reference.value};
    if (event->touched_pages != RH_NO_TOUCHED) {
        wanted.mode |= RH_TEMPLATE_TOUCHED;
        rh_encode_u32(encoder, RH_COLUMN_TOUCHED, event->touched_pages);
    }
    if (event->kind == RH_EVENT_THREAD_START)
        rh_encode_u32(encoder, RH_COLUMN_PARENT, event->parent);
    if (event->acquired != RH_NO_OBJECT)
        note_birth(encoder, lane, lane_index, event->acquired);

    uint32_t found = find_template(encoder, &wanted);
    encoder->event_template[i] = found;
    encoder->template_uses[found]++;
}

/* The events in their order: counts what they add to the trace's state. */
static void describe_events(struct rh_encoder *encoder, const struct rh_event *events, size_t count,
                            struct rh_block_header *next) {
    size_t slots = 64;
    while (slots < 2 * count)
        slots *= 2;
    rh_assert(slots <= TEMPLATE_SLOTS);
    encoder->slots_mask = slots - 1;
    memset(encoder->template_slots, 0, slots * sizeof(*encoder->template_slots));
    encoder->header.templates = 0;
    for (size_t i = 0; i < count; i++) {
        describe_event(encoder, &events[i], i, next->first_acquired);
        next->first_acquired += events[i].acquired != RH_NO_OBJECT;
        next->first_thread += events[i].kind == RH_EVENT_THREAD_START;
    }
    rh_encode_planes(encoder, RH_COLUMN_FAR, 4, encoder->block);
    rh_encode_planes(encoder, RH_COLUMN_TOUCHED, 4, encoder->block);
}

/* The more often a template is used the smaller its index, so that few tokens need a second byte.
 * A counting sort, stable, so that equal events make equal files. */
static void rank_templates(struct rh_encoder *encoder, size_t count) {
    uint32_t templates = encoder->header.templates;
    uint32_t *start = encoder->uses_start;
    memset(start, 0, (count + 2) * sizeof(*start));
    for (uint32_t i = 0; i < templates; i++)
        start[count - encoder->template_uses[i] + 1]++;
    for (size_t i = 1; i <= count; i++)
        start[i] += start[i - 1];
    for (uint32_t i = 0; i < templates; i++) {
        uint32_t rank = start[count - encoder->template_uses[i]]++;
        encoder->template_rank[i] = rank;
        encoder->template_order[rank] = i;
    }
}

static void emit_templates(struct rh_encoder *encoder) {
    size_t rows = encoder->header.templates;
    uint8_t *out = encoder->columns[RH_COLUMN_TEMPLATES];
    for (size_t row = 0; row < rows; row++) {
        const struct template *from = &encoder->templates[encoder->template_order[row]];
        out[row] = from->kind;
        out[rows + row] = from->align_log2;
        out[rows * 2 + row] = from->flags;
        out[rows * 3 + row] = from->mode;
        out[rows * 4 + row] = (uint8_t)from->value;
        for (size_t byte = 0; byte < 8; byte++)
            out[rows * (5 + byte) + row] = (uint8_t)(from->size >> (8 * byte));
    }
    encoder->column_bytes[RH_COLUMN_TEMPLATES] = rows * TEMPLATE_PLANES;
}

/* Tokens lie thread after thread, because a thread repeats itself and an interleaving does not. */
static void emit_tokens(struct rh_encoder *encoder, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = &encoder->lanes[encoder->event_lane[i]];
        encoder->tokens[lane->first++] = encoder->template_rank[encoder->event_template[i]];
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t token = encoder->tokens[i];
        bool more = token >= RH_FORMAT_ESCAPE;
        rh_encode_u8(encoder, RH_COLUMN_TOKEN, more ? RH_FORMAT_ESCAPE : (uint8_t)token);
        if (!more)
            continue;
        rh_encode_u8(encoder, RH_COLUMN_TOKEN_MORE, (uint8_t)(token - RH_FORMAT_ESCAPE));
        rh_encode_u8(encoder, RH_COLUMN_TOKEN_MORE, (uint8_t)((token - RH_FORMAT_ESCAPE) >> 8));
    }
    rh_encode_planes(encoder, RH_COLUMN_TOKEN_MORE, 2, encoder->block);
}

void rh_encode_templates(struct rh_encoder *encoder, const struct rh_event *events, size_t count,
                         struct rh_block_header *next) {
    describe_events(encoder, events, count, next);
    rank_templates(encoder, count);
    emit_templates(encoder);
    emit_tokens(encoder, count);
}
