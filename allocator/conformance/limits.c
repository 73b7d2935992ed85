/* limits.c - want of memory: refused, and nothing is damaged by it. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "allocator/conformance/trial.h"
#include "allocator/registry.h"

/* What the process may map beyond what it has. */
#define ROOM_BYTES ((size_t)192 << 20)

enum { BLOCKS_MOST = 1 << 17, ROUNDS = 2 };

static size_t mapped_bytes(void) {
    unsigned long pages = 0;
    FILE *stream = fopen("/proc/self/statm", "re");
    if (stream == NULL)
        return 0;
    if (fscanf(stream, "%lu", &pages) != 1)
        pages = 0;
    fclose(stream);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Ends without a refusal where the limit is passed all the same: some took their address space
 * before main. */
static size_t take_until_refused(struct rh_trial *run, struct rh_block *blocks, size_t len,
                                 bool *ret_refused) {
    size_t count = 0;
    *ret_refused = false;
    while (!*ret_refused && count < BLOCKS_MOST && count * len < ROOM_BYTES / 4 * 5) {
        *ret_refused = !rh_trial_take(run, &blocks[count], len, 1);
        count += !*ret_refused;
    }
    return count;
}

/* Takes all there is, sees it refused, gives it back, and takes again. */
static bool fill_up_with(struct rh_trial *run, struct rh_block *blocks, size_t len,
                         bool *ret_refused) {
    size_t count = take_until_refused(run, blocks, len, ret_refused);
    /* A refusal leaves the other calls whole. */
    if (count > 0 && rh_trial_remap(run, &blocks[0], (size_t)1 << 40) != NULL)
        return rh_trial_fail(run, "remap gave 1 TiB where %zu bytes were refused", len);
    if (!rh_trial_give_all(run, blocks, count, "after want of memory"))
        return false;
    struct rh_block again[2] = {{.ptr = NULL}};
    bool reuses = (run->ops->flags & RH_ALLOCATOR_NEVER_REUSES) == 0;
    for (size_t i = 0; i < 2 && i < count && reuses; i++)
        if (!rh_trial_take(run, &again[i], len, 1))
            return rh_trial_fail(run, "%zu bytes are refused, though all were released", len);
    return rh_trial_give_all(run, again, 2, "after want of memory");
}

static void fill_up(struct rh_trial *run, struct rh_block *blocks) {
    static const size_t lens[] = {4 << 20, 100000, 4000, 300};
    enum { LENS = sizeof(lens) / sizeof(lens[0]) };
    bool refused[LENS] = {false}, any_refused = false;
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < LENS; i++) {
            if (round > 0 && !refused[i])
                continue;
            if (!fill_up_with(run, blocks, lens[i], &refused[i]))
                return;
            any_refused = any_refused || refused[i];
        }
    if (!any_refused)
        rh_trial_not_applicable(run, "the limit of address space does not reach it");
}

static void check_under_limit(const struct rh_conformance_setup *setup,
                              struct rh_conformance_result *result, struct rh_block *blocks) {
    struct rh_trial run = {.ops = setup->ops, .result = result};
    char reason[256] = "";
    void *ctx;
    /* Made under the limit, because some take their address space when they are made. */
    if (setup->ops->create(setup->config, &ctx, reason, sizeof(reason)) != 0) {
        rh_trial_not_applicable(&run, "create refuses under the limit: %s", reason);
        return;
    }
    setup->ops->destroy(ctx);
    if (rh_trial_open(&run, setup, result)) {
        fill_up(&run, blocks);
        rh_trial_close(&run);
    }
}

void rh_check_memory_limit(const struct rh_conformance_setup *setup,
                           struct rh_conformance_result *result) {
    struct rh_trial run = {.ops = setup->ops, .result = result};
    struct rlimit before, limit;
    size_t now = mapped_bytes(), table_bytes = BLOCKS_MOST * sizeof(struct rh_block);
    struct rh_block *blocks = mmap(NULL, table_bytes, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (now == 0 || blocks == MAP_FAILED || getrlimit(RLIMIT_AS, &before) != 0) {
        rh_trial_fail(&run, "the limit of address space cannot be set here");
        return;
    }
    limit = before;
    limit.rlim_cur = now + table_bytes + ROOM_BYTES;
    if (limit.rlim_cur > before.rlim_max || setrlimit(RLIMIT_AS, &limit) != 0)
        rh_trial_fail(&run, "the limit of address space cannot be set here");
    else
        check_under_limit(setup, result, blocks);
    setrlimit(RLIMIT_AS, &before);
    munmap(blocks, table_bytes);
}

void rh_check_ownership(const struct rh_conformance_setup *setup,
                        struct rh_conformance_result *result) {
    struct rh_trial run = {.ops = setup->ops, .result = result};
    char object[512], reason[512] = "";
    if (rh_registry_verify(setup->ops, setup->library != NULL ? setup->library : "", object,
                           sizeof(object), reason, sizeof(reason)) != 0)
        rh_trial_fail(&run, "%s", reason);
    else
        rh_trial_remark(&run, "all functions lie in %s", object);
}
