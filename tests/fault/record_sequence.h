/* record_sequence.h - the calls that a thread of record-returned makes, one after the other. */
#ifndef RH_TEST_RECORD_SEQUENCE_H
#define RH_TEST_RECORD_SEQUENCE_H

#include <stdatomic.h>
#include <stdint.h>

/* Shared memory: how many calls of each thread have returned. */
struct returned_log {
    _Atomic uint64_t pid; /* 0: not ready */
    _Atomic uint64_t returned[2];
};

enum { SEQUENCE_PLACES = 256, SEQUENCE_SIZE_LEAST = 2000 };

enum call_kind { CALL_MALLOC, CALL_REALLOC, CALL_FREE };

struct call {
    enum call_kind kind;
    unsigned place;
    uint64_t size; /* no other calls of the program have such sizes */
};

struct sequence {
    uint64_t state;
    unsigned char is_live[SEQUENCE_PLACES];
};

static inline void sequence_init(struct sequence *sequence, uint64_t number) {
    *sequence = (struct sequence){.state = (number + 1) * UINT64_C(0x9e3779b97f4a7c15)};
}

/* splitmix64 */
static inline uint64_t sequence_number(struct sequence *sequence) {
    uint64_t value = sequence->state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static inline struct call sequence_next(struct sequence *sequence) {
    uint64_t number = sequence_number(sequence);
    struct call call = {.place = number % SEQUENCE_PLACES,
                        .size = SEQUENCE_SIZE_LEAST + (number >> 16) % 2000};
    if (!sequence->is_live[call.place])
        call.kind = CALL_MALLOC;
    else
        call.kind = (number >> 8) % 4 == 0 ? CALL_REALLOC : CALL_FREE;
    sequence->is_live[call.place] = call.kind != CALL_FREE;
    return call;
}

#endif
