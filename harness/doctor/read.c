/* read.c - small files of the kernel below a root that tests may make up. */
#include <glob.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "doctor/checks.h"

enum { FILE_BYTES_MOST = 4 << 20 };

bool rh_doctor_read(const struct rh_doctor_options *options, const char *path, char *ret_text,
                    size_t bytes) {
    char full[PATH_MAX];
    snprintf(full, sizeof(full), "%s%s", options->root, path);
    return rh_file_read_start(full, NULL, ret_text, bytes) == 0;
}

char *rh_doctor_read_all(const struct rh_doctor_options *options, const char *path) {
    char full[PATH_MAX];
    char *text = NULL;
    snprintf(full, sizeof(full), "%s%s", options->root, path);
    return rh_file_read(full, FILE_BYTES_MOST, NULL, &text, NULL) == 0 ? text : NULL;
}

bool rh_doctor_read_first(const struct rh_doctor_options *options, const char *pattern,
                          char *ret_text, size_t bytes) {
    char full[PATH_MAX];
    glob_t found = {0};
    snprintf(full, sizeof(full), "%s%s", options->root, pattern);
    bool read = glob(full, 0, NULL, &found) == 0 && found.gl_pathc > 0 &&
                rh_file_read_start(found.gl_pathv[0], NULL, ret_text, bytes) == 0;
    globfree(&found);
    return read;
}

bool rh_doctor_number(const struct rh_doctor_options *options, const char *path,
                      uint64_t *ret_value) {
    char text[64];
    return rh_doctor_read(options, path, text, sizeof(text)) && rh_parse_u64(text, ret_value) == 0;
}
