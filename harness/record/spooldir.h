/* spooldir.h - the directory in which the recorded processes leave their spools. */
#ifndef RH_RECORD_SPOOLDIR_H
#define RH_RECORD_SPOOLDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* One process image that left a spool. */
struct rh_spool_entry {
    char *stem; /* path without .live; owned */
    uint64_t pid;
    uint64_t start_ns;
    uint64_t nonce;
    uint64_t parent_nonce; /* of the image that forked this one; 0: none */
    uint64_t fork_stamp;
    bool is_running;
};

struct rh_spool_list {
    struct rh_spool_entry *entries; /* by start */
    size_t count;
    size_t capacity;
    size_t headless_count;   /* live files without a header, which are left out */
    struct rh_error refusal; /* why another one was left out, such as that of another version; the
                                first of them. code 0: there is none */
};

/* Makes a new directory beside the file `output`; *ret_path is absolute, freed with rh_free. */
int rh_spooldir_create(const char *output, struct rh_error *error, char **ret_path);
/* The recorder has room for a path of some length. */
int rh_spooldir_check_path(const char *path, struct rh_error *error);
/* A service that root starts may give up root before it executes its next program: if this is root,
 * lets everyone write into the directory. */
int rh_spooldir_open_up(const char *path, struct rh_error *error);
/* Lists the images in it. A live file without a header is one of a process that ended before its
 * first call, or found no room for it. Files that the recorder does not name so are not looked at.
 */
int rh_spooldir_list(const char *path, struct rh_error *error, struct rh_spool_list *ret_list);
void rh_spool_list_finish(struct rh_spool_list *list);
/* Is there a process that was started under this spool but has not begun to write into it yet? One
 * between its exec and its first call, or one that cannot be recorded. */
bool rh_spooldir_has_strangers(const char *path, const struct rh_spool_list *list);
/* Removes one image's files. */
void rh_spooldir_remove_image(const char *stem);
/* Removes the directory if nothing but files of images without a header is left; false: something
 * is. `leave_running`: such files of processes that run are something. */
bool rh_spooldir_remove(const char *path, bool leave_running);

#endif
