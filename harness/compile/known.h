/* known.h - what each thread knows of the others' progress: vector clocks that are kept sparse.
 *
 * A thread that has waited for position x of thread P knows that P has done x, and all that P knew
 * at x. An edge that is known already needs no wait. Forgetting is always safe: it only costs a
 * wait that was not needed; so every table here has a bound. */
#ifndef RH_COMPILE_KNOWN_H
#define RH_COMPILE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* "That thread has done `position`"; and how much of that thread's log was taken over. */
struct rh_known_peer {
    uint32_t thread; /* + 1; 0: empty */
    uint32_t log_taken;
    uint64_t position;
};

/* A fact that the thread learned when it was at `learned_at`. */
struct rh_known_fact {
    uint32_t thread;
    uint64_t position;
    uint64_t learned_at;
};

/* The knowledge of one thread. Zero-initialise. */
struct rh_known {
    struct rh_known_peer *peers; /* open addressing, linear probing */
    uint32_t peer_mask;          /* peers - 1 */
    uint32_t peer_count;
    struct rh_known_fact *log; /* ring of the newest facts */
    uint32_t log_capacity;
    uint32_t log_count; /* ever written */
};

/* True when `known` implies that `thread` has done `position`. */
bool rh_known_implies(const struct rh_known *known, uint32_t thread, uint64_t position);

/* The thread `self`, whose next op is at `now`, has waited for `position` of `thread`, whose
 * knowledge is `other`: takes over what `other` knew there. */
int rh_known_join(struct rh_known *known, uint32_t self, uint64_t now, const struct rh_known *other,
                  uint32_t thread, uint64_t position, struct rh_error *error);

/* Forgets what nobody can ask for any more: the peers of a thread that has ended. */
void rh_known_end(struct rh_known *known);
void rh_known_finish(struct rh_known *known);

#endif
