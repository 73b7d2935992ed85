/* calibrate.c - what recording one event costs here: the fast path in a loop, and what a full slot
 * costs. The launcher calls it in a process of its own. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/preload/calibrate.h"
#include "record/preload/export.h"
#include "record/preload/process.h"
#include "record/preload/quick.h"

enum { ROUNDS = 9, PAIRS = 20000, PAIRS_A_BATCH = 500 };

/* As open_frame does; there is room for a batch before the limit. */
static void reset(struct rh_writer *writer, struct rh_spool_frame *frame) {
    writer->state = rh_writer_ready();
    writer->frame = frame;
    writer->cursor = (uint8_t *)(frame + 1);
    writer->limit = (uint8_t *)frame + RH_SPOOL_SLOT_BYTES - RH_SPOOL_RECORD_BYTES_MOST - 8;
    writer->stamp = rh_stamp();
}

/* A few addresses, as a program would have. */
static void record_batch(struct rh_writer *writer, char *block) {
    for (unsigned i = 0; i < PAIRS_A_BATCH; i++) {
        void *pointer = block + (i * 48 & 0xfff0);
        if (rh_clock == RH_SPOOL_CLOCK_TSC) {
            rh_quick_acquired(writer, RH_SPOOL_MALLOC, pointer, 32 + (i & 63));
            rh_quick_free(writer, pointer);
        } else {
            rh_record_acquired(writer, RH_SPOOL_MALLOC, pointer, 32 + (i & 63));
            rh_record_free(writer, pointer);
        }
    }
}

static double round_ns(struct rh_writer *writer, struct rh_spool_frame *frame, int fd) {
    uint64_t start_ns = rh_now_ns();
    for (unsigned pairs = 0; pairs < PAIRS; pairs += PAIRS_A_BATCH) {
        if (writer->limit - writer->cursor < 2 * PAIRS_A_BATCH * 16) {
            if (write(fd, frame, RH_SPOOL_SLOT_BYTES) != RH_SPOOL_SLOT_BYTES)
                return 0;
            reset(writer, frame);
        }
        record_batch(writer, (char *)frame);
    }
    return (double)(rh_now_ns() - start_ns) / (2.0 * PAIRS);
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

RH_EXPORT double rh_record_calibrate(int fd, uint32_t clock) {
    static struct rh_writer writer;
    double rounds[ROUNDS];
    rh_clock = clock;
    void *memory =
        mmap(NULL, RH_SPOOL_SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 0;
    memset(memory, 0, RH_SPOOL_SLOT_BYTES);
    reset(&writer, memory);
    for (int i = 0; i < ROUNDS; i++)
        rounds[i] = round_ns(&writer, memory, fd);
    munmap(memory, RH_SPOOL_SLOT_BYTES);
    qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
    return rounds[0] > 0 ? rounds[ROUNDS / 2] : 0;
}
