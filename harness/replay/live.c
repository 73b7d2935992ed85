/* live.c - the op loop with a count of the live bytes, as they really are while threads run: exact,
 * and dearer, so for passes in which nothing is timed and for whoever asks. */
#include "replay/engine_internal.h"

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
        struct rh_tape_change change = rh_tape_change_of(op);
        player->at = op;
        if (change.old_bytes > change.new_bytes)
            atomic_fetch_sub(&engine->live.now, change.old_bytes - change.new_bytes);
        op = engine->play_one(player, op);
        if (op == NULL)
            return NULL;
        if (change.new_bytes > change.old_bytes)
            add(&engine->live, change.new_bytes - change.old_bytes);
    }
    player->at = op;
    return op;
}
