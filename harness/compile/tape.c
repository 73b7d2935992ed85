/* tape.c - opening a tape and checking it, so that the op loop may trust every word. */
#include "compile/tape.h"

#include <inttypes.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/memory.h"

#define REMEDY "; remove it and it will be compiled again"

const uint8_t rh_tape_op_words[RH_TAPE_OPS] = {
#define X(name, value, words, is_op, text) [value] = words,
    RH_TAPE_OP_MAP(X)
#undef X
};

const uint8_t rh_tape_op_counts[RH_TAPE_OPS] = {
#define X(name, value, words, is_op, text) [value] = is_op,
    RH_TAPE_OP_MAP(X)
#undef X
};

const char *rh_tape_op_name(unsigned kind) {
    static const char *const names[RH_TAPE_OPS] = {
#define X(name, value, words, is_op, text) [value] = text,
        RH_TAPE_OP_MAP(X)
#undef X
    };
    return kind < RH_TAPE_OPS && names[kind] != NULL ? names[kind] : "unknown";
}

uint64_t rh_tape_header_hash(const struct rh_tape_header *header) {
    return XXH64(header, offsetof(struct rh_tape_header, header_hash), 0);
}

uint64_t rh_tape_body_hash(const struct rh_tape *tape) {
    uint64_t end = tape->map.bytes / 8, at = RH_TAPE_FIRST_WORD;
    uint64_t step = tape->window_words != 0 ? tape->window_words : end;
    XXH64_state_t state;
    XXH64_reset(&state, 0);
    while (at < end) {
        uint64_t words = end - at < step ? end - at : step;
        XXH64_update(&state, (const char *)tape->map.data + at * 8, words * 8);
        if (tape->window_words != 0)
            rh_tape_let_go(tape, at, at + words);
        at += words;
    }
    return XXH64_digest(&state);
}

uint64_t rh_tape_walk(const uint64_t *words, uint64_t position, uint64_t ops) {
    while (ops > 0) {
        ops -= rh_tape_op_counts[rh_tape_kind(words[position])];
        position = rh_tape_next(words, position);
    }
    return position;
}

static struct rh_tape_change narrow_change_of(unsigned kind, const uint64_t *op) {
    struct rh_tape_change change = {.align_log2 = RH_TAPE_MALLOC_ALIGN_LOG2};
    bool makes = kind == RH_TAPE_MALLOC || kind == RH_TAPE_CALLOC;
    bool frees = kind == RH_TAPE_FREE || kind == RH_TAPE_FREE_SIZED;
    change.objects = makes - frees;
    change.old_bytes = makes ? 0 : rh_tape_size(*op);
    change.new_bytes = frees ? 0 : kind == RH_TAPE_REALLOC ? op[1] : rh_tape_size(*op);
    return change;
}

static struct rh_tape_change wide_change_of(unsigned kind, const uint64_t *op) {
    struct rh_tape_change change = {.align_log2 = rh_tape_size(*op) & RH_TAPE_SHAPE_ALIGN};
    change.objects = (kind == RH_TAPE_ALLOC_WIDE) - (kind == RH_TAPE_FREE_WIDE);
    change.old_bytes = kind == RH_TAPE_ALLOC_WIDE ? 0 : op[1];
    change.new_bytes = kind == RH_TAPE_FREE_WIDE ? 0 : kind == RH_TAPE_REALLOC_WIDE ? op[2] : op[1];
    return change;
}

struct rh_tape_change rh_tape_change_of(const uint64_t *op) {
    unsigned kind = rh_tape_kind(*op);
    if (!rh_tape_op_counts[kind])
        return (struct rh_tape_change){0};
    return kind <= RH_TAPE_USABLE ? narrow_change_of(kind, op) : wide_change_of(kind, op);
}

/* From the nearest place whose number is known: a stream may have gigabytes. */
uint64_t rh_tape_number(const struct rh_tape *tape, uint64_t thread, uint64_t position) {
    const struct rh_tape_thread *entry = &tape->threads[thread];
    uint64_t at = entry->begin, ops = 0;
    if (position >= entry->timed) {
        at = entry->timed;
        ops = entry->prologue_ops;
    }
    for (uint64_t i = 0; i < entry->segments && i < RH_TAPE_SEGMENTS; i++)
        if (entry->segment_end[i] <= position) {
            at = entry->segment_end[i];
            ops = entry->prologue_ops + rh_tape_segment_start(entry, i + 1);
        }
    while (at < position && at != entry->end) {
        ops += rh_tape_op_counts[rh_tape_kind(tape->words[at])];
        at = rh_tape_next(tape->words, at);
    }
    return ops;
}

