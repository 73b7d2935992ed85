/* think.c - spends recorded gaps on the memory that the program held.
 *
 * All is done at the TIMEs of a tape, so the op loop knows nothing of it. Which blocks are live is
 * read from the ops since the TIME before.
 *
 * A thread uses only blocks in slots that no other thread ever uses: nobody else can free those,
 * and who owns them never changes while threads run. What is used does not depend on the allocator.
 */
#include "replay/think.h"

#include <string.h>

#include "base/assert.h"
#include "replay/engine_internal.h"

enum {
    LINE_BYTES = 64,
    PAGE_BYTES = 4096,
    SMALL_BYTES = 256, /* is read as a whole, of larger blocks as much */
    DRAWS = 4,         /* until one is live */
};

/* In a longer gap the thread most likely slept. */
#define GAP_MOST_NS    50000u
#define UNITS_PER_LINE 1000000u /* of credit: a ns at one line a ms */
#define NOBODY         UINT32_MAX
#define SHARED         (UINT32_MAX - 1)
#define NO_TIME        UINT64_MAX

struct rh_think_block {
    const unsigned char *begin;
    uint64_t bytes; /* resident ones; 0: there is none */
};

/* Each has lines of its own. */
struct rh_thinker {
    _Alignas(64) const uint64_t *seen; /* ops before it are in the tables */
    uint64_t time_ns;                  /* of the TIME before */
    uint64_t credit;
    uint64_t random;
    uint64_t lines;
    uint32_t first_place, places;          /* its part of the blocks */
    uint32_t walk_at, walk_left;           /* places from here on come next */
    uint32_t newest;                       /* of `recent`, counted from 1 without end */
    uint32_t recent[RH_THINK_RECENT_MOST]; /* places */
};

/* ---- whose slot is whose ---- */

static void note_users(const struct rh_tape *tape, uint32_t thread, uint32_t *users) {
    const struct rh_tape_thread *entry = &tape->threads[thread];
    for (uint64_t at = entry->begin; at != entry->end; at = rh_tape_next(tape->words, at)) {
        uint64_t word = tape->words[at];
        if (!rh_tape_op_counts[rh_tape_kind(word)])
            continue;
        uint32_t *user = &users[rh_tape_slot(word)];
        *user = *user == NOBODY || *user == thread ? thread : SHARED;
    }
}

/* The slots of a thread stand side by side, so that it can draw one. Turns users into places. */
static void place_slots(struct rh_thinking *thinking, const struct rh_tape *tape) {
    const struct rh_tape_header *header = tape->header;
    uint32_t *places = thinking->places;
    for (uint64_t slot = 0; slot < header->slots; slot++)
        if (places[slot] < SHARED)
            thinking->thinkers[places[slot]].places++;
    uint32_t first = 0;
    for (uint64_t i = 0; i < header->threads; i++) {
        thinking->thinkers[i].first_place = first;
        first += thinking->thinkers[i].places;
        thinking->thinkers[i].places = 0;
    }
    for (uint64_t slot = 0; slot < header->slots; slot++)
        if (places[slot] < SHARED) {
            struct rh_thinker *owner = &thinking->thinkers[places[slot]];
            places[slot] = owner->first_place + owner->places++;
        }
}

static int map_tables(struct rh_thinking *thinking, const struct rh_tape_header *header,
                      struct rh_error *error) {
    rh_try(
        rh_mapped_init(&thinking->place_table, (header->slots + 1) * sizeof(uint32_t), 1, error));
    rh_try(rh_mapped_init(&thinking->block_table,
                          (header->slots + 1) * sizeof(struct rh_think_block), 1, error));
    return rh_mapped_init(&thinking->thinker_table,
                          (header->threads + 1) * sizeof(struct rh_thinker), 0, error);
}

void rh_thinking_finish(struct rh_thinking *thinking) {
    rh_mapped_finish(&thinking->place_table);
    rh_mapped_finish(&thinking->block_table);
    rh_mapped_finish(&thinking->thinker_table);
    thinking->thinkers = NULL;
}

