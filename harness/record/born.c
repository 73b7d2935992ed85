/* born.c - a table of live objects, written and read back. */
#include "record/born.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "trace/event.h"
#include "trace/trace.h"

static int name_file(const char *stem, struct rh_error *error, char ret_path[PATH_MAX]) {
    int length = snprintf(ret_path, PATH_MAX, "%s" RH_BORN_SUFFIX, stem);
    if (length < 0 || length >= PATH_MAX)
        return rh_fail(error, RH_ERR_LIMIT, "the path %s is too long", stem);
    return 0;
}

static int compare_objects(const void *left, const void *right) {
    const struct rh_address_entry *a = left;
    const struct rh_address_entry *b = right;
    return (a->object > b->object) - (a->object < b->object);
}

/* The live entries of a table in the order of their acquisition; the caller frees them. */
static int sorted_entries(const struct rh_addresses *addresses, struct rh_error *error,
                          struct rh_address_entry **ret_entries) {
    struct rh_address_entry *entries = rh_alloc_zeroed(addresses->count + 1, sizeof(*entries));
    if (entries == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for %zu live objects", addresses->count);
    size_t count = 0;
    for (size_t i = 0; i < addresses->capacity; i++)
        if (addresses->entries[i].address != 0)
            entries[count++] = addresses->entries[i];
    qsort(entries, count, sizeof(*entries), compare_objects);
    *ret_entries = entries;
    return 0;
}

int rh_born_write(const char *stem, const struct rh_addresses *addresses, struct rh_error *error) {
    char path[PATH_MAX];
    struct rh_address_entry *entries = NULL;
    rh_try(name_file(stem, error, path));
    rh_try(sorted_entries(addresses, error, &entries));
    int result = rh_file_write(path, entries, addresses->count * sizeof(*entries), error);
    rh_free(entries);
    return result;
}

/* ---- and back ---- */

enum { BATCH = 256 };

static struct rh_event prologue_event(const struct rh_address_entry *entry, uint64_t object) {
    uint8_t kind = entry->kind == RH_EVENT_REALLOC ? RH_EVENT_MALLOC : entry->kind;
    return (struct rh_event){
        .size = entry->size,
        .acquired = object,
        .released = RH_NO_OBJECT,
        .parent = RH_NO_THREAD,
        .touched_pages = RH_NO_TOUCHED,
        .kind = kind,
        .align_log2 = entry->align_log2,
        .flags = RH_EVENT_PROLOGUE,
    };
}

/* Others may write into a spool's directory. */
static bool is_sound(const struct rh_address_entry *entry, const struct rh_address_entry *before,
                     const struct rh_addresses *addresses) {
    return entry->address != 0 && rh_addresses_find(addresses, entry->address) == NULL &&
           (before == NULL || before->object < entry->object) && entry->kind < RH_EVENT_KINDS &&
           rh_event_acquires(entry->kind) && entry->align_log2 <= 63 &&
           entry->size <= RH_TRACE_SIZE_MAX_BYTES;
}

static int play_entries(const struct rh_address_entry *entries, size_t count,
                        struct rh_merge_sink sink, struct rh_addresses *addresses,
                        struct rh_error *error) {
    struct rh_event batch[BATCH];
    size_t pending = 0;
    for (size_t i = 0; i < count; i++) {
        struct rh_address_entry entry = entries[i];
        if (!is_sound(&entry, i > 0 ? &entries[i - 1] : NULL, addresses))
            return rh_fail(error, RH_ERR_FORMAT, "byte %zu: no block that lived at a fork",
                           i * sizeof(entry));
        entry.object = i;
        entry.thread = 0;
        rh_try(rh_addresses_add(addresses, &entry, error));
        batch[pending++] = prologue_event(&entry, i);
        if (pending < BATCH && i + 1 < count)
            continue;
        rh_try(sink.add(sink.context, batch, pending, error));
        pending = 0;
    }
    return 0;
}

static int play_file(const struct rh_file_map *map, struct rh_merge_sink sink,
                     struct rh_addresses *addresses, struct rh_error *error) {
    size_t count = map->bytes / sizeof(struct rh_address_entry);
    if (map->bytes % sizeof(struct rh_address_entry) != 0)
        return rh_fail(error, RH_ERR_FORMAT, "%zu bytes are no table of blocks", map->bytes);
    struct rh_event start = {
        .acquired = RH_NO_OBJECT,
        .released = RH_NO_OBJECT,
        .parent = RH_NO_THREAD,
        .touched_pages = RH_NO_TOUCHED,
        .kind = RH_EVENT_THREAD_START,
        .flags = RH_EVENT_PROLOGUE,
    };
    if (count > 0)
        rh_try(sink.add(sink.context, &start, 1, error));
    return play_entries((const struct rh_address_entry *)(const void *)map->data, count, sink,
                        addresses, error);
}

int rh_born_play(const char *stem, struct rh_merge_sink sink, struct rh_addresses *addresses,
                 struct rh_error *error, uint64_t *ret_objects) {
    char path[PATH_MAX];
    struct rh_file_map map = {0};
    rh_try(name_file(stem, error, path));
    *ret_objects = 0;
    if (access(path, F_OK) != 0)
        return 0;
    rh_try(rh_file_map(path, 0, error, &map));
    int result = play_file(&map, sink, addresses, error);
    if (result == 0)
        *ret_objects = map.bytes / sizeof(struct rh_address_entry);
    else if (result == RH_ERR_FORMAT)
        rh_error_prefix(error, "%s", path);
    rh_file_unmap(&map);
    return result;
}
