/* window.c - a tape that is large against the memory there is, read in windows.
 *
 * Each thread has a window of the tape: the words from where it stood to some way ahead, which are
 * in memory before it plays them. At a window's end no clock runs while the next one is fetched;
 * and what no thread will read again is let go. No thread helps: it would take a CPU from those
 * that are measured (docs/adr/0039). */
#include <sys/resource.h>

#include "base/assert.h"
#include "base/clock.h"
#include "replay/engine_internal.h"

/* The words of threads that are further behind than so many windows are not waited for: they are
 * let go, but for what lies in a window. */
enum { WINDOWS_KEPT = 4 };

/* Adds what was spent since `before`. */
static void count_usage(struct rh_pauses *pauses, const struct rusage *before,
                        const struct rusage *after) {
    pauses->minor_faults += (uint64_t)(after->ru_minflt - before->ru_minflt);
    pauses->major_faults += (uint64_t)(after->ru_majflt - before->ru_majflt);
    pauses->voluntary_switches += (uint64_t)(after->ru_nvcsw - before->ru_nvcsw);
    pauses->involuntary_switches += (uint64_t)(after->ru_nivcsw - before->ru_nivcsw);
}

static void fetch(struct rh_player *player, uint64_t begin, uint64_t end) {
    const struct rh_tape *tape = player->engine->setup.tape;
    uint64_t last = tape->threads[player->thread].end;
    rh_tape_fetch(tape, begin, end < last ? end : last);
}

/* The least word that any thread may still read, but for those that are far behind `at`. */
static uint64_t find_floor(const struct rh_engine *engine, uint64_t at) {
    const struct rh_tape *tape = engine->setup.tape;
    uint64_t floor = at, reach = WINDOWS_KEPT * tape->window_words;
    for (uint64_t i = 0; i < tape->header->threads; i++) {
        const struct rh_player *player = &engine->setup.players[i];
        uint64_t begin = atomic_load_explicit(&player->window_begin, memory_order_relaxed);
        if (begin < floor && atomic_load(&player->published) != UINT64_MAX)
            floor = begin;
    }
    return at > reach && floor < at - reach ? at - reach : floor;
}

/* Whether the thread reads its window now: one that waits fetches it again when it goes on. */
static bool reads(const struct rh_player *player) {
    return atomic_load(&player->published) != UINT64_MAX &&
           atomic_load(&player->waits_for_thread) == 0;
}

/* The first window that ends behind `at` among those that are read; its begin, or UINT64_MAX. */
static uint64_t find_window(const struct rh_engine *engine, uint64_t at, uint64_t *ret_end) {
    uint64_t first = UINT64_MAX;
    for (uint64_t i = 0; i < engine->setup.tape->header->threads; i++) {
        const struct rh_player *player = &engine->setup.players[i];
        uint64_t begin = atomic_load(&player->window_begin), end = atomic_load(&player->window_end);
        if (begin < first && end > at && end != UINT64_MAX && reads(player)) {
            first = begin;
            *ret_end = end;
        }
    }
    return first;
}

/* What lies in no window. */
static void let_go_between(const struct rh_engine *engine, uint64_t begin, uint64_t end) {
    while (begin < end) {
        uint64_t window_end = end;
        uint64_t window_begin = find_window(engine, begin, &window_end);
        uint64_t to = window_begin < end ? window_begin : end;
        if (begin < to)
            rh_tape_let_go(engine->setup.tape, begin, to);
        begin = to < end ? window_end : end;
    }
}

/* The thread has played [begin, at). */
static void let_go(struct rh_engine *engine, uint64_t begin, uint64_t at) {
    uint64_t wanted = find_floor(engine, at);
    uint64_t floor = atomic_load(&engine->window_floor);
    if (begin < floor)
        let_go_between(engine, begin, at < floor ? at : floor);
    while (floor < wanted)
        if (atomic_compare_exchange_weak(&engine->window_floor, &floor, wanted)) {
            let_go_between(engine, floor, wanted);
            return;
        }
}

/* From where the thread stands to the next window's end. */
void rh_window_move(struct rh_player *player) {
    struct rusage before, after;
    uint64_t start_ns = rh_now_ns(), start_cpu_ns = rh_thread_cpu_ns();
    uint64_t begin = atomic_load_explicit(&player->window_begin, memory_order_relaxed);
    uint64_t at = (uint64_t)(player->at - player->words);
    uint64_t end = at + player->engine->setup.tape->window_words;
    getrusage(RUSAGE_THREAD, &before);
    atomic_store(&player->window_begin, at);
    atomic_store(&player->window_end, end);
    if (begin < at)
        let_go(player->engine, begin, at);
    fetch(player, at, end);
    getrusage(RUSAGE_THREAD, &after);
    count_usage(&player->pauses, &before, &after);
    player->pauses.cpu_ns += rh_thread_cpu_ns() - start_cpu_ns;
    player->pauses.ns += rh_now_ns() - start_ns;
}

void rh_window_open(struct rh_player *player) {
    if (player->engine->setup.tape->window_words != 0)
        rh_window_move(player);
}

void rh_window_fetch_again(struct rh_player *player) {
    fetch(player, (uint64_t)(player->at - player->words), player->window_end);
}

void rh_engine_pauses(const struct rh_engine *engine, struct rh_pauses *ret_pauses) {
    struct rh_pauses sum = {0};
    for (uint64_t i = 0; i < engine->setup.tape->header->threads; i++) {
        const struct rh_pauses *pauses = &engine->setup.players[i].pauses;
        sum.ns += pauses->ns;
        sum.cpu_ns += pauses->cpu_ns;
        sum.minor_faults += pauses->minor_faults;
        sum.major_faults += pauses->major_faults;
        sum.voluntary_switches += pauses->voluntary_switches;
        sum.involuntary_switches += pauses->involuntary_switches;
    }
    *ret_pauses = sum;
}
