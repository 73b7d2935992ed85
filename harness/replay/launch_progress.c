/* launch_progress.c - is there a thread that can still go on?
 *
 * The parent sees the threads in the shared file. They stand still for good when all that have
 * begun and have not come to their end wait for others or stand where all meet, none of them does
 * there what the pass does, and nothing of it has changed for seconds. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "replay/launch.h"

/* Long enough for a machine that is much too busy. */
#define STANDSTILL_NS UINT64_C(5000000000)

int rh_launch_players(const struct rh_launch *launch, uint64_t count,
                      const struct rh_player **ret_players, size_t *ret_bytes) {
    const struct rh_shared *shared = launch->shared;
    struct stat status;
    uint64_t bytes = (count + 1) * sizeof(struct rh_player);
    if (count == 0 || shared->player_count != count || fstat(launch->shared_fd, &status) != 0 ||
        shared->players_at % 4096 != 0 || shared->players_at + bytes > (uint64_t)status.st_size)
        return RH_ERR_MISSING;
    void *players =
        mmap(NULL, bytes, PROT_READ, MAP_SHARED, launch->shared_fd, (off_t)shared->players_at);
    if (players == MAP_FAILED)
        return RH_ERR_SYSTEM;
    *ret_players = players;
    *ret_bytes = bytes;
    return 0;
}

uint64_t rh_launch_position(const struct rh_player *player) {
    uintptr_t at = (uintptr_t) * (const uint64_t *const volatile *)&player->at;
    return at == 0 ? 0 : (at - (uintptr_t)player->words) / sizeof(uint64_t);
}

bool rh_launch_meets(const struct rh_tape *tape, uint64_t position) {
    if (position >= tape->header->ops_end)
        return false;
    unsigned kind = rh_tape_kind(tape->words[position]);
    return kind == RH_TAPE_MARK || kind == RH_TAPE_GATE;
}

/* A number that changes when anything moves; 0: something can go on. */
static uint64_t look(const struct rh_player *players, const struct rh_tape *tape) {
    uint64_t signature = 1, waiting = 0;
    for (uint64_t i = 0; i < tape->header->threads; i++) {
        const struct rh_player *player = &players[i];
        uint64_t position = rh_launch_position(player);
        bool waits = atomic_load(&player->waits_for_thread) != 0;
        bool begun = position != 0, ended = atomic_load(&player->published) == UINT64_MAX;
        bool meets = begun && !ended && !waits && rh_launch_meets(tape, position);
        if (begun && !ended && !waits && (!meets || atomic_load(&player->looks) != 0))
            return 0;
        waiting += waits || meets;
        signature = (signature ^ (position + waits)) * UINT64_C(0x100000001b3);
    }
    return waiting > 0 ? signature | 1 : 0;
}

void rh_launch_watch_progress(struct rh_launch *launch, const char *tape_path) {
    struct rh_progress *progress = &launch->progress;
    if (atomic_load(&launch->shared->stage) != RH_STAGE_REPLAYING)
        return;
    if (progress->players == NULL &&
        (rh_tape_open(tape_path, false, NULL, &progress->tape) < 0 ||
         rh_launch_players(launch, progress->tape.header->threads, &progress->players,
                           &progress->bytes) < 0)) {
        rh_tape_close(&progress->tape);
        return;
    }
    uint64_t now_ns = rh_now_ns(), signature = look(progress->players, &progress->tape);
    if (signature == 0 || signature != progress->signature)
        progress->since_ns = now_ns;
    progress->signature = signature;
    launch->stuck = now_ns - progress->since_ns >= STANDSTILL_NS;
}

void rh_launch_end_progress(struct rh_launch *launch) {
    struct rh_progress *progress = &launch->progress;
    if (progress->players != NULL)
        munmap((void *)(uintptr_t)progress->players, progress->bytes);
    rh_tape_close(&progress->tape);
    *progress = (struct rh_progress){0};
}
