/* fuzz.h - what a fuzz target is: one function that must survive any bytes.
 *
 * A target is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput and nothing else outside; its
 * seeds lie in corpus/NAME/. Add NAME to the list in meson.build. Without libFuzzer the target is
 * linked with driver.c and runs as a normal test: over its seeds, over damaged versions of them,
 * and over what searches found (corpus/found/NAME/). scripts/fuzz NAME searches on. */
#ifndef RH_FUZZ_H
#define RH_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* A path that names a file with these bytes (in memory) until rh_fuzz_close(descriptor). */
enum { RH_FUZZ_PATH_BYTES = 32 };
int rh_fuzz_file(const uint8_t *data, size_t bytes, char ret_path[RH_FUZZ_PATH_BYTES]);
void rh_fuzz_close(int descriptor);

#endif
