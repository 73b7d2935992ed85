/* source_reserve.c - a break in a reserved range of address space. */
#include <sys/mman.h>
#include <unistd.h>

#include "allocator/reason.h"
#include "allocator/sbrk/source.h"

static uintptr_t reserve_sbrk(struct rh_sbrk_source *source, size_t bytes) {
    struct rh_sbrk_reserve *reserve = (struct rh_sbrk_reserve *)source;
    rh_require(bytes % source->page_bytes == 0);
    if (bytes > reserve->end - reserve->next)
        return 0;
    uintptr_t start = reserve->next;
    reserve->next += bytes;
    return start;
}

static uintptr_t reserve_position(struct rh_sbrk_source *source) {
    return ((struct rh_sbrk_reserve *)source)->next;
}

int rh_sbrk_reserve_init(struct rh_sbrk_reserve *reserve, size_t capacity_bytes,
                         size_t align_bytes) {
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    rh_require((align_bytes & (align_bytes - 1)) == 0);
    if (capacity_bytes > PTRDIFF_MAX - page_bytes - align_bytes)
        return -1;
    capacity_bytes = (capacity_bytes + page_bytes - 1) & ~(page_bytes - 1);
    size_t mapping_bytes = capacity_bytes + align_bytes;
    void *mapping = mmap(NULL, mapping_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return -1;
    uintptr_t begin = ((uintptr_t)mapping + align_bytes - 1) & ~(uintptr_t)(align_bytes - 1);
    *reserve = (struct rh_sbrk_reserve){
        .source = {.sbrk = reserve_sbrk, .position = reserve_position, .page_bytes = page_bytes},
        .mapping = mapping,
        .mapping_bytes = mapping_bytes,
        .begin = begin,
        .next = begin,
        .end = begin + capacity_bytes,
    };
    return 0;
}

void rh_sbrk_reserve_finish(struct rh_sbrk_reserve *reserve) {
    if (reserve->mapping != NULL)
        munmap(reserve->mapping, reserve->mapping_bytes);
    *reserve = (struct rh_sbrk_reserve){.mapping = NULL};
}
