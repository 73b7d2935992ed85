/* meta.c - metadata as JSON: one table of keys serves reading, writing, copying and freeing. */
#include "trace/meta.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

/* X(member) */
#define RH_META_STRINGS(X)                                                                         \
    X(program)                                                                                     \
    X(executable)                                                                                  \
    X(command)                                                                                     \
    X(source)                                                                                      \
    X(host)                                                                                        \
    X(libc)                                                                                        \
    X(allocator)                                                                                   \
    X(tool)                                                                                        \
    X(date)                                                                                        \
    X(note)

#define RH_META_NUMBERS(X)                                                                         \
    X(pid)                                                                                         \
    X(time_quantum_ns)                                                                             \
    X(duration_ns)                                                                                 \
    X(unknown_frees)                                                                               \
    X(drops)                                                                                       \
    X(torn)                                                                                        \
    X(peak_rss_bytes)

/* Of these a 0 is left out: files that are older do not have them, and come back as they were. */
#define RH_META_LATER_NUMBERS(X)                                                                   \
    X(nested_calls)                                                                                \
    X(stalls)                                                                                      \
    X(stall_ns)                                                                                    \
    X(looks)                                                                                       \
    X(looks_skipped)                                                                               \
    X(look_ns)                                                                                     \
    X(cpu_ns)                                                                                      \
    X(recorder_ns)

static const struct key {
    const char *name;
    size_t offset;
} strings[] =
    {
#define X(member) {#member, offsetof(struct rh_trace_meta, member)},
        RH_META_STRINGS(X)},
  numbers[] = {RH_META_NUMBERS(X) RH_META_LATER_NUMBERS(X)
#undef X
};

enum {
    STRINGS = sizeof(strings) / sizeof(strings[0]),
    NUMBERS = sizeof(numbers) / sizeof(numbers[0]),
#define X(member) +1
    FIRST_NUMBERS = 0 RH_META_NUMBERS(X),
#undef X
};

static char **string_of(struct rh_trace_meta *meta, const struct key *key) {
    return (char **)(void *)((char *)meta + key->offset);
}

static const char *string_in(const struct rh_trace_meta *meta, const struct key *key) {
    return *(char *const *)(const void *)((const char *)meta + key->offset);
}

static uint64_t *number_of(struct rh_trace_meta *meta, const struct key *key) {
    return (uint64_t *)(void *)((char *)meta + key->offset);
}

static uint64_t number_in(const struct rh_trace_meta *meta, const struct key *key) {
    return *(const uint64_t *)(const void *)((const char *)meta + key->offset);
}

void rh_trace_meta_finish(struct rh_trace_meta *meta) {
    for (size_t i = 0; i < STRINGS; i++)
        rh_free(*string_of(meta, &strings[i]));
    rh_free(meta->unknown_json);
    rh_trace_meta_forget_threads(meta);
    *meta = (struct rh_trace_meta){0};
}

static int copy_string(const char *from, struct rh_error *error, char **ret_copy) {
    if (from == NULL)
        return 0;
    *ret_copy = rh_strdup(from);
    return *ret_copy != NULL ? 0 : rh_fail(error, RH_ERR_MEMORY, "no memory for metadata");
}

static int copy_strings(const struct rh_trace_meta *from, struct rh_error *error,
                        struct rh_trace_meta *to) {
    for (size_t i = 0; i < STRINGS; i++)
        rh_try(copy_string(string_in(from, &strings[i]), error, string_of(to, &strings[i])));
    return copy_string(from->unknown_json, error, &to->unknown_json);
}

int rh_trace_meta_copy(const struct rh_trace_meta *meta, struct rh_error *error,
                       struct rh_trace_meta *ret_meta) {
    rh_assert(meta != ret_meta);
    struct rh_trace_meta copy = {0};
    for (size_t i = 0; i < NUMBERS; i++)
        *number_of(&copy, &numbers[i]) = number_in(meta, &numbers[i]);
    int result = copy_strings(meta, error, &copy);
    for (size_t i = 0; result == 0 && i < meta->thread_names_count; i++)
        result = rh_trace_meta_name_thread(&copy, (uint32_t)i, meta->thread_names[i], error);
    if (result < 0) {
        rh_trace_meta_finish(&copy);
        return result;
    }
    *ret_meta = copy;
    return 0;
}

/* ---- threads ---- */

static const char thread_names_key[] = "thread_names";

/* More is no program's, and a number without bounds would ask for memory without bounds. */
enum { NAMED_THREADS_MOST = 1 << 22 };

