/* wl.c - .wl workloads that trace2wl makes of glibc dj/malloc traces: a stream of numbers in groups
 * of seven bits, highest first, bit 7 set on all but the last.
 *
 *   header: 8 POINTERS, 9 SYNCS, 10 THREADS, 11 OFFSET (one a thread), 1
 *   thread: 2 malloc IDX SIZE | 3 calloc IDX SIZE | 4 realloc NEW OLD SIZE | 5 free IDX
 *           6 signal SYNC | 7 wait SYNC | 12 memalign IDX ALIGN SIZE | 13 valloc IDX SIZE
 *           14 pvalloc IDX SIZE | 0 nop | 1 the end
 *
 * IDX stands for an address (0: NULL). Threads are played one after the other, changing where one
 * waits: any order that keeps the waits is as good. The threads' streams lie side by side, so the
 * whole file is held in memory. */
#include <string.h>

#include "base/memory.h"
#include "trace/importers/build.h"
#include "trace/importers/detect.h"
#include "trace/importers/formats.h"
#include "trace/importers/input.h"

enum { BYTES_MAX = 1 << 30, THREADS_MAX = 1 << 16, SYNCS_MAX = 1 << 24 };

enum code {
    CODE_NOP,
    CODE_DONE,
    CODE_MALLOC,
    CODE_CALLOC,
    CODE_REALLOC,
    CODE_FREE,
    CODE_SIGNAL,
    CODE_WAIT,
    CODE_POINTERS,
    CODE_SYNCS,
    CODE_THREADS,
    CODE_OFFSET,
    CODE_MEMALIGN,
    CODE_VALLOC,
    CODE_PVALLOC,
    CODES,
};

struct workload {
    struct rh_import *import;
    const char *path;
    uint8_t *data;
    size_t bytes, capacity;
    uint64_t syncs;
    uint8_t *signalled;
    size_t threads;
    size_t offsets_capacity;
    uint64_t *offsets; /* where each thread's stream goes on; UINT64_MAX: at its end */
};

/* ---- numbers ---- */

static bool scan_number(const struct workload *workload, uint64_t *at, uint64_t *ret_number) {
    uint64_t number = 0;
    for (uint64_t next = *at; next < workload->bytes;) {
        if (number >> 57 != 0)
            return false;
        uint8_t byte = workload->data[next++];
        number = number << 7 | (byte & 0x7f);
        if ((byte & 0x80) == 0) {
            *at = next;
            *ret_number = number;
            return true;
        }
    }
    return false;
}

static int need_number(const struct workload *workload, uint64_t *at, struct rh_error *error,
                       uint64_t *ret_number) {
    if (scan_number(workload, at, ret_number))
        return 0;
    return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: no number", workload->path,
                   (unsigned long long)*at);
}

static int refuse(const struct workload *workload, uint64_t at, const char *what, uint64_t number,
                  struct rh_error *error) {
    return rh_fail(error, RH_ERR_FORMAT, "%s, byte %llu: %s %llu", workload->path,
                   (unsigned long long)at, what, (unsigned long long)number);
}

/* ---- the header ---- */

static int take_offset(struct workload *workload, uint64_t offset, uint64_t at,
                       struct rh_error *error) {
    if (offset >= workload->bytes || workload->threads == THREADS_MAX)
        return refuse(workload, at, "a thread at byte", offset, error);
    rh_try(rh_grow((void **)&workload->offsets, &workload->offsets_capacity, workload->threads + 1,
                   sizeof(*workload->offsets), error));
    workload->offsets[workload->threads++] = offset;
    return 0;
}

static int read_header(struct workload *workload, struct rh_error *error) {
    uint64_t at = 0;
    uint64_t threads = 0;
    for (;;) {
        uint64_t code = 0;
        uint64_t number = 0;
        uint64_t before = at;
        rh_try(need_number(workload, &at, error, &code));
        if (code == CODE_DONE)
            break;
        if (code < CODE_POINTERS || code > CODE_OFFSET)
            return refuse(workload, before, "header code", code, error);
        rh_try(need_number(workload, &at, error, &number));
        if (code == CODE_OFFSET)
            rh_try(take_offset(workload, number, before, error));
        if (code == CODE_THREADS)
            threads = number;
        if (code == CODE_SYNCS)
            workload->syncs = number;
    }
    if (threads != workload->threads || threads == 0)
        return refuse(workload, 0, "the offsets are not those of threads:", threads, error);
    if (workload->syncs > SYNCS_MAX)
        return refuse(workload, 0, "too many syncs:", workload->syncs, error);
    workload->signalled = rh_alloc_zeroed((size_t)workload->syncs + 1, 1);
    return workload->signalled != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for syncs");
}

/* ---- the threads ---- */

/* Operands of each code: n(ew address), o(ld address), a(lignment), s(ize), y (sync). */
static const char *const operands[CODES] = {
    [CODE_NOP] = "",      [CODE_MALLOC] = "ns",  [CODE_CALLOC] = "ns", [CODE_REALLOC] = "nos",
    [CODE_FREE] = "o",    [CODE_SIGNAL] = "y",   [CODE_WAIT] = "y",    [CODE_MEMALIGN] = "nas",
    [CODE_VALLOC] = "ns", [CODE_PVALLOC] = "ns",
};

