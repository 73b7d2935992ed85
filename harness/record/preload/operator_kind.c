/* operator_kind.c - whose operators they are, and whether they call malloc. */
#include "record/preload/operator_kind.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "record/preload/next.h"
#include "record/preload/writer.h"

const char *const rh_operator_names[OPERATORS_COUNT] = {
#define X(member, name) name,
    OPERATOR_MAP(X)
#undef X
};

struct operator_entry rh_operators[OPERATORS_COUNT];

/* A block of a new without an alignment may come to any delete without one; and so with one. */
static bool is_of_aligned(enum operator_index index) {
    return strstr(rh_operator_names[index], "St11align_val_t") != NULL;
}

/* A C++ library that was opened with RTLD_LOCAL is not behind us in the search order. */
static void *find_in_runtime(const char *name) {
    static const char *const runtimes[] = {"libstdc++.so.6", "libc++.so.1"};
    for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
        void *library = dlopen(runtimes[i], RTLD_LAZY | RTLD_NOLOAD);
        void *address = library != NULL ? dlsym(library, name) : NULL;
        if (library != NULL)
            dlclose(library);
        if (address != NULL)
            return address;
    }
    return NULL;
}

static uint32_t kind_of_address(void *address) {
    Dl_info info = {0};
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
        return OPERATOR_PLAIN;
    if (strcmp(info.dli_fname, rh_next_malloc_file()) == 0)
        return OPERATOR_OWN;
    const char *slash = strrchr(info.dli_fname, '/');
    const char *base = slash != NULL ? slash + 1 : info.dli_fname;
    bool plain = strncmp(base, "libstdc++", 9) == 0 || strncmp(base, "libc++", 6) == 0;
    return plain ? OPERATOR_PLAIN : OPERATOR_FORWARD;
}

/* Does an allocator's operator new call its malloc API? Tried out with a block that is not
 * recorded. */
static bool is_built_on_malloc(enum operator_index new, enum operator_index delete) {
    enum { PROBE_BYTES = 64, PROBE_ALIGNMENT = 64 };
    struct rh_writer *writer = rh_writer_enter();
    if (writer == NULL)
        return false;
    uint64_t before = writer->nested_count;
    /* A form with fewer arguments leaves the rest alone. */
    union {
        void *address;
        void *(*call)(size_t, uintptr_t);
    } make = {.address = rh_operators[new].address};
    union {
        void *address;
        void (*call)(void *, uintptr_t);
    } end = {.address = rh_operators[delete].address};
    void *pointer = make.call(PROBE_BYTES, PROBE_ALIGNMENT);
    bool is_nested = writer->nested_count != before;
    end.call(pointer, PROBE_ALIGNMENT);
    rh_writer_leave(writer, writer->cursor);
    return is_nested;
}

static void find_addresses(bool aligned, uint32_t ret_kinds[OPERATORS_COUNT]) {
    for (enum operator_index i = 0; i < OPERATORS_COUNT; i++) {
        ret_kinds[i] = OPERATOR_UNKNOWN;
        if (is_of_aligned(i) != aligned)
            continue;
        void *address = dlsym(RTLD_NEXT, rh_operator_names[i]);
        if (address == NULL)
            address = find_in_runtime(rh_operator_names[i]);
        rh_operators[i].address = address;
        ret_kinds[i] = address != NULL ? kind_of_address(address) : OPERATOR_PLAIN;
    }
}

/* Where one of them is not the runtime's, the runtime's others call it, and are not forwarded past.
 */
static void judge(bool aligned, uint32_t kinds[OPERATORS_COUNT]) {
    enum operator_index new = aligned ? OPERATOR_new_aligned : OPERATOR_new;
    enum operator_index delete = aligned ? OPERATOR_delete_aligned : OPERATOR_delete;
    uint32_t most = OPERATOR_PLAIN;
    for (enum operator_index i = 0; i < OPERATORS_COUNT; i++)
        most = kinds[i] > most ? kinds[i] : most;
    bool plain = most == OPERATOR_PLAIN;
    if (most == OPERATOR_OWN && kinds[new] == most && kinds[delete] == most)
        plain = is_built_on_malloc(new, delete);
    for (enum operator_index i = 0; i < OPERATORS_COUNT; i++) {
        if (plain && kinds[i] == OPERATOR_OWN)
            kinds[i] = OPERATOR_PLAIN;
        else if (!plain && kinds[i] == OPERATOR_PLAIN && rh_operators[i].address != NULL)
            kinds[i] = OPERATOR_FORWARD;
    }
}

uint32_t rh_operator_resolve(enum operator_index index) {
    uint32_t kinds[OPERATORS_COUNT];
    bool aligned = is_of_aligned(index);
    find_addresses(aligned, kinds);
    judge(aligned, kinds);
    for (enum operator_index i = 0; i < OPERATORS_COUNT; i++)
        if (kinds[i] != OPERATOR_UNKNOWN)
            atomic_store_explicit(&rh_operators[i].kind, kinds[i], memory_order_release);
    return kinds[index];
}