void rh_trace_meta_forget_threads(struct rh_trace_meta *meta) {
    for (size_t i = 0; i < meta->thread_names_count; i++)
        rh_free(meta->thread_names[i]);
    rh_free(meta->thread_names);
    meta->thread_names = NULL;
    meta->thread_names_count = 0;
}

static int grow_names(struct rh_trace_meta *meta, size_t least, struct rh_error *error) {
    size_t count = 16;
    while (count < least)
        count *= 2;
    char **names = rh_alloc_zeroed(count, sizeof(*names));
    if (names == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for the names of %zu threads", count);
    for (size_t i = 0; i < meta->thread_names_count; i++)
        names[i] = meta->thread_names[i];
    rh_free(meta->thread_names);
    meta->thread_names = names;
    meta->thread_names_count = count;
    return 0;
}

int rh_trace_meta_name_thread(struct rh_trace_meta *meta, uint32_t thread, const char *name,
                              struct rh_error *error) {
    char *copy = NULL;
    bool is_empty = name == NULL || name[0] == '\0';
    if (is_empty && thread >= meta->thread_names_count)
        return 0;
    if (thread >= NAMED_THREADS_MOST)
        return rh_fail(error, RH_ERR_LIMIT, "thread %u: only the first %d have names", thread,
                       NAMED_THREADS_MOST);
    if (thread >= meta->thread_names_count)
        rh_try(grow_names(meta, (size_t)thread + 1, error));
    if (!is_empty)
        rh_try(copy_string(name, error, &copy));
    rh_free(meta->thread_names[thread]);
    meta->thread_names[thread] = copy;
    return 0;
}

const char *rh_trace_meta_thread_name(const struct rh_trace_meta *meta, uint32_t thread) {
    return thread < meta->thread_names_count ? meta->thread_names[thread] : NULL;
}

/* ---- writing ---- */

/* The length of the UTF-8 sequence (RFC 3629) that begins here, or 0. */
static size_t sequence_length(const unsigned char *at) {
    size_t length = at[0] < 0x80                    ? 1
                    : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                    : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                    : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                    : 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90))
        return 0;
    return length;
}

json_t *rh_trace_json_text(const char *string) {
    struct rh_text text = {0};
    for (const char *at = string; *at != '\0';) {
        size_t length = sequence_length((const unsigned char *)at);
        if (length > 0)
            rh_text_add_bytes(&text, at, length);
        else
            rh_text_addf(&text, "\\x%02x", (unsigned char)*at);
        at += length > 0 ? length : 1;
    }
    json_t *value = text.failed ? NULL : json_string(rh_text_get(&text));
    rh_text_finish(&text);
    return value;
}

/* {"0": "name", ...}; nothing where no thread has a name. */
static int fill_thread_names(const struct rh_trace_meta *meta, json_t *object) {
    char key[16];
    json_t *names = json_object();
    int failed = names == NULL;
    for (size_t i = 0; !failed && i < meta->thread_names_count; i++) {
        if (meta->thread_names[i] == NULL)
            continue;
        snprintf(key, sizeof(key), "%u", (unsigned)i);
        failed = json_object_set_new(names, key, rh_trace_json_text(meta->thread_names[i])) != 0;
    }
    if (!failed && json_object_size(names) > 0)
        failed = json_object_set(object, thread_names_key, names) != 0;
    json_decref(names);
    return failed ? -1 : 0;
}

/* Known keys win over the unknown ones of the same name. */
static int fill_object(const struct rh_trace_meta *meta, json_t *object) {
    for (size_t i = 0; i < STRINGS; i++) {
        const char *value = string_in(meta, &strings[i]);
        if (value != NULL &&
            json_object_set_new(object, strings[i].name, rh_trace_json_text(value)) != 0)
            return -1;
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t value = number_in(meta, &numbers[i]);
        if (i >= FIRST_NUMBERS && value == 0)
            continue;
        json_int_t clamped = value > INT64_MAX ? INT64_MAX : (json_int_t)value;
        if (json_object_set_new(object, numbers[i].name, json_integer(clamped)) != 0)
            return -1;
    }
    return fill_thread_names(meta, object);
}

static int add_json(const char *bytes, size_t count, void *context) {
    rh_text_add_bytes(context, bytes, count);
    return 0;
}

int rh_trace_json_dump(const json_t *json, size_t flags, struct rh_error *error,
                       struct rh_text *ret_text) {
    if (json != NULL && json_dump_callback(json, add_json, ret_text, flags) == 0 &&
        !ret_text->failed)
        return 0;
    return rh_fail(error, RH_ERR_MEMORY, "no memory for JSON");
}

