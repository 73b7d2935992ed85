/* fuzz_result.c - any bytes as the four files of a result directory, and reports on what loads.
 *
 * An input is manifest.json, samples.jsonl, series.jsonl and programs.jsonl, one after the other,
 * with a form feed between them (JSON text never holds one); the last is optional, as in a result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "report/report.h"
#include "result/result.h"
#include "tests/fuzz/fuzz.h"

static char directory[] = "/tmp/rh-fuzz-result-XXXXXX";
static const char *const names[] = {"manifest.json", "samples.jsonl", "series.jsonl",
                                    "programs.jsonl"};
enum { FILES = 4 };

static void name_file(size_t i, char *ret_path, size_t bytes) {
    snprintf(ret_path, bytes, "%s/%s", directory, names[i]);
}

static void remove_directory(void) {
    for (size_t i = 0; i < FILES; i++) {
        char path[128];
        name_file(i, path, sizeof(path));
        unlink(path);
    }
    rmdir(directory);
}

/* Once for all inputs of the process. */
static void make_directory(void) {
    static int made;
    if (made)
        return;
    rh_assert(mkdtemp(directory) != NULL);
    made = atexit(remove_directory) == 0;
}

/* The part up to the next form feed; *data and *bytes move behind it. */
static void write_part(size_t i, const uint8_t **data, size_t *bytes) {
    const uint8_t *end = *bytes > 0 ? memchr(*data, '\f', *bytes) : NULL;
    size_t length = end != NULL ? (size_t)(end - *data) : *bytes;
    char path[128];
    name_file(i, path, sizeof(path));
    if (i == FILES - 1 && *bytes == 0) {
        unlink(path);
        return;
    }
    FILE *file = fopen(path, "w");
    rh_assert(file != NULL);
    rh_assert(length == 0 || fwrite(*data, 1, length, file) == length);
    rh_assert(fclose(file) == 0);
    size_t used = end != NULL ? length + 1 : length;
    *data += used;
    *bytes -= used;
}

static void make_reports(const struct rh_result *result) {
    for (unsigned format = 0; format < RH_REPORT_FORMATS; format++) {
        struct rh_report_options options = {.format = (enum rh_report_format)format};
        struct rh_error error = {0};
        struct rh_text text = {0};
        int made = rh_report(result, &options, &error, &text);
        rh_assert(made == 0 || made == RH_ERR_LIMIT || made == RH_ERR_MEMORY);
        rh_text_finish(&text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    make_directory();
    for (size_t i = 0; i < FILES; i++)
        write_part(i, &data, &bytes);
    struct rh_result *result = NULL;
    struct rh_error error = {0};
    int loaded = rh_result_load(directory, &error, &result);
    rh_assert((loaded == 0) == (result != NULL));
    rh_assert(loaded == 0 || (error.code == loaded && error.message[0] != '\0'));
    if (loaded == 0)
        make_reports(result);
    rh_result_destroy(result);
    return 0;
}
