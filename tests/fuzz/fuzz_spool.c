/* fuzz_spool.c - any bytes as what recorded processes left in a spool directory: finished as far as
 * it goes, into traces that verify, or refused with a sentence.
 *
 * An input is pieces, which pack_spool.py makes of a directory: a byte that says which file (bits 0
 * and 1 its suffix, 2 and 3 its image), offset / 64 and length (2 bytes each, little-endian), then
 * the bytes. A piece of no bytes cuts the file off, or extends it, at its offset. So the zeros that
 * a spool mostly consists of are not there to be tried out. */
#include <fcntl.h>
#include <ftw.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "record/record.h"
#include "record/spool.h"
#include "tests/fuzz/fuzz.h"

enum { PIECE_BYTES = 5, OFFSET_UNIT = 64, IMAGES = 4, SUFFIXES = 4 };

static const char *const suffixes[SUFFIXES] = {"live", "full", "born", "other"};
static char folder[64];
static char boot_id[sizeof(((struct rh_spool_header *)NULL)->boot_id)];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    return place->level > 0 ? remove(path) : 0;
}

static void empty_folder(void) {
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void) {
    empty_folder();
    rmdir(folder);
}

/* Once for all inputs of the process; in memory, as each trace that is finished waits for the disk.
 */
static void make_folder(void) {
    if (folder[0] != '\0')
        return;
    snprintf(folder, sizeof(folder), "%s/rh-fuzz-spool-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    rh_assert(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
    rh_assert(
        rh_file_read_start("/proc/sys/kernel/random/boot_id", NULL, boot_id, sizeof(boot_id)) == 0);
}

static int open_file(unsigned which) {
    char path[128];
    snprintf(path, sizeof(path), "%s/spool/%u-1.%s", folder, 100 + which / SUFFIXES % IMAGES,
             suffixes[which % SUFFIXES]);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    rh_assert(descriptor >= 0);
    return descriptor;
}

/* The ticks of another boot, or of the future, would be measured anew, for 10 ms. */
static void right_clock(int descriptor) {
    struct rh_spool_header header;
    if (pread(descriptor, &header, sizeof(header), 0) != sizeof(header))
        return;
    memcpy(header.boot_id, boot_id, sizeof(boot_id));
    if (header.start_ns > rh_now_ns() / 2 || header.start_ticks > rh_tsc() / 2)
        header.start_ns = header.start_ticks = 0;
    rh_assert(pwrite(descriptor, &header, sizeof(header), 0) == sizeof(header));
}

static void write_piece(unsigned which, off_t offset, const uint8_t *data, size_t bytes) {
    int descriptor = open_file(which);
    if (bytes == 0)
        rh_assert(ftruncate(descriptor, offset) == 0);
    else
        rh_assert(pwrite(descriptor, data, bytes, offset) == (ssize_t)bytes);
    if (which % SUFFIXES == 0)
        right_clock(descriptor);
    close(descriptor);
}

static void write_spool(const uint8_t *data, size_t bytes) {
    while (bytes >= PIECE_BYTES) {
        off_t offset = (off_t)(data[1] | data[2] << 8) * OFFSET_UNIT;
        size_t length = (size_t)(data[3] | data[4] << 8);
        if (length > bytes - PIECE_BYTES)
            length = bytes - PIECE_BYTES;
        write_piece(data[0], offset, data + PIECE_BYTES, length);
        data += PIECE_BYTES + length;
        bytes -= PIECE_BYTES + length;
    }
}

static void check_traces(const struct rh_record_outcome *outcome) {
    for (size_t i = 0; i < outcome->count; i++) {
        const struct rh_record_trace *trace = &outcome->traces[i];
        struct rh_trace_summary summary;
        struct rh_error error = {0};
        if (rh_trace_verify(trace->path, &error, &summary) < 0) {
            fprintf(stderr, "%s\n", error.message);
            abort();
        }
        rh_assert(summary.events == trace->summary.events);
    }
}

/* Damage costs what is damaged: the rest of a spool whose header is sound becomes a trace. */
static void check_refusal(int result, const struct rh_error *error) {
    if (error->code == result && error->message[0] != '\0' &&
        (result == RH_ERR_MISSING || result == RH_ERR_VERSION || result == RH_ERR_FORMAT))
        return;
    fprintf(stderr, "%d: %s\n", result, error->message);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    char spool[128];
    char output[128];
    make_folder();
    snprintf(spool, sizeof(spool), "%s/spool", folder);
    snprintf(output, sizeof(output), "%s/", folder);
    rh_assert(mkdir(spool, 0700) == 0);
    write_spool(data, bytes);
    const struct rh_record_options options = {.output = output,
                                              .library = "/none", /* to be asked what it costs */
                                              .times = bytes % (RH_RECORD_TIMES_NONE + 1)};
    struct rh_record_outcome outcome = {0};
    struct rh_error error = {0};
    int result = rh_record_finish(&options, spool, &error, &outcome);
    if (result < 0)
        check_refusal(result, &error);
    else
        check_traces(&outcome);
    rh_record_outcome_finish(&outcome);
    empty_folder();
    return 0;
}
