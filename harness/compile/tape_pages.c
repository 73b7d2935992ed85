/* tape_pages.c - which words of a tape lie in memory.
 *
 * A tape is mapped whole, and nearly always it is in memory whole. Of one that is large against
 * what memory there is, only windows are: fetched before they are played, and let go behind
 * (docs/adr/0039). All of it is advice to the kernel: nothing else than time depends on it. */
#include <sys/mman.h>

#include "compile/tape.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

enum {
    WINDOW_BYTES_MOST = 64 << 20,
    WINDOW_BYTES_LEAST = 1 << 20,
    /* A fault maps what lies around it in the page cache, so some pages come back when a window
     * behind them is fetched. */
    AROUND_PAGES = 16,
};

uint64_t rh_tape_choose_window(uint64_t tape_bytes, uint64_t available_bytes, uint64_t threads) {
    if (tape_bytes <= available_bytes / 2)
        return 0;
    uint64_t bytes = available_bytes / (4 * (threads + 4)) & ~(uint64_t)(WINDOW_BYTES_LEAST - 1);
    if (bytes < WINDOW_BYTES_LEAST)
        bytes = WINDOW_BYTES_LEAST;
    return (bytes < WINDOW_BYTES_MOST ? bytes : WINDOW_BYTES_MOST) / 8;
}

/* The pages of the tape from the one of `begin` to before the one of `end`. */
static void advise(const struct rh_tape *tape, uint64_t begin, uint64_t end, int advice) {
    uint64_t all = (tape->map.bytes / 8 + RH_TAPE_PAGE_WORDS - 1) / RH_TAPE_PAGE_WORDS;
    uint64_t first = begin / RH_TAPE_PAGE_WORDS, last = end / RH_TAPE_PAGE_WORDS;
    const char *data = (const char *)tape->words;
    last = last < all ? last : all;
    if (first < last)
        madvise((void *)(uintptr_t)(data + first * RH_TAPE_PAGE_WORDS * 8),
                (last - first) * RH_TAPE_PAGE_WORDS * 8, advice);
}

void rh_tape_fetch(const struct rh_tape *tape, uint64_t begin, uint64_t end) {
    end += 2 * RH_TAPE_PAGE_WORDS;
    advise(tape, begin, end, MADV_WILLNEED);
    advise(tape, begin, end, MADV_POPULATE_READ);
}

void rh_tape_let_go(const struct rh_tape *tape, uint64_t begin, uint64_t end) {
    uint64_t around = AROUND_PAGES * RH_TAPE_PAGE_WORDS;
    begin = begin > around ? begin - around : 0;
    advise(tape, begin, end, MADV_PAGEOUT);
    advise(tape, begin, end, MADV_DONTNEED);
}