static int base_object(const struct rh_trace_meta *meta, struct rh_error *error,
                       json_t **ret_object) {
    json_error_t reason;
    json_t *object =
        meta->unknown_json != NULL ? json_loads(meta->unknown_json, 0, &reason) : json_object();
    if (object == NULL && meta->unknown_json != NULL)
        return rh_fail(error, RH_ERR_INVALID, "unknown_json is no JSON: %s", reason.text);
    if (object == NULL)
        return rh_fail(error, RH_ERR_MEMORY, "no memory for metadata");
    if (!json_is_object(object)) {
        json_decref(object);
        return rh_fail(error, RH_ERR_INVALID, "unknown_json is no JSON object");
    }
    *ret_object = object;
    return 0;
}

int rh_trace_meta_write(const struct rh_trace_meta *meta, struct rh_error *error,
                        struct rh_text *ret_text) {
    json_t *object = NULL;
    rh_try(base_object(meta, error, &object));
    int result = fill_object(meta, object) == 0
                     ? rh_trace_json_dump(object, JSON_INDENT(1), error, ret_text)
                     : rh_fail(error, RH_ERR_MEMORY, "no memory for metadata");
    json_decref(object);
    return result;
}

/* ---- reading ---- */

/* Moves the value of a known key out of `object`. */
static int take_string(json_t *object, const struct key *key, struct rh_error *error,
                       struct rh_trace_meta *meta) {
    json_t *value = json_object_get(object, key->name);
    if (value == NULL || json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return rh_fail(error, RH_ERR_FORMAT, "metadata: \"%s\" is not a string", key->name);
    rh_try(copy_string(json_string_value(value), error, string_of(meta, key)));
    json_object_del(object, key->name);
    return 0;
}

static int take_number(json_t *object, const struct key *key, struct rh_error *error,
                       struct rh_trace_meta *meta) {
    json_t *value = json_object_get(object, key->name);
    if (value == NULL)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return rh_fail(error, RH_ERR_FORMAT, "metadata: \"%s\" is not a count", key->name);
    *number_of(meta, key) = (uint64_t)json_integer_value(value);
    json_object_del(object, key->name);
    return 0;
}

static int take_thread_names(json_t *object, struct rh_error *error, struct rh_trace_meta *meta) {
    json_t *names = json_object_get(object, thread_names_key);
    const char *key = NULL;
    json_t *value = NULL;
    if (names == NULL)
        return 0;
    if (!json_is_object(names))
        return rh_fail(error, RH_ERR_FORMAT, "metadata: \"%s\" is not an object", thread_names_key);
    json_object_foreach(names, key, value) {
        uint64_t thread = 0;
        if (rh_parse_u64(key, &thread) < 0 || thread >= NAMED_THREADS_MOST ||
            !json_is_string(value))
            return rh_fail(error, RH_ERR_FORMAT, "metadata: \"%s\": \"%.20s\" names no thread",
                           thread_names_key, key);
        rh_try(rh_trace_meta_name_thread(meta, (uint32_t)thread, json_string_value(value), error));
    }
    json_object_del(object, thread_names_key);
    return 0;
}

static int take_all(json_t *object, struct rh_error *error, struct rh_trace_meta *meta) {
    for (size_t i = 0; i < STRINGS; i++)
        rh_try(take_string(object, &strings[i], error, meta));
    for (size_t i = 0; i < NUMBERS; i++)
        rh_try(take_number(object, &numbers[i], error, meta));
    rh_try(take_thread_names(object, error, meta));
    if (json_object_size(object) == 0)
        return 0;
    struct rh_text text = {0};
    int result = rh_trace_json_dump(object, JSON_COMPACT, error, &text);
    if (result < 0)
        rh_text_finish(&text);
    meta->unknown_json = text.data;
    return result;
}

int rh_trace_meta_read(const char *text, size_t bytes, struct rh_error *error,
                       struct rh_trace_meta *ret_meta) {
    json_error_t reason;
    json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &reason);
    if (object == NULL)
        return rh_fail(error, RH_ERR_FORMAT, "metadata, line %d: %s", reason.line, reason.text);
    struct rh_trace_meta meta = {0};
    int result = json_is_object(object)
                     ? take_all(object, error, &meta)
                     : rh_fail(error, RH_ERR_FORMAT, "metadata is no JSON object");
    json_decref(object);
    if (result < 0) {
        rh_trace_meta_finish(&meta);
        return result;
    }
    *ret_meta = meta;
    return 0;
}
