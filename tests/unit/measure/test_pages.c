/* Anonymous pages are found to the page, by both ways of asking. */
#include <sys/mman.h>

#include "measure/pages.h"
#include "tests/unit/test.h"

enum { PAGES = 64 };

/* A sanitizer's shadow is terabytes of address space, through which maps leads page by page. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SHADOWED = 1 };
#else
enum { SHADOWED = 0 };
#endif

static void only_touched_anonymous_pages_are_there(void **state) {
    (void)state;
    char *memory = mmap(NULL, PAGES * RH_PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct rh_mapped shared = {0};
    struct rh_pages pages;
    assert_true(memory != MAP_FAILED);
    madvise(memory, PAGES * RH_PAGE_BYTES, MADV_NOHUGEPAGE);
    for (int i = 0; i < PAGES; i += 2)
        memory[i * RH_PAGE_BYTES] = 1;
    assert_int_equal(rh_mapped_init(&shared, PAGES * RH_PAGE_BYTES, 1, NULL), 0);
    assert_int_equal(rh_pages_init(&pages, NULL), 0);
    bool scans[] = {pages.scans && SHADOWED, pages.scans};
    for (int way = 0; way < 2; way++) {
        pages.scans = scans[way];
        assert_int_equal(rh_pages_look(&pages, NULL), 0);
        for (int i = 0; i < PAGES; i++) {
            uint64_t address = (uint64_t)(uintptr_t)memory + (uint64_t)i * RH_PAGE_BYTES;
            size_t run = rh_pages_find(&pages, address, (size_t)i);
            bool there = run < pages.run_count && pages.runs[run].begin <= address;
            assert_int_equal(there, i % 2 == 0);
            address = (uint64_t)(uintptr_t)shared.data + (uint64_t)i * RH_PAGE_BYTES;
            run = rh_pages_find(&pages, address, 0);
            assert_false(run < pages.run_count && pages.runs[run].begin <= address);
        }
        uint64_t count = 0;
        for (size_t i = 0; i < pages.run_count; i++) {
            assert_int_equal(pages.runs[i].first, count);
            assert_true(i == 0 || pages.runs[i].begin >= pages.runs[i - 1].end);
            count += (pages.runs[i].end - pages.runs[i].begin) / RH_PAGE_BYTES;
        }
        assert_int_equal(count, pages.page_count);
    }
    rh_pages_finish(&pages);
    rh_mapped_finish(&shared);
    munmap(memory, PAGES * RH_PAGE_BYTES);
}

/* Pages of [begin, end) that were seen. What else the process does in between, a sanitizer above
 * all, is nobody's business here. */
static uint64_t pages_within(const struct rh_pages *pages, const char *begin, size_t bytes) {
    uint64_t from = (uint64_t)(uintptr_t)begin, to = from + bytes, count = 0;
    for (size_t i = 0; i < pages->run_count; i++) {
        uint64_t first = pages->runs[i].begin > from ? pages->runs[i].begin : from;
        uint64_t last = pages->runs[i].end < to ? pages->runs[i].end : to;
        count += first < last ? (last - first) / RH_PAGE_BYTES : 0;
    }
    return count;
}

/* More runs than one answer of the kernel holds. */
static void many_runs_are_counted_once(void **state) {
    (void)state;
    enum { MANY = 20000 };
    char *memory = mmap(NULL, MANY * RH_PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct rh_pages pages;
    assert_true(memory != MAP_FAILED);
    madvise(memory, MANY * RH_PAGE_BYTES, MADV_NOHUGEPAGE);
    assert_int_equal(rh_pages_init(&pages, NULL), 0);
    assert_int_equal(rh_pages_look(&pages, NULL), 0);
    assert_int_equal(pages_within(&pages, memory, MANY * RH_PAGE_BYTES), 0);
    for (int i = 0; i < MANY; i += 2)
        memory[i * RH_PAGE_BYTES] = 1;
    assert_int_equal(rh_pages_look(&pages, NULL), 0);
    assert_int_equal(pages_within(&pages, memory, MANY * RH_PAGE_BYTES), MANY / 2);
    rh_pages_finish(&pages);
    munmap(memory, MANY * RH_PAGE_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_touched_anonymous_pages_are_there),
        cmocka_unit_test(many_runs_are_counted_once),
    };
    return cmocka_run_group_tests_name("measure/pages", tests, NULL, NULL);
}