/* ---- opening ---- */

static int check_table(const struct rh_tape_header *header, const char *name, uint64_t at,
                       uint64_t count, uint64_t element_bytes, struct rh_error *error) {
    if (at % 8 != 0 || at < header->ops_end * 8 || at > header->file_bytes ||
        count > (header->file_bytes - at) / element_bytes)
        return rh_fail(error, RH_ERR_FORMAT,
                       "damaged tape: the table of %s (%" PRIu64 " at byte %" PRIu64
                       ") lies outside the file" REMEDY,
                       name, count, at);
    return 0;
}

static int check_header(const struct rh_file_map *map, struct rh_error *error) {
    const struct rh_tape_header *header = (const void *)map->data;
    if (map->bytes < RH_TAPE_HEADER_BYTES || memcmp(header->magic, RH_TAPE_MAGIC, 8) != 0)
        return rh_fail(error, RH_ERR_FORMAT, "not a tape");
    if (header->version != RH_TAPE_VERSION)
        return rh_fail(error, RH_ERR_VERSION,
                       "a tape of version %" PRIu64 ", this program reads %d" REMEDY,
                       header->version, RH_TAPE_VERSION);
    if (header->header_hash != rh_tape_header_hash(header))
        return rh_fail(error, RH_ERR_FORMAT, "damaged tape: the header's checksum is wrong" REMEDY);
    if (header->file_bytes != map->bytes)
        return rh_fail(error, RH_ERR_FORMAT, "damaged tape: %zu bytes instead of %" PRIu64 REMEDY,
                       map->bytes, header->file_bytes);
    if (header->ops_end < RH_TAPE_FIRST_WORD || header->ops_end > map->bytes / 8 ||
        map->bytes / 8 - header->ops_end < RH_TAPE_PADDING_WORDS)
        return rh_fail(error, RH_ERR_FORMAT, "damaged tape: its ops end outside the file" REMEDY);
    if (header->slots > RH_TAPE_SLOTS_MAX || header->threads > RH_TAPE_SLOTS_MAX)
        return rh_fail(error, RH_ERR_FORMAT, "damaged tape: too many slots or threads" REMEDY);
    rh_try(check_table(header, "threads", header->threads_at, header->threads,
                       sizeof(struct rh_tape_thread), error));
    rh_try(check_table(header, "roots", header->roots_at, header->roots,
                       sizeof(struct rh_tape_root), error));
    rh_try(check_table(header, "marks", header->marks_at, header->marks,
                       sizeof(struct rh_tape_mark), error));
    return check_table(header, "epochs", header->epochs_at, header->epochs, sizeof(uint32_t),
                       error);
}

int rh_tape_open(const char *path, bool populate, struct rh_error *error,
                 struct rh_tape *ret_tape) {
    struct rh_tape tape = {0};
    rh_try(rh_file_map(path, populate, error, &tape.map));
    int result = check_header(&tape.map, error);
    if (result < 0) {
        rh_error_prefix(error, "%s", path);
        rh_tape_close(&tape);
        return result;
    }
    const uint8_t *data = tape.map.data;
    tape.header = (const void *)data;
    tape.words = (const void *)data;
    tape.threads = (const void *)(data + tape.header->threads_at);
    tape.roots = (const void *)(data + tape.header->roots_at);
    tape.marks = (const void *)(data + tape.header->marks_at);
    tape.epochs = (const void *)(data + tape.header->epochs_at);
    *ret_tape = tape;
    return 0;
}

void rh_tape_close(struct rh_tape *tape) {
    rh_file_unmap(&tape->map);
    *tape = (struct rh_tape){0};
}

int rh_tape_check_hash(const struct rh_tape *tape, struct rh_error *error) {
    if (rh_tape_body_hash(tape) != tape->header->body_hash)
        return rh_fail(error, RH_ERR_FORMAT, "damaged tape: its checksum is wrong" REMEDY);
    return 0;
}

