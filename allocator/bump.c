/* bump.c - fresh memory, never reuses: the floor with page faults. What a replay on it takes is the
 * price of the harness plus that of first touching every block.
 *
 * One range of address space is reserved when it is made; each thread cuts blocks off a chunk of
 * its own, and takes the next chunk with one atomic addition. */
#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "allocator/builtins.h"
#include "allocator/options.h"
#include "allocator/reason.h"
#include "allocator/thread_local.h"

enum { GRAIN_BYTES = 16 };

#define CHUNK_BYTES       ((size_t)4 << 20)
#define LIMIT_LEAST_BYTES ((uint64_t)64 << 20)

struct bump {
    uint64_t id; /* never given twice: tells a thread that its chunk is of another context */
    uintptr_t begin;
    size_t limit_bytes;
    atomic_size_t taken_bytes;
};

static atomic_uint_fast64_t ids;

static RH_THREAD_LOCAL struct {
    uint64_t owner_id;
    uintptr_t next, end;
} chunk;

/* Blocks are touched, so more than the memory of the machine would end in the out-of-memory killer
 * and not in an answer: three quarters of it. */
static uint64_t default_limit_bytes(void) {
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0)
        return (uint64_t)4 << 30;
    return (uint64_t)pages * (uint64_t)page_bytes / 4 * 3;
}

static const struct rh_allocator_option bump_options[] = {
    {"limit", "most bytes to hand out (K, M, G, T as powers of 1024)",
     "three quarters of the machine's memory, or what the system gives"},
    {NULL, NULL, NULL},
};

/* The context has a page of its own before the range. */
static struct bump *map_range(size_t limit_bytes) {
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *mapping = mmap(NULL, page_bytes + limit_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    struct bump *bump = mapping;
    bump->id = atomic_fetch_add(&ids, 1) + 1;
    bump->begin = (uintptr_t)mapping + page_bytes;
    bump->limit_bytes = limit_bytes;
    atomic_init(&bump->taken_bytes, 0);
    return bump;
}

static int bump_create(const struct rh_allocator_config *config, void **ret_ctx, char *ret_reason,
                       size_t reason_bytes) {
    uint64_t asked_bytes = 0;
    if (rh_options_check(config, bump_options, ret_reason, reason_bytes) != 0 ||
        rh_options_bytes(config, "limit", &asked_bytes, ret_reason, reason_bytes) != 0)
        return -1;
    uint64_t limit_bytes = asked_bytes > 0 ? asked_bytes : default_limit_bytes();
    uint64_t least_bytes = asked_bytes > 0 ? asked_bytes : LIMIT_LEAST_BYTES;
    for (; limit_bytes >= least_bytes && limit_bytes <= PTRDIFF_MAX; limit_bytes /= 2) {
        struct bump *bump = map_range((limit_bytes + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES);
        if (bump == NULL)
            continue;
        *ret_ctx = bump;
        return 0;
    }
    return rh_reason(ret_reason, reason_bytes,
                     "no %" PRIu64 " MiB of address space for the bump allocator: give it a lower "
                     "\"limit\"",
                     least_bytes >> 20);
}

static void bump_destroy(void *ctx) {
    struct bump *bump = ctx;
    if (bump != NULL)
        munmap(bump, bump->begin - (uintptr_t)bump + bump->limit_bytes);
}

/* 0 when the limit is reached. */
static uintptr_t take_bytes(struct bump *bump, size_t bytes) {
    size_t taken = atomic_load_explicit(&bump->taken_bytes, memory_order_relaxed);
    do {
        if (bytes > bump->limit_bytes - taken)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&bump->taken_bytes, &taken, taken + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    return bump->begin + taken;
}

static uintptr_t align_up(uintptr_t value, size_t align) {
    return (value + align - 1) & ~(uintptr_t)(align - 1);
}

/* A block so large that it would waste most of a chunk comes straight from the range, and the
 * thread keeps its chunk. */
static void *alloc_apart(struct bump *bump, size_t len, size_t align) {
    uintptr_t start = take_bytes(bump, align_up(len + align, GRAIN_BYTES));
    return start != 0 ? (void *)align_up(start, align) : NULL;
}

__attribute__((noinline)) static void *alloc_in_next_chunk(struct bump *bump, size_t len,
                                                           size_t align) {
    if (len > bump->limit_bytes || align > bump->limit_bytes)
        return NULL;
    if (len + align > CHUNK_BYTES / 4)
        return alloc_apart(bump, len, align);
    uintptr_t begin = take_bytes(bump, CHUNK_BYTES);
    if (begin == 0)
        return alloc_apart(bump, len, align);
    uintptr_t start = align_up(begin, align);
    chunk.owner_id = bump->id;
    chunk.next = align_up(start + len + 1, GRAIN_BYTES);
    chunk.end = begin + CHUNK_BYTES;
    return (void *)start;
}

static void *bump_alloc(void *ctx, size_t len, size_t align) {
    struct bump *bump = ctx;
    uintptr_t start = align_up(chunk.next, align);
    if (__builtin_expect(chunk.owner_id != bump->id || len >= PTRDIFF_MAX ||
                             (intptr_t)(chunk.end - start) <= (intptr_t)len,
                         0))
        return alloc_in_next_chunk(bump, len, align);
    /* One byte more than asked keeps blocks of length 0 apart. */
    chunk.next = align_up(start + len + 1, GRAIN_BYTES);
    return (void *)start;
}

static bool bump_resize(void *ctx, void *ptr, size_t len, size_t align, size_t new_len) {
    (void)ctx;
    (void)ptr;
    (void)align;
    return new_len <= len;
}

static void bump_free(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)len;
    (void)align;
}

static size_t bump_usable_size(void *ctx, void *ptr, size_t len, size_t align) {
    (void)ctx;
    (void)ptr;
    (void)align;
    return len;
}

static void bump_stats(void *ctx, struct rh_allocator_stats *ret_stats) {
    struct bump *bump = ctx;
    *ret_stats = (struct rh_allocator_stats){
        .mapped_bytes = atomic_load(&bump->taken_bytes),
        .resident_bytes = RH_UNKNOWN,
        .live_bytes = RH_UNKNOWN,
        .free_bytes = 0,
        .metadata_bytes = 0,
    };
}

const struct rh_allocator_ops rh_allocator_bump = {
    .name = "bump",
    .summary = "fresh memory, never reuses: the floor with page faults",
    .abi_version = RH_ALLOCATOR_ABI,
    .flags = RH_ALLOCATOR_FLOOR | RH_ALLOCATOR_NEVER_REUSES,
    .options = bump_options,
    .create = bump_create,
    .destroy = bump_destroy,
    .alloc = bump_alloc,
    .alloc_zeroed = bump_alloc, /* fresh pages are zero */
    .resize = bump_resize,
    .free = bump_free,
    .usable_size = bump_usable_size,
    .stats = bump_stats,
};
