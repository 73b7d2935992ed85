/* known.c - sparse vector clocks with a bounded memory. */
#include "compile/known.h"

#include "base/assert.h"
#include "base/memory.h"

enum {
    PEERS_FIRST = 8,
    PEERS_MAX = 2048, /* when they are full, all is forgotten */
    LOG_FIRST = 8,
    LOG_MAX = 256,
};

static uint32_t home(const struct rh_known *known, uint32_t thread) {
    return (thread * 0x9e3779b1u >> 8) & known->peer_mask;
}

static struct rh_known_peer *find(const struct rh_known *known, uint32_t thread) {
    uint32_t at = home(known, thread);
    while (known->peers[at].thread != 0 && known->peers[at].thread != thread + 1)
        at = (at + 1) & known->peer_mask;
    return &known->peers[at];
}

bool rh_known_implies(const struct rh_known *known, uint32_t thread, uint64_t position) {
    if (known->peers == NULL)
        return false;
    const struct rh_known_peer *peer = find(known, thread);
    return peer->thread != 0 && peer->position >= position;
}

static int resize_peers(struct rh_known *known, uint32_t count, struct rh_error *error) {
    struct rh_known_peer *fresh = rh_alloc_zeroed(count, sizeof(*fresh));
    if (fresh == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the order of threads");
    struct rh_known old = *known;
    known->peers = fresh;
    known->peer_mask = count - 1;
    for (uint32_t i = 0; old.peers != NULL && i <= old.peer_mask; i++)
        if (old.peers[i].thread != 0)
            *find(known, old.peers[i].thread - 1) = old.peers[i];
    rh_free(old.peers);
    return 0;
}

/* Makes sure that one more peer fits. */
static int make_room(struct rh_known *known, struct rh_error *error) {
    if (known->peers == NULL)
        return resize_peers(known, PEERS_FIRST, error);
    if (known->peer_count * 2 <= known->peer_mask)
        return 0;
    if (known->peer_mask + 1 < PEERS_MAX)
        return resize_peers(known, (known->peer_mask + 1) * 2, error);
    for (uint32_t i = 0; i <= known->peer_mask; i++)
        known->peers[i] = (struct rh_known_peer){0};
    known->peer_count = 0;
    return 0;
}

static int peer_of(struct rh_known *known, uint32_t thread, struct rh_error *error,
                   struct rh_known_peer **ret_peer) {
    rh_try(make_room(known, error));
    struct rh_known_peer *peer = find(known, thread);
    if (peer->thread == 0) {
        peer->thread = thread + 1;
        known->peer_count++;
    }
    *ret_peer = peer;
    return 0;
}

static int write_log(struct rh_known *known, uint32_t thread, uint64_t position, uint64_t now,
                     struct rh_error *error) {
    if (known->log_count == known->log_capacity && known->log_capacity < LOG_MAX) {
        uint32_t capacity = known->log_capacity == 0 ? LOG_FIRST : known->log_capacity * 2;
        void *larger = rh_realloc(known->log, capacity * sizeof(*known->log));
        if (larger == NULL)
            return rh_fail(error, RH_ERR_MEMORY, "no memory for the order of threads");
        known->log = larger;
        known->log_capacity = capacity;
    }
    known->log[known->log_count++ % known->log_capacity] =
        (struct rh_known_fact){.thread = thread, .position = position, .learned_at = now};
    return 0;
}

/* Notes one fact, unless it is known. */
static int learn(struct rh_known *known, uint32_t thread, uint64_t position, uint64_t now,
                 struct rh_error *error) {
    struct rh_known_peer *peer = NULL;
    rh_try(peer_of(known, thread, error, &peer));
    if (peer->position >= position)
        return 0;
    peer->position = position;
    return write_log(known, thread, position, now, error);
}

int rh_known_join(struct rh_known *known, uint32_t self, uint64_t now, const struct rh_known *other,
                  uint32_t thread, uint64_t position, struct rh_error *error) {
    rh_assert(self != thread);
    struct rh_known_peer *peer = NULL;
    rh_try(peer_of(known, thread, error, &peer));
    uint32_t taken = peer->log_taken;
    if (other->log_count - taken > other->log_capacity)
        taken = other->log_count - other->log_capacity;
    for (; taken != other->log_count; taken++) {
        const struct rh_known_fact *fact = &other->log[taken % other->log_capacity];
        if (fact->learned_at > position)
            break;
        if (fact->thread != self)
            rh_try(learn(known, fact->thread, fact->position, now, error));
    }
    rh_try(learn(known, thread, position, now, error));
    find(known, thread)->log_taken = taken;
    return 0;
}

void rh_known_end(struct rh_known *known) {
    rh_free(known->peers);
    known->peers = NULL;
    known->peer_mask = 0;
    known->peer_count = 0;
}

void rh_known_finish(struct rh_known *known) {
    rh_known_end(known);
    rh_free(known->log);
    *known = (struct rh_known){0};
}
