/* loop.c - the op loop: the only code that runs while a throughput pass is timed.
 *
 * One function for each touch policy, made from one body: the policy is a constant in it, so no
 * test of it is left. The loop itself knows only the three commonest ops without a signal, so that
 * all it needs stays in registers (which is also why this file is compiled without frame
 * pointers); the rest is a call away. */
#include <string.h>

#include "base/assert.h"
#include "replay/engine_internal.h"

enum { PAGE_BYTES = 4096, MALLOC_ALIGN = 1 << RH_TAPE_MALLOC_ALIGN_LOG2 };

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* What touching writes: the slot's low byte, so that the content of every block is known. */
static inline unsigned char mark_of(uint64_t word) {
    return (unsigned char)(word >> 6);
}

/* One write a page, counted from the block's begin, and one at its last byte. `from`: bytes that
 * were touched before. */
static inline void touch_pages(unsigned char *block, size_t from, size_t size, unsigned char mark) {
    if (size == 0)
        return;
    for (size_t at = (from + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1); at < size;
         at += PAGE_BYTES)
        block[at] = mark;
    block[size - 1] = mark;
}

/* As many pages as the program had resident, from the begin; all with the last byte where that is
 * not known, and in blocks so small that their narrow ops have no count. */
static inline void touch_recorded(unsigned char *block, size_t from, size_t size, uint32_t pages,
                                  unsigned char mark) {
    if (size <= RH_TAPE_NARROW_BYTES || pages == UINT32_MAX ||
        pages >= (size + PAGE_BYTES - 1) / PAGE_BYTES) {
        touch_pages(block, from, size, mark);
        return;
    }
    for (size_t at = (from + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
         at < (size_t)pages * PAGE_BYTES; at += PAGE_BYTES)
        block[at] = mark;
}

static inline __attribute__((always_inline)) void touch(const enum rh_touch policy, void *block,
                                                        size_t from, size_t size, uint32_t pages,
                                                        unsigned char mark) {
    if (policy == RH_TOUCH_PAGE)
        touch_pages(block, from, size, mark);
    else if (policy == RH_TOUCH_RECORDED)
        touch_recorded(block, from, size, pages, mark);
    else if (policy == RH_TOUCH_ALL && size > from)
        memset((unsigned char *)block + from, mark, size - from);
    else if (policy == RH_TOUCH_FIRST && from == 0 && size > 0)
        *(unsigned char *)block = mark;
    /* A shrunk block keeps a known last byte. */
    if (policy == RH_TOUCH_ALL && size > 0)
        ((unsigned char *)block)[size - 1] = mark;
}

static inline size_t wide_align(uint64_t word) {
    return (size_t)1 << (rh_tape_size(word) & RH_TAPE_SHAPE_ALIGN);
}

static inline __attribute__((always_inline)) bool
alloc_wide(struct rh_player *player, const uint64_t *op, const enum rh_touch policy) {
    size_t size = op[1];
    bool zeroed = (rh_tape_size(op[0]) & RH_TAPE_SHAPE_ZEROED) != 0;
    void *block = zeroed ? player->ops->alloc_zeroed(player->ctx, size, wide_align(op[0]))
                         : player->ops->alloc(player->ctx, size, wide_align(op[0]));
    player->slots[rh_tape_slot(op[0])] = block;
    if (UNLIKELY(block == NULL))
        return size == 0;
    touch(policy, block, 0, size, (uint32_t)op[2], mark_of(op[0]));
    return true;
}

/* Gives a block of 0 bytes a NULL where the allocator gave one: it is not given back. */
static inline void free_wide(struct rh_player *player, const uint64_t *op) {
    void *block = player->slots[rh_tape_slot(op[0])];
    if (block == NULL)
        return;
    if (rh_tape_size(op[0]) & RH_TAPE_SHAPE_SIZED)
        player->ops->free_sized(player->ctx, block, op[1], wide_align(op[0]));
    else
        player->ops->free(player->ctx, block, op[1], wide_align(op[0]));
}

/* The bytes of a grown block that were touched before. */
static inline size_t touched_before(uint64_t old_size, uint64_t new_size, uint32_t old_pages) {
    size_t kept = old_size < new_size ? old_size : new_size;
    if (old_pages != UINT32_MAX && (uint64_t)old_pages * PAGE_BYTES < kept)
        return (size_t)old_pages * PAGE_BYTES;
    return kept;
}

static inline __attribute__((always_inline)) bool
realloc_wide(struct rh_player *player, const uint64_t *op, const enum rh_touch policy) {
    void **slot = &player->slots[rh_tape_slot(op[0])];
    size_t align = wide_align(op[0]), old_size = op[1], new_size = op[2];
    void *block = *slot;
    if (block == NULL) /* of 0 bytes */
        block = player->ops->alloc(player->ctx, new_size, align);
    else
        block = player->ops->remap(player->ctx, block, old_size, align, new_size);
    if (UNLIKELY(block == NULL && *slot != NULL))
        block = rh_player_move(player, *slot, old_size, align, new_size);
    if (UNLIKELY(block == NULL && new_size != 0))
        return false;
    *slot = block;
    uint32_t old_pages = policy == RH_TOUCH_RECORDED ? (uint32_t)(op[3] >> 32) : UINT32_MAX;
    if (block != NULL)
        touch(policy, block, touched_before(old_size, new_size, old_pages), new_size,
              (uint32_t)op[3], mark_of(op[0]));
    return true;
}

static inline __attribute__((always_inline)) bool
realloc_narrow(struct rh_player *player, const uint64_t *op, const enum rh_touch policy) {
    void **slot = &player->slots[rh_tape_slot(op[0])];
    const size_t old_size = rh_tape_size(op[0]), new_size = op[1];
    void *block = player->ops->remap(player->ctx, *slot, old_size, MALLOC_ALIGN, new_size);
    if (UNLIKELY(block == NULL))
        block = rh_player_move(player, *slot, old_size, MALLOC_ALIGN, new_size);
    if (UNLIKELY(block == NULL))
        return false;
    *slot = block;
    touch(policy, block, old_size < new_size ? old_size : new_size, new_size, UINT32_MAX,
          mark_of(op[0]));
    return true;
}

/* A narrow allocation: the slot gets the block, which is touched. False: there is none. */
static inline __attribute__((always_inline)) bool keep(struct rh_player *player, uint64_t word,
                                                       void *block, const enum rh_touch policy) {
    player->slots[rh_tape_slot(word)] = block;
    if (UNLIKELY(block == NULL))
        return false;
    touch(policy, block, 0, rh_tape_size(word), UINT32_MAX, mark_of(word));
    return true;
}

static inline void usable_wide(struct rh_player *player, const uint64_t *op) {
    void *block = player->slots[rh_tape_slot(op[0])];
    if (block != NULL)
        (void)player->ops->usable_size(player->ctx, block, op[1], wide_align(op[0]));
}

enum {
#define X(name, value, words, is_op, text) WORDS_##name = words,
    RH_TAPE_OP_MAP(X)
#undef X
};

/* Any op. Returns the next one, or NULL where there is no memory. */
static inline __attribute__((always_inline)) const uint64_t *
play_rare(struct rh_player *player, const uint64_t *op, const enum rh_touch policy) {
    const struct rh_allocator_ops *const ops = player->ops;
    void **const slots = player->slots;
    const uint64_t word = *op;
    const size_t size = rh_tape_size(word);
    const uint64_t *next = op + 1;
    bool done = true;
    switch (rh_tape_kind(word)) {
    case RH_TAPE_MALLOC:
        done = keep(player, word, ops->alloc(player->ctx, size, MALLOC_ALIGN), policy);
        break;
    case RH_TAPE_CALLOC:
        done = keep(player, word, ops->alloc_zeroed(player->ctx, size, MALLOC_ALIGN), policy);
        break;
    case RH_TAPE_FREE:
        ops->free(player->ctx, slots[rh_tape_slot(word)], size, MALLOC_ALIGN);
        break;
    case RH_TAPE_FREE_SIZED:
        ops->free_sized(player->ctx, slots[rh_tape_slot(word)], size, MALLOC_ALIGN);
        break;
    case RH_TAPE_REALLOC:
        next = op + WORDS_REALLOC;
        done = realloc_narrow(player, op, policy);
        break;
    case RH_TAPE_USABLE:
        (void)ops->usable_size(player->ctx, slots[rh_tape_slot(word)], size, MALLOC_ALIGN);
        break;
    case RH_TAPE_ALLOC_WIDE:
        next = op + WORDS_ALLOC_WIDE;
        done = alloc_wide(player, op, policy);
        break;
    case RH_TAPE_FREE_WIDE:
        next = op + WORDS_FREE_WIDE;
        free_wide(player, op);
        break;
    case RH_TAPE_REALLOC_WIDE:
        next = op + WORDS_REALLOC_WIDE;
        done = realloc_wide(player, op, policy);
        break;
    case RH_TAPE_USABLE_WIDE:
        next = op + WORDS_USABLE_WIDE;
        usable_wide(player, op);
        break;
    case RH_TAPE_JUMP:
        next = player->words + (word >> 6);
        player->skipped_words += (uint64_t)(next - op) - WORDS_JUMP;
        return next;
    case RH_TAPE_WAIT:
        next = op + WORDS_WAIT;
        rh_player_wait(player, rh_tape_slot(word), op[1]);
        break;
    default:
        rh_player_control(player, op);
        break;
    }
    if (UNLIKELY(!done))
        return NULL;
    if (UNLIKELY(word & RH_TAPE_SIGNAL))
        rh_player_publish(player, (uint64_t)(op - player->words));
    return next;
}

typedef const uint64_t *(*rare_function)(struct rh_player *player, const uint64_t *op);

/* `at` says where the loop is, for whoever must know after a crash: the store costs nothing that
 * could be measured. */
static inline __attribute__((always_inline)) const uint64_t *play(struct rh_player *player,
                                                                  const uint64_t *end,
                                                                  const enum rh_touch policy,
                                                                  const rare_function rare) {
    const struct rh_allocator_ops *const ops = player->ops;
    void **const slots = player->slots;
    const uint64_t *op = player->at;

    while (op < end) {
        const uint64_t word = *op;
        const size_t size = rh_tape_size(word);
        const unsigned form = word & 0x3f; /* kind and signal */
        player->at = op;
        if (form == RH_TAPE_FREE) {
            ops->free(player->ctx, slots[rh_tape_slot(word)], size, MALLOC_ALIGN);
            op++;
        } else if (form == RH_TAPE_MALLOC) {
            void *block = ops->alloc(player->ctx, size, MALLOC_ALIGN);
            if (UNLIKELY(!keep(player, word, block, policy)))
                return NULL;
            op++;
        } else if (form == RH_TAPE_FREE_SIZED) {
            ops->free_sized(player->ctx, slots[rh_tape_slot(word)], size, MALLOC_ALIGN);
            op++;
        } else {
            op = rare(player, op);
            if (UNLIKELY(op == NULL))
                return NULL;
        }
    }
    player->at = op;
    return op;
}

#define PLAY(name)                                                                                 \
    static __attribute__((noinline))                                                               \
    const uint64_t *rare_##name(struct rh_player *player, const uint64_t *op) {                    \
        return play_rare(player, op, RH_TOUCH_##name);                                             \
    }                                                                                              \
    static __attribute__((noinline))                                                               \
    const uint64_t *play_##name(struct rh_player *player, const uint64_t *end) {                   \
        return play(player, end, RH_TOUCH_##name, rare_##name);                                    \
    }

PLAY(PAGE)
PLAY(FIRST)
PLAY(ALL)
PLAY(NONE)
PLAY(RECORDED)

rh_play_function rh_play_for(enum rh_touch touch, bool untouchable) {
    static const rh_play_function functions[RH_TOUCHES] = {
        [RH_TOUCH_PAGE] = play_PAGE, [RH_TOUCH_FIRST] = play_FIRST,       [RH_TOUCH_ALL] = play_ALL,
        [RH_TOUCH_NONE] = play_NONE, [RH_TOUCH_RECORDED] = play_RECORDED,
    };
    rh_assert(touch < RH_TOUCHES);
    return untouchable ? play_NONE : functions[touch];
}

rh_play_function rh_play_one_for(enum rh_touch touch, bool untouchable) {
    static const rh_play_function functions[RH_TOUCHES] = {
        [RH_TOUCH_PAGE] = rare_PAGE, [RH_TOUCH_FIRST] = rare_FIRST,       [RH_TOUCH_ALL] = rare_ALL,
        [RH_TOUCH_NONE] = rare_NONE, [RH_TOUCH_RECORDED] = rare_RECORDED,
    };
    rh_assert(touch < RH_TOUCHES);
    return untouchable ? rare_NONE : functions[touch];
}