/* ---- checking ops ---- */

struct checker {
    const struct rh_tape *tape;
    uint8_t *spawned; /* a bit a thread */
    uint64_t marks_met;
    uint64_t gates_met;
    uint64_t epochs_entered;
    struct rh_error *error;
};

static int damaged(struct checker *checker, uint64_t position, const char *what) {
    return rh_fail(checker->error, RH_ERR_FORMAT, "damaged tape: %s at word %" PRIu64 REMEDY, what,
                   position);
}

static int mark_spawned(struct checker *checker, uint64_t thread, uint64_t position) {
    if (thread == 0 || thread >= checker->tape->header->threads)
        return damaged(checker, position, "creation of a thread that does not exist");
    uint8_t bit = (uint8_t)(1u << (thread % 8));
    if (checker->spawned[thread / 8] & bit)
        return damaged(checker, position, "second creation of a thread");
    checker->spawned[thread / 8] |= bit;
    return 0;
}

static int check_shape(struct checker *checker, uint64_t word, uint64_t position) {
    if ((rh_tape_size(word) & RH_TAPE_SHAPE_ALIGN) > RH_TAPE_ALIGN_LOG2_MAX)
        return damaged(checker, position, "impossible alignment");
    return 0;
}

/* An epoch that waits for itself would never begin. */
static int check_epoch(struct checker *checker, uint64_t word, uint64_t position) {
    uint64_t epoch = rh_tape_slot(word);
    if (epoch == RH_TAPE_NO_EPOCH)
        return 0;
    checker->epochs_entered++;
    return epoch < checker->tape->header->epochs && rh_tape_size(word) <= epoch
               ? 0
               : damaged(checker, position, "epoch that does not exist");
}

static int check_control(struct checker *checker, uint64_t position) {
    const struct rh_tape_header *header = checker->tape->header;
    uint64_t word = checker->tape->words[position];
    uint64_t slot = rh_tape_slot(word);
    switch (rh_tape_kind(word)) {
    case RH_TAPE_WAIT:
        if (slot >= header->threads || checker->tape->words[position + 1] >= header->ops_end)
            return damaged(checker, position, "wait for a place that does not exist");
        return 0;
    case RH_TAPE_SPAWN:
        return mark_spawned(checker, slot, position);
    case RH_TAPE_MARK:
        checker->marks_met++;
        return slot < header->marks ? 0 : damaged(checker, position, "mark that does not exist");
    case RH_TAPE_GATE:
        checker->gates_met++;
        return 0;
    case RH_TAPE_TIME:
        return rh_tape_long_operand(word) <= header->time_end_ns
                   ? 0
                   : damaged(checker, position, "time behind the end");
    case RH_TAPE_EPOCH:
        return check_epoch(checker, word, position);
    default:
        return damaged(checker, position, "unknown op");
    }
}

static int check_op(struct checker *checker, uint64_t position, uint64_t end) {
    uint64_t word = checker->tape->words[position];
    unsigned kind = rh_tape_kind(word);
    unsigned words = rh_tape_op_words[kind];
    if (words == 0 || position + words > end)
        return damaged(checker, position, "unknown or torn op");
    if (!rh_tape_op_counts[kind])
        return word & RH_TAPE_SIGNAL ? damaged(checker, position, "signal of no operation")
                                     : check_control(checker, position);
    if (rh_tape_slot(word) >= checker->tape->header->slots)
        return damaged(checker, position, "slot outside the table");
    return kind >= RH_TAPE_ALLOC_WIDE ? check_shape(checker, word, position) : 0;
}

/* The boundaries at which the loop stops must be met exactly, in this order. */
struct boundaries {
    const uint64_t *positions;
    uint64_t count;
    uint64_t met;
};

static void meet(struct boundaries *boundaries, uint64_t position) {
    while (boundaries->met < boundaries->count &&
           boundaries->positions[boundaries->met] == position)
        boundaries->met++;
}

