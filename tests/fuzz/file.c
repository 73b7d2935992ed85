/* file.c - bytes as a file, for targets whose subject reads files. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

int rh_fuzz_file(const uint8_t *data, size_t bytes, char ret_path[RH_FUZZ_PATH_BYTES]) {
    int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    if (descriptor < 0)
        abort();
    for (size_t done = 0; done < bytes;) {
        ssize_t written = write(descriptor, data + done, bytes - done);
        if (written <= 0)
            abort();
        done += (size_t)written;
    }
    snprintf(ret_path, RH_FUZZ_PATH_BYTES, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

void rh_fuzz_close(int descriptor) {
    close(descriptor);
}