/* A walk is as many draws, so fewer of the draws begin one. */
static uint32_t walks_in_64k(const struct rh_think_model *model) {
    uint32_t uniform = model->uniform_percent, others = (100 - uniform) * model->walk;
    return UINT32_C(65536) * uniform / (uniform + others);
}

int rh_thinking_init(struct rh_thinking *thinking, const struct rh_tape *tape,
                     const struct rh_think_model *model, enum rh_touch touch,
                     struct rh_error *error) {
    const struct rh_tape_header *header = tape->header;
    rh_assert(header->time_quantum_ns != 0 && model->recent <= RH_THINK_RECENT_MOST);
    *thinking = (struct rh_thinking){.model = *model, .touch = touch};
    int result = map_tables(thinking, header, error);
    if (result < 0) {
        rh_thinking_finish(thinking);
        return result;
    }
    thinking->places = thinking->place_table.data;
    thinking->blocks = thinking->block_table.data;
    thinking->walks_in_64k = walks_in_64k(model);
    thinking->thinkers = thinking->thinker_table.data;
    memset(thinking->places, 0xff, header->slots * sizeof(uint32_t));
    for (uint64_t i = 0; i < header->threads; i++) {
        struct rh_thinker *thinker = &thinking->thinkers[i];
        thinker->seen = tape->words + tape->threads[i].begin;
        thinker->time_ns = NO_TIME;
        thinker->random = (header->content_hash ^ i * UINT64_C(0x9e3779b97f4a7c15)) | 1;
        note_users(tape, (uint32_t)i, thinking->places);
    }
    place_slots(thinking, tape);
    return 0;
}

/* ---- what is live ---- */

/* Bytes from the begin of the block that touching made resident: others would fault. */
static uint64_t resident_bytes(enum rh_touch touch, const uint64_t *op, uint64_t size) {
    unsigned kind = rh_tape_kind(*op);
    uint32_t pages = kind == RH_TAPE_ALLOC_WIDE     ? (uint32_t)op[2]
                     : kind == RH_TAPE_REALLOC_WIDE ? (uint32_t)op[3]
                                                    : UINT32_MAX;
    if (touch == RH_TOUCH_NONE || size == 0)
        return 0;
    if (touch == RH_TOUCH_FIRST)
        return 1;
    if (touch != RH_TOUCH_RECORDED || pages >= (size + PAGE_BYTES - 1) / PAGE_BYTES)
        return size;
    return pages == 0 ? 0 : (uint64_t)(pages - 1) * PAGE_BYTES + 1;
}

/* A realloc may move a block also where its size stays. */
static void note_op(struct rh_thinking *thinking, struct rh_thinker *thinker,
                    const struct rh_player *player, const uint64_t *op) {
    unsigned kind = rh_tape_kind(*op);
    if (!rh_tape_op_counts[kind] || kind == RH_TAPE_USABLE || kind == RH_TAPE_USABLE_WIDE)
        return;
    uint32_t slot = rh_tape_slot(*op), place = thinking->places[slot];
    struct rh_tape_change change = rh_tape_change_of(op);
    if (place >= SHARED)
        return;
    struct rh_think_block *block = &thinking->blocks[place];
    *block = (struct rh_think_block){0};
    if (change.objects < 0)
        return;
    block->begin = player->slots[slot];
    if (block->begin != NULL && !player->untouchable)
        block->bytes = resident_bytes(thinking->touch, op, change.new_bytes);
    thinker->recent[thinker->newest++ % thinking->model.recent] = place;
}

/* A block that was made and freed again since the TIME before has another's pointer, or none, for a
 * moment: the op that frees it comes, too. */
static void note_ops(struct rh_thinking *thinking, struct rh_thinker *thinker,
                     const struct rh_player *player, const uint64_t *op) {
    uint64_t here = (uint64_t)(op - player->words);
    uint64_t at = (uint64_t)(thinker->seen - player->words);
    for (; at != here; at = rh_tape_next(player->words, at))
        note_op(thinking, thinker, player, &player->words[at]);
    thinker->seen = op;
}