static int check_stream(struct checker *checker, uint64_t begin, uint64_t end,
                        struct boundaries *boundaries, uint64_t *ret_ops) {
    const struct rh_tape *tape = checker->tape;
    uint64_t limit = tape->header->ops_end;
    if (begin < RH_TAPE_FIRST_WORD || begin > limit || end < begin || end > limit)
        return damaged(checker, begin, "stream outside the ops");
    uint64_t position = begin, ops = 0, kept = begin;
    uint64_t window = tape->window_words != 0 ? tape->window_words : UINT64_MAX;
    meet(boundaries, position);
    while (position != end) {
        if (position - kept >= window) {
            rh_tape_let_go(tape, kept, position);
            kept = position;
        }
        if (position >= end)
            return damaged(checker, position, "stream that runs past its end");
        uint64_t word = tape->words[position];
        if (rh_tape_kind(word) == RH_TAPE_JUMP) {
            if (word >> 6 <= position)
                return damaged(checker, position, "jump back");
        } else {
            rh_try(check_op(checker, position, end));
        }
        ops += rh_tape_op_counts[rh_tape_kind(word)];
        position = rh_tape_next(tape->words, position);
        meet(boundaries, position);
    }
    if (boundaries->met != boundaries->count)
        return damaged(checker, begin, "segment that ends inside an op, in the stream");
    *ret_ops = ops;
    return 0;
}

static int check_thread(struct checker *checker, const struct rh_tape_thread *thread) {
    if (thread->segments == 0 || thread->segments > RH_TAPE_SEGMENTS ||
        thread->segment_end[thread->segments - 1] != thread->end)
        return damaged(checker, thread->begin, "wrong segments of the stream");
    uint64_t positions[RH_TAPE_SEGMENTS + 1] = {thread->timed};
    memcpy(positions + 1, thread->segment_end, thread->segments * sizeof(uint64_t));
    struct boundaries boundaries = {.positions = positions, .count = thread->segments + 1};
    uint64_t ops = 0;
    rh_try(check_stream(checker, thread->begin, thread->end, &boundaries, &ops));
    if (ops != thread->ops + thread->prologue_ops)
        return damaged(checker, thread->begin, "wrong count of operations in the stream");
    return 0;
}

static int check_roots(struct checker *checker) {
    const struct rh_tape *tape = checker->tape;
    for (uint64_t i = 0; i < tape->header->roots; i++) {
        const struct rh_tape_root *root = &tape->roots[i];
        rh_try(mark_spawned(checker, root->thread, root->after_position));
        if (root->after_thread != RH_TAPE_NO_THREAD && root->after_thread >= tape->header->threads)
            return damaged(checker, root->after_position, "thread behind one that does not exist");
    }
    for (uint64_t thread = 1; thread < tape->header->threads; thread++)
        if ((checker->spawned[thread / 8] & 1u << (thread % 8)) == 0)
            return damaged(checker, tape->threads[thread].begin, "thread that nobody creates");
    return 0;
}

/* A barrier that waits for more threads than come would never open. */
static int check_barriers(struct checker *checker) {
    const struct rh_tape *tape = checker->tape;
    uint64_t parties = 0;
    for (uint64_t i = 0; i < tape->header->marks; i++)
        parties += tape->marks[i].parties;
    if (parties != checker->marks_met || tape->header->gate_parties != checker->gates_met)
        return damaged(checker, tape->header->ops_end, "mark that misses threads");
    uint64_t entries = 0;
    for (uint64_t i = 0; i < tape->header->epochs; i++)
        entries += tape->epochs[i];
    if (entries != checker->epochs_entered)
        return damaged(checker, tape->header->ops_end, "epoch that misses threads");
    return 0;
}

static int check_all(struct checker *checker) {
    const struct rh_tape *tape = checker->tape;
    for (uint64_t i = 0; i < tape->header->threads; i++)
        rh_try(check_thread(checker, &tape->threads[i]));
    struct boundaries none = {0};
    uint64_t ops = 0;
    rh_try(
        check_stream(checker, tape->header->closing_begin, tape->header->closing_end, &none, &ops));
    rh_try(check_roots(checker));
    return check_barriers(checker);
}

int rh_tape_check(const struct rh_tape *tape, struct rh_error *error) {
    rh_assert(tape->header != NULL);
    struct rh_mapped spawned = {0};
    rh_try(rh_mapped_init(&spawned, tape->header->threads / 8 + 1, 0, error));
    struct checker checker = {.tape = tape, .spawned = spawned.data, .error = error};
    int result = check_all(&checker);
    rh_mapped_finish(&spawned);
    return result;
}
