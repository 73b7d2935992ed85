/* settings.c - what loaders and allocators listen to. */
#include "measure/settings.h"

#include <stddef.h>
#include <string.h>

/* Names, or with a "*" at the end beginnings of names. */
static const char *const names[] = {
    "LD_PRELOAD", "LD_AUDIT",   "GLIBC_TUNABLES",    "MALLOC_*",   "MIMALLOC_*", "JE_MALLOC_*",
    "_RJEM_*",    "TCMALLOC_*", "HEAPPROFILE",       "HEAPCHECK",  "SCUDO_*",    "TBB_MALLOC_*",
    "G_SLICE",    "SNMALLOC_*", "HARDENED_MALLOC_*", "RPMALLOC_*",
};

static bool matches(const char *entry, const char *name) {
    size_t length = strlen(name);
    if (name[length - 1] == '*')
        return strncmp(entry, name, length - 1) == 0;
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

bool rh_is_allocator_setting(const char *entry) {
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (matches(entry, names[i]))
            return true;
    return false;
}
