/* pages.c - PAGEMAP_SCAN, or maps and pagemap. */
#include "measure/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/assert.h"

/* linux/fs.h of Linux 6.7; older headers lack it. */
struct scan_region {
    uint64_t start, end, categories;
};

struct scan_argument {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN          _IOWR('f', 16, struct scan_argument)
#define SCAN_FILE     (UINT64_C(1) << 2)
#define SCAN_PRESENT  (UINT64_C(1) << 3)
#define SCAN_PFNZERO  (UINT64_C(1) << 5)
#define SCAN_HUGE     (UINT64_C(1) << 6)
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_FILE    (UINT64_C(1) << 61) /* of a file, or shared */
#define ADDRESS_END   ((UINT64_C(1) << 47) - RH_PAGE_BYTES)

enum {
    ROOM_REGIONS = 4096,
    ROOM_BYTES = ROOM_REGIONS * sizeof(struct scan_region),
    LINE_BYTES = 64
};

/* ---- runs ---- */

static int add_run(struct rh_pages *pages, uint64_t begin, uint64_t end, bool huge,
                   struct rh_error *error) {
    struct rh_page_run *last = pages->run_count > 0 ? &pages->runs[pages->run_count - 1] : NULL;
    /* Where the kernel's answer did not fit, its next one may begin with pages of the one before.
     */
    if (last != NULL && begin < last->end)
        begin = last->end;
    if (begin >= end)
        return 0;
    uint64_t count = (end - begin) / RH_PAGE_BYTES;
    if (count > pages->capacity - pages->page_count)
        return rh_fail(error, RH_ERR_LIMIT, "more pages are resident than the machine has");
    if (last != NULL && last->end == begin && last->huge == huge)
        last->end = end;
    else
        pages->runs[pages->run_count++] = (struct rh_page_run){begin, end, pages->page_count, huge};
    pages->page_count += count;
    return 0;
}

size_t rh_pages_find(const struct rh_pages *pages, uint64_t address, size_t hint) {
    size_t low = 0, high = pages->run_count;
    if (hint < high && pages->runs[hint].begin <= address) {
        if (address < pages->runs[hint].end)
            return hint;
        low = hint + 1;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pages->runs[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- PAGEMAP_SCAN ---- */

static long scan(const struct rh_pages *pages, uint64_t from, uint64_t *ret_end) {
    struct scan_argument argument = {
        .size = sizeof(argument),
        .start = from,
        .end = ADDRESS_END,
        .vec = (uint64_t)(uintptr_t)pages->room.data,
        .vec_len = ROOM_REGIONS,
        .category_inverted = SCAN_FILE | SCAN_PFNZERO,
        .category_mask = SCAN_PRESENT | SCAN_FILE | SCAN_PFNZERO,
        .return_mask = SCAN_HUGE,
    };
    long count = ioctl(pages->pagemap_fd, SCAN, &argument);
    *ret_end = argument.walk_end;
    return count;
}

static int look_by_scan(struct rh_pages *pages, struct rh_error *error) {
    const struct scan_region *regions = pages->room.data;
    for (uint64_t from = 0; from < ADDRESS_END;) {
        long count = scan(pages, from, &from);
        if (count < 0)
            return rh_fail_errno(error, "PAGEMAP_SCAN");
        for (long i = 0; i < count; i++)
            rh_try(add_run(pages, regions[i].start, regions[i].end,
                           (regions[i].categories & SCAN_HUGE) != 0, error));
    }
    return 0;
}

/* ---- maps and pagemap ---- */

static int add_entries(struct rh_pages *pages, uint64_t begin, uint64_t end,
                       struct rh_error *error) {
    uint64_t *entries = pages->room.data;
    while (begin < end) {
        uint64_t wanted = (end - begin) / RH_PAGE_BYTES;
        if (wanted > ROOM_BYTES / sizeof(*entries))
            wanted = ROOM_BYTES / sizeof(*entries);
        ssize_t got = pread(pages->pagemap_fd, entries, wanted * sizeof(*entries),
                            (off_t)(begin / RH_PAGE_BYTES * sizeof(*entries)));
        if (got < (ssize_t)sizeof(*entries))
            return rh_fail_errno(error, "cannot read /proc/self/pagemap");
        uint64_t count = (uint64_t)got / sizeof(*entries);
        for (uint64_t i = 0; i < count; i++, begin += RH_PAGE_BYTES)
            if ((entries[i] & ENTRY_PRESENT) != 0 && (entries[i] & ENTRY_FILE) == 0)
                rh_try(add_run(pages, begin, begin + RH_PAGE_BYTES, false, error));
    }
    return 0;
}

/* "BEGIN-END " in hexadecimal digits. */
static bool parse_range(const char *line, uint64_t ret_ends[2]) {
    for (int i = 0; i < 2; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit;
        ret_ends[i] = 0;
        for (; *line != '\0' && (digit = strchr(digits, *line)) != NULL; line++)
            ret_ends[i] = ret_ends[i] << 4 | (uint64_t)(digit - digits);
        if (*line++ != (i == 0 ? '-' : ' '))
            return false;
    }
    return true;
}

/* One byte after the other: a line's range is all that is kept of it. */
static int look_at_lines(struct rh_pages *pages, int maps, struct rh_error *error) {
    char buffer[4096], line[LINE_BYTES + 1];
    size_t length = 0;
    uint64_t ends[2];
    ssize_t got;
    while ((got = read(maps, buffer, sizeof(buffer))) > 0)
        for (ssize_t i = 0; i < got; i++) {
            if (buffer[i] != '\n') {
                if (length < LINE_BYTES)
                    line[length++] = buffer[i];
                continue;
            }
            line[length] = '\0';
            length = 0;
            if (!parse_range(line, ends))
                return rh_fail(error, RH_ERR_FORMAT, "/proc/self/maps is in no known form");
            if (ends[1] <= ADDRESS_END)
                rh_try(add_entries(pages, ends[0], ends[1], error));
        }
    return got < 0 ? rh_fail_errno(error, "cannot read /proc/self/maps") : 0;
}

static int look_by_maps(struct rh_pages *pages, struct rh_error *error) {
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0)
        return rh_fail_errno(error, "cannot open /proc/self/maps");
    int result = look_at_lines(pages, maps, error);
    close(maps);
    return result;
}

/* ---- all ---- */

int rh_pages_look(struct rh_pages *pages, struct rh_error *error) {
    pages->run_count = 0;
    pages->page_count = 0;
    return pages->scans ? look_by_scan(pages, error) : look_by_maps(pages, error);
}

static uint64_t pages_of_machine(void) {
    struct sysinfo info;
    rh_assert(sysinfo(&info) == 0);
    return (uint64_t)info.totalram * info.mem_unit / RH_PAGE_BYTES;
}

int rh_pages_init(struct rh_pages *pages, struct rh_error *error) {
    *pages = (struct rh_pages){.capacity = pages_of_machine()};
    pages->pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pages->pagemap_fd < 0)
        return rh_fail_errno(error, "cannot open /proc/self/pagemap");
    int result = rh_mapped_init(&pages->room, ROOM_BYTES, 1, error);
    if (result == 0)
        result = rh_mapped_init(&pages->table, pages->capacity * sizeof(*pages->runs), 0, error);
    if (result < 0) {
        rh_pages_finish(pages);
        return result;
    }
    pages->runs = pages->table.data;
    uint64_t end;
    pages->scans = scan(pages, 0, &end) >= 0;
    return 0;
}

void rh_pages_finish(struct rh_pages *pages) {
    if (pages->table.data != NULL || pages->room.data != NULL)
        close(pages->pagemap_fd);
    rh_mapped_finish(&pages->room);
    rh_mapped_finish(&pages->table);
    *pages = (struct rh_pages){0};
}