/* ---- using it ---- */

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016). */
static inline uint64_t draw(struct rh_thinker *thinker) {
    uint64_t x = thinker->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    thinker->random = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* Uniform in [0, bound), from the upper half of what was drawn. */
static inline uint32_t below(uint64_t drawn, uint32_t bound) {
    return (uint32_t)((drawn >> 32) * bound >> 32);
}

/* Slots are given out in the order of allocations, where none has become free. */
static uint32_t draw_place(const struct rh_thinking *thinking, struct rh_thinker *thinker) {
    const struct rh_think_model *model = &thinking->model;
    if (thinker->walk_left > 0) {
        thinker->walk_left--;
        return thinker->first_place + thinker->walk_at++ % thinker->places;
    }
    uint64_t drawn = draw(thinker);
    uint32_t recent = thinker->newest < model->recent ? thinker->newest : model->recent;
    if ((drawn & 0xffff) >= thinking->walks_in_64k)
        return thinker->recent[below(drawn, recent)];
    thinker->walk_left = model->walk - 1;
    thinker->walk_at = below(drawn, thinker->places);
    return thinker->first_place + thinker->walk_at++;
}

static const struct rh_think_block *draw_block(const struct rh_thinking *thinking,
                                               struct rh_thinker *thinker) {
    for (int i = 0; i < DRAWS; i++) {
        uint32_t place = draw_place(thinking, thinker);
        if (thinking->blocks[place].bytes > 0)
            return &thinking->blocks[place];
    }
    return NULL;
}

/* What it reads decides nothing, but the next draw must wait for it, as a program waits for the
 * pointer that it follows. */
static inline void wait_for(struct rh_thinker *thinker, unsigned char value) {
    uint64_t wide = value;
    __asm__ volatile("" : "+r"(wide));
    thinker->random ^= wide >> 8; /* 0 */
    thinker->walk_at += (uint32_t)(wide >> 8);
}

/* A small block as a whole, of a large one as much at a random place. A write leaves what is there.
 * Returns the lines. */
static uint64_t use(const struct rh_thinking *thinking, struct rh_thinker *thinker,
                    const struct rh_think_block *block) {
    uint64_t drawn = draw(thinker), lines = (block->bytes + LINE_BYTES - 1) / LINE_BYTES;
    const uint64_t most = SMALL_BYTES / LINE_BYTES;
    uint64_t first = 0;
    if (lines > most) {
        first = below(drawn, lines - most < UINT32_MAX ? (uint32_t)(lines - most) : UINT32_MAX);
        lines = most;
    }
    volatile unsigned char *at = (unsigned char *)block->begin + first * LINE_BYTES;
    bool write = (drawn & 0xffff) * 100 >> 16 < thinking->model.write_percent;
    unsigned char value = 0;
    for (uint64_t i = 0; i < lines; i++) {
        value = at[i * LINE_BYTES];
        if (write)
            at[i * LINE_BYTES] = value;
    }
    wait_for(thinker, value);
    return lines;
}

void rh_think(struct rh_thinking *thinking, const struct rh_player *player, const uint64_t *op) {
    struct rh_thinker *thinker = &thinking->thinkers[player->thread];
    uint64_t time_ns = rh_tape_long_operand(*op), gap_ns = time_ns - thinker->time_ns;
    bool first = thinker->time_ns == NO_TIME;
    thinker->time_ns = time_ns;
    note_ops(thinking, thinker, player, op);
    if (first || thinker->newest == 0)
        return;
    gap_ns = gap_ns < GAP_MOST_NS ? gap_ns : GAP_MOST_NS;
    thinker->credit += gap_ns * thinking->model.lines_per_ms;
    while (thinker->credit >= UNITS_PER_LINE) {
        const struct rh_think_block *block = draw_block(thinking, thinker);
        uint64_t lines = block != NULL ? use(thinking, thinker, block) : 1;
        uint64_t price = lines * UNITS_PER_LINE;
        thinker->credit = thinker->credit > price ? thinker->credit - price : 0;
        thinker->lines += block != NULL ? lines : 0;
    }
}

uint64_t rh_thinking_lines(const struct rh_thinking *thinking, uint64_t threads) {
    uint64_t lines = 0;
    for (uint64_t i = 0; thinking->thinkers != NULL && i < threads; i++)
        lines += thinking->thinkers[i].lines;
    return lines;
}
