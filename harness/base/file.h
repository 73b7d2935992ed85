/* file.h - whole files: read, map, write so that a crash leaves the old or the new one, never half.
 */
#ifndef RH_BASE_FILE_H
#define RH_BASE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A file mapped read-only. `data` is NULL for an empty file. */
struct rh_file_map {
    const uint8_t *data;
    size_t bytes;
};

/* Errors name the path. `populate`: read it all ahead. */
int rh_file_map(const char *path, int populate, struct rh_error *error,
                struct rh_file_map *ret_map);
void rh_file_unmap(struct rh_file_map *map);

/* The whole file as a NUL-terminated string, at most `limit_bytes`; the caller frees it with
 * rh_free. */
int rh_file_read(const char *path, size_t limit_bytes, struct rh_error *error, char **ret_text,
                 size_t *ret_bytes);

/* The start of a small file, as those of the kernel, as a string of at most `bytes` - 1 bytes
 * without white space at its end. Allocates nothing. */
int rh_file_read_start(const char *path, struct rh_error *error, char *ret_text, size_t bytes);

/* What `path` means as a place to write to: the file behind a symbolic link. `*ret_special`: there
 * is something that is no regular file, like a device, which must not be replaced. */
int rh_file_target(const char *path, char target[PATH_MAX], bool *ret_special,
                   struct rh_error *error);
/* Replaces the file: written beside it, synchronised, renamed. A device or a pipe is written to. */
int rh_file_write(const char *path, const void *data, size_t bytes, struct rh_error *error);

/* Writes all of it, through interruptions and short writes. */
int rh_write_all(int fd, const void *data, size_t bytes, struct rh_error *error);

/* Makes a directory and its parents; one that exists is well. */
int rh_make_directories(const char *path, struct rh_error *error);

/* "a/b" from "a" and "b"; an absolute second part stands alone. The caller frees it with rh_free;
 * NULL: no memory. */
char *rh_path_join(const char *directory, const char *name);

/* The part behind the last slash; never NULL. */
const char *rh_path_base(const char *path);

/* The directory of the running program, or of what it was linked as: where its siblings lie. */
int rh_path_of_self(char *ret_directory, size_t bytes, struct rh_error *error);

/* Where this user's caches lie: in XDG_CACHE_HOME, or in .cache of HOME. The error says that there
 * is no place for `what`. The caller frees it with rh_free. */
int rh_cache_directory(const char *name, const char *what, struct rh_error *error,
                       char **ret_directory);

/* XXH64 of a file's content, as 16 hex digits and a NUL. */
enum { RH_HASH_TEXT_BYTES = 17 };
int rh_file_hash(const char *path, struct rh_error *error, char ret_hash[RH_HASH_TEXT_BYTES]);

#endif
