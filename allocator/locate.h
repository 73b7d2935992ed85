/* locate.h - where the file of a shared library lies, without loading it. */
#ifndef REHEAP_LOCATE_H
#define REHEAP_LOCATE_H

#include <stddef.h>

/* `library` is a path (relative to the working directory, when it has a slash), a file name that is
 * looked for in LD_LIBRARY_PATH and the linker's usual directories, or an absolute glob pattern, of
 * which the last match counts (the newest version). Writes the real path. 0, or -1: there is none.
 */
int rh_locate_library(const char *library, char *ret_path, size_t path_bytes);

/* The Debian package that has the library, or NULL. */
const char *rh_locate_package(const char *library);

#endif
