/* live.c - the op loop with a count of the live bytes, as they really are while threads run: exact,
 * and dearer, so for passes in which nothing is timed and for whoever asks. */
#include "replay/engine_internal.h"

/* What the op adds and takes away. */
struct change {
    uint64_t added_bytes, taken_bytes;
};

static struct change change_of(const uint64_t *op) {
    uint64_t size = rh_tape_size(*op);
    switch (rh_tape_kind(*op)) {
    case RH_TAPE_MALLOC:
    case RH_TAPE_CALLOC:
        return (struct change){.added_bytes = size};
    case RH_TAPE_ALLOC_WIDE:
        return (struct change){.added_bytes = op[1]};
    case RH_TAPE_FREE:
    case RH_TAPE_FREE_SIZED:
        return (struct change){.taken_bytes = size};
    case RH_TAPE_FREE_WIDE:
        return (struct change){.taken_bytes = op[1]};
    case RH_TAPE_REALLOC:
        return op[1] > size ? (struct change){.added_bytes = op[1] - size}
                            : (struct change){.taken_bytes = size - op[1]};
    case RH_TAPE_REALLOC_WIDE:
        return op[2] > op[1] ? (struct change){.added_bytes = op[2] - op[1]}
                             : (struct change){.taken_bytes = op[1] - op[2]};
    default:
        return (struct change){0};
    }
}

static void add(struct rh_live_bytes *live, uint64_t bytes) {
    uint64_t now = atomic_fetch_add(&live->now, bytes) + bytes;
    uint64_t peak = atomic_load_explicit(&live->peak, memory_order_relaxed);
    while (now > peak && !atomic_compare_exchange_weak(&live->peak, &peak, now))
        continue;
}

/* A block counts while the program holds it: from behind its allocation to before its release. */
const uint64_t *rh_live_play(struct rh_player *player, const uint64_t *end) {
    struct rh_engine *engine = player->engine;
    const uint64_t *op = player->at;
    while (op < end) {
        struct change change = change_of(op);
        player->at = op;
        if (change.taken_bytes != 0)
            atomic_fetch_sub(&engine->live.now, change.taken_bytes);
        op = engine->play_one(player, op);
        if (op == NULL)
            return NULL;
        if (change.added_bytes != 0)
            add(&engine->live, change.added_bytes);
    }
    player->at = op;
    return op;
}
