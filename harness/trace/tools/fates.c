/* fates.c - a table of frees in a file. */
#include "trace/tools/fates.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/text.h"

enum { FIRST_OBJECTS = 1 << 16 };

/* A file that no one else sees, and that is gone when it is closed. */
static int open_unnamed(const char *out, struct rh_error *error) {
    struct rh_text path = {0};
    rh_text_addf(&path, "%s.XXXXXX", out);
    if (path.failed < 0) {
        rh_text_finish(&path);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a path");
    }
    int fd = mkostemp(path.data, O_CLOEXEC);
    if (fd < 0)
        rh_fail_errno(error, "cannot make a file beside %s", out);
    else
        unlink(path.data);
    rh_text_finish(&path);
    return fd >= 0 ? fd : RH_ERR_SYSTEM;
}

/* Room for at least `wanted` objects: the file and its mapping grow together. */
static int grow(struct rh_fates *fates, uint64_t wanted, struct rh_error *error) {
    uint64_t larger = fates->capacity == 0 ? FIRST_OBJECTS : fates->capacity;
    while (larger < wanted)
        larger *= 2;
    if (larger == fates->capacity)
        return 0;
    size_t old_bytes = (size_t)fates->capacity * sizeof(*fates->list);
    size_t new_bytes = (size_t)larger * sizeof(*fates->list);
    /* Without reserved space a full disk would be a signal in the midst of a write. */
    errno = posix_fallocate(fates->fd, (off_t)old_bytes, (off_t)(new_bytes - old_bytes));
    void *mapped = MAP_FAILED;
    if (errno == 0 && fates->list == NULL)
        mapped = mmap(NULL, new_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fates->fd, 0);
    else if (errno == 0)
        mapped = mremap(fates->list, old_bytes, new_bytes, MREMAP_MAYMOVE);
    if (mapped == MAP_FAILED)
        return rh_fail_errno(
            error, "no space beside the new trace for %" PRIu64 " objects of 40 bytes", larger);
    fates->list = mapped;
    fates->capacity = larger;
    return 0;
}

static void note(struct rh_fates *fates, const struct rh_event *event, uint64_t index) {
    rh_assert(event->released < fates->capacity);
    fates->list[event->released] = (struct rh_fate){
        .time_ns = event->time_ns,
        .event = index,
        .size = event->size,
        .thread = event->thread,
        .touched_pages = event->touched_pages,
        .kind = event->kind,
        .align_log2 = event->align_log2,
    };
}

static int read_all(struct rh_fates *fates, struct rh_feed *feed, struct rh_error *error) {
    const struct rh_event *event = NULL;
    for (;;) {
        rh_try(rh_feed_next(feed, error, &event));
        if (event == NULL)
            return rh_feed_rewind(feed, error);
        if (event->acquired != RH_NO_OBJECT)
            rh_try(grow(fates, event->acquired + 1, error));
        if (event->kind == RH_EVENT_FREE || event->kind == RH_EVENT_FREE_SIZED)
            note(fates, event, feed->index - 1);
    }
}

int rh_fates_init(struct rh_fates *fates, struct rh_feed *feed, const char *out,
                  struct rh_error *error) {
    _Static_assert(sizeof(struct rh_fate) == 40, "as the documentation says");
    *fates = (struct rh_fates){.fd = -1};
    fates->fd = open_unnamed(out, error);
    if (fates->fd < 0)
        return fates->fd;
    fates->used = true;
    return read_all(fates, feed, error);
}

void rh_fates_finish(struct rh_fates *fates) {
    if (fates->list != NULL)
        munmap(fates->list, (size_t)fates->capacity * sizeof(*fates->list));
    if (fates->used)
        close(fates->fd);
    *fates = (struct rh_fates){0};
}
