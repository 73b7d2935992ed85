/* driver.c - runs a fuzz target over a corpus, and over damaged versions of each file of it: the
 * part of fuzzing that fits a test suite. The damage is drawn from a fixed seed, so that a failure
 * comes again.
 *
 * Usage: fuzz-NAME [[-r ROUNDS] DIRECTORY|FILE]...        ROUNDS holds for what follows it */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

enum { FILE_BYTES_MAX = 1 << 20 };

struct counts {
    size_t files, inputs;
};

static void run(const char *data, size_t bytes, struct counts *counts) {
    /* A block of its own, of the exact size, so that a sanitizer sees each byte too far. */
    uint8_t *exact = calloc(bytes != 0 ? bytes : 1, 1);
    if (exact == NULL)
        abort();
    memcpy(exact, data, bytes);
    LLVMFuzzerTestOneInput(exact, bytes);
    free(exact);
    counts->inputs++;
}

/* One of: a flipped bit, a byte of any value, a length that is near a power of two, a piece copied
 * over another, the end cut off. Returns the new length. */
static size_t damage(char *data, size_t bytes, struct rh_random *random) {
    if (bytes == 0)
        return 0;
    size_t at = rh_random_below(random, bytes);
    size_t width = bytes - at < 8 ? bytes - at : 8;
    uint64_t number = (UINT64_C(1) << rh_random_below(random, 64)) - rh_random_below(random, 3);
    size_t other = rh_random_below(random, bytes);
    size_t most = bytes - (at > other ? at : other);
    switch (rh_random_below(random, 5)) {
    case 0:
        data[at] = (char)(data[at] ^ (1 << rh_random_below(random, 8)));
        return bytes;
    case 1:
        data[at] = (char)rh_random_next(random);
        return bytes;
    case 2:
        memcpy(data + at, &number, width);
        return bytes;
    case 3:
        memmove(data + at, data + other, 1 + rh_random_below(random, most));
        return bytes;
    default:
        return at;
    }
}

static int run_file(const char *path, uint64_t rounds, struct counts *counts) {
    struct rh_error error = {0};
    char *data = NULL;
    size_t bytes = 0;
    if (rh_file_read(path, FILE_BYTES_MAX, &error, &data, &bytes) < 0) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    counts->files++;
    run(data, bytes, counts);
    struct rh_random random;
    rh_random_seed(&random, bytes);
    char *copy = rh_alloc(bytes);
    for (uint64_t i = 0; i < rounds && copy != NULL; i++) {
        memcpy(copy, data, bytes);
        size_t left = bytes;
        for (uint64_t hits = 1 + rh_random_below(&random, 3); hits > 0; hits--)
            left = damage(copy, left, &random);
        run(copy, left, counts);
    }
    rh_free(copy);
    rh_free(data);
    return copy == NULL;
}

static int run_directory(const char *path, uint64_t rounds, struct counts *counts) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        perror(path);
        return 1;
    }
    int failed = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        char *file = rh_path_join(path, entry->d_name);
        failed |= file == NULL || run_file(file, rounds, counts);
        rh_free(file);
    }
    closedir(directory);
    return failed;
}

int main(int argc, char **argv) {
    uint64_t rounds = 200;
    struct counts counts = {0};
    int failed = 0;
    run("", 0, &counts);
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (strcmp(argv[i], "-r") == 0 && i + 1 < argc) {
            failed |= rh_parse_u64(argv[++i], &rounds) < 0;
            continue;
        }
        bool directory = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        failed |= directory ? run_directory(argv[i], rounds, &counts)
                            : run_file(argv[i], rounds, &counts);
    }
    printf("%zu files, %zu inputs\n", counts.files, counts.inputs);
    return failed || counts.files == 0;
}