static const uint8_t kinds[CODES] = {
    [CODE_MALLOC] = RH_EVENT_MALLOC,    [CODE_CALLOC] = RH_EVENT_CALLOC,
    [CODE_REALLOC] = RH_EVENT_REALLOC,  [CODE_FREE] = RH_EVENT_FREE,
    [CODE_MEMALIGN] = RH_EVENT_ALIGNED, [CODE_VALLOC] = RH_EVENT_ALIGNED,
    [CODE_PVALLOC] = RH_EVENT_ALIGNED,
};

static int take_operands(const struct workload *workload, uint64_t code, uint64_t *at,
                         struct rh_error *error, struct rh_import_call *call, uint64_t *ret_sync) {
    for (const char *next = operands[code]; *next != '\0'; next++) {
        uint64_t *into = *next == 'n'   ? &call->result
                         : *next == 'o' ? &call->old
                         : *next == 'a' ? &call->alignment
                         : *next == 's' ? &call->size
                                        : ret_sync;
        rh_try(need_number(workload, at, error, into));
    }
    return 0;
}

/* Plays a thread until it waits or ends. Sets *ret_moved if it did anything. */
static int play_thread(struct workload *workload, size_t thread, struct rh_error *error,
                       bool *ret_moved) {
    uint64_t at = workload->offsets[thread];
    while (at != UINT64_MAX) {
        uint64_t before = at;
        uint64_t code = 0;
        uint64_t sync = 0;
        rh_try(need_number(workload, &at, error, &code));
        if (code == CODE_DONE) {
            at = UINT64_MAX;
            break;
        }
        if (code >= CODES || operands[code] == NULL)
            return refuse(workload, before, "code", code, error);
        struct rh_import_call call = rh_import_call(kinds[code], thread);
        rh_try(take_operands(workload, code, &at, error, &call, &sync));
        if (sync > workload->syncs)
            return refuse(workload, before, "sync", sync, error);
        if (code == CODE_WAIT && !workload->signalled[sync]) {
            at = before;
            break;
        }
        *ret_moved = true;
        rh_import_report(workload->import)->records++;
        if (code == CODE_SIGNAL)
            workload->signalled[sync] = 1;
        if (code == CODE_VALLOC || code == CODE_PVALLOC)
            call.alignment = 4096;
        if (code != CODE_NOP && code != CODE_SIGNAL && code != CODE_WAIT)
            rh_try(rh_import_add(workload->import, &call, error));
    }
    *ret_moved |= at != workload->offsets[thread];
    workload->offsets[thread] = at;
    return 0;
}

static int play_all(struct workload *workload, struct rh_error *error) {
    if (workload->threads > 1)
        rh_try(rh_import_guess(workload->import,
                               "the order of threads between their synchronisations is not told "
                               "and was chosen",
                               error));
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < workload->threads; i++)
            rh_try(play_thread(workload, i, error, &moved));
    }
    for (size_t i = 0; i < workload->threads; i++)
        if (workload->offsets[i] != UINT64_MAX)
            return refuse(workload, workload->offsets[i], "for ever waits thread", i, error);
    return 0;
}

static int load(struct workload *workload, struct rh_input *input, struct rh_error *error) {
    for (;;) {
        const uint8_t *bytes = NULL;
        size_t count = 0;
        rh_try(rh_input_take(input, RH_INPUT_PEEK_BYTES, error, &bytes, &count));
        if (count == 0)
            return 0;
        if (workload->bytes + count > BYTES_MAX)
            return rh_fail(error, RH_ERR_LIMIT, "%s: a workload of more than %d bytes",
                           workload->path, BYTES_MAX);
        rh_try(rh_grow((void **)&workload->data, &workload->capacity, workload->bytes + count, 1,
                       error));
        memcpy(workload->data + workload->bytes, bytes, count);
        workload->bytes += count;
    }
}

static int run(struct rh_import *import, struct rh_input *input, struct rh_error *error) {
    struct workload workload = {.import = import, .path = rh_input_path(input)};
    int result = load(&workload, input, error);
    if (result == 0)
        result = read_header(&workload, error);
    if (result == 0)
        result = play_all(&workload, error);
    rh_free(workload.data);
    rh_free(workload.signalled);
    rh_free(workload.offsets);
    return result;
}

/* The header's codes in trace2wl's order, and as many offsets as threads. */
static int detect(const uint8_t *head, size_t bytes) {
    const struct workload view = {.data = (uint8_t *)(uintptr_t)head, .bytes = bytes};
    uint64_t at = 0;
    uint64_t code = 0;
    uint64_t number = 0;
    for (uint64_t wanted = CODE_POINTERS; wanted <= CODE_THREADS; wanted++)
        if (!scan_number(&view, &at, &code) || code != wanted || !scan_number(&view, &at, &number))
            return RH_DETECT_NO;
    for (uint64_t i = 0; i < number && i < THREADS_MAX; i++) {
        uint64_t offset = 0;
        if (!scan_number(&view, &at, &code) || code != CODE_OFFSET ||
            !scan_number(&view, &at, &offset))
            return RH_DETECT_NO;
    }
    return scan_number(&view, &at, &code) && code == CODE_DONE ? RH_DETECT_SURE : RH_DETECT_NO;
}

const struct rh_importer rh_importer_wl = {
    .name = "wl",
    .summary = "glibc dj/malloc workload (.wl)",
    .detect = detect,
    .run = run,
};
