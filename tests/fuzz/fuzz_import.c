/* fuzz_import.c - one importer (RH_FUZZ_FORMAT) on any bytes: refused with a sentence, or a trace
 * that verifies. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "trace/importers/importers.h"
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    char from[RH_FUZZ_PATH_BYTES];
    char to[64];
    /* In memory: each trace that is finished waits for the disk. */
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(to, sizeof(to), "%s/rh-fuzz-%d.rht", folder, (int)getpid());
    int descriptor = rh_fuzz_file(data, bytes, from);
    const struct rh_import_options options = {.format = RH_FUZZ_FORMAT};
    struct rh_import_report report = {0};
    struct rh_error error = {0};
    struct rh_text text = {0};
    int result = rh_import_file(from, to, &options, &error, &report);
    if (result < 0 && (error.code != result || error.message[0] == '\0'))
        abort();
    if (result == 0 && rh_trace_verify(to, &error, NULL) < 0) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    if (result == 0)
        rh_import_report_text(&report, &text);
    rh_text_finish(&text);
    unlink(to);
    rh_fuzz_close(descriptor);
    return 0;
}
