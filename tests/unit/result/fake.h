/* fake.h - made-up results for the tests of result/ and report/, written through the real writer.
 * Deterministic: the same options give the same bytes. Nothing here was measured. */
#ifndef RH_TEST_FAKE_H
#define RH_TEST_FAKE_H

#include <stdbool.h>

#include "result/result.h"

/* Zero-initialise; every 0 is the default. */
struct fake_options {
    unsigned allocators;    /* ranked ones, 1 ... 12; 0: 7 */
    unsigned traces;        /* 1 ... 16; 0: 3 */
    unsigned rounds;        /* counted; 0: 20 */
    unsigned memory_rounds; /* 0: 1 */
    unsigned marks;         /* of a memory pass; 0: 200 */
    uint64_t seed;
    bool no_floors;       /* without null and bump */
    bool no_samples;      /* a manifest only */
    bool interrupted;     /* stops in the middle, torn lines at the end */
    bool failures;        /* a crash, an allocator that is not there, a time limit, a contract */
    bool unsteady;        /* the A/A control is 3 % off on the first trace */
    bool slow_floor;      /* the floor is dear beside the fastest */
    bool synthetic;       /* the last trace is synthetic, and its ratios are far from the others */
    bool all_synthetic;   /* every trace is */
    bool passes;          /* latency, system calls and splits too, in rounds 1 and 2 */
    const char *odd_name; /* the first trace and the second allocator carry it */
};

/* The manifest alone; the caller finishes it. */
int fake_make_manifest(const struct fake_options *options, struct rh_manifest *ret_manifest);

/* Writes a whole result directory. 0, or a negative code with the sentence. */
int fake_write(const char *directory, const struct fake_options *options, struct rh_error *error);

/* A temporary directory that is not there yet, inside one that is; fake_remove takes both away. */
void fake_directory(char *ret_path, size_t bytes);
void fake_remove(const char *path);

#endif
