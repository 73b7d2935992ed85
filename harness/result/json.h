/* json.h - reading and writing JSON values with errors that name file, line and key. Internal to
 * result/. */
#ifndef RH_RESULT_JSON_H
#define RH_RESULT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* Where a value stands, for errors. */
struct rh_json_place {
    const char *file;
    size_t line;     /* 0: the file is one value, and the line says nothing */
    char within[64]; /* the object in the file: "allocators[3]", or "" */
    struct rh_error *error;
};

/* jansson allocates through base/memory.h from now on, so that tests reach its allocations. */
void rh_json_use_memory(void);

/* Records "FILE:LINE: key "WITHIN.KEY" SENTENCE" and returns `code`. */
int rh_json_fail(const struct rh_json_place *place, int code, const char *key, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* Parses `bytes` of text that must be one object. *ret_object is released with json_decref. */
int rh_json_parse(const struct rh_json_place *place, const char *text, size_t bytes,
                  json_t **ret_object);

/* Appends the compact text of `value`; RH_ERR_MEMORY when it fails. */
int rh_json_dump(const json_t *value, size_t flags, struct rh_error *error,
                 struct rh_text *ret_text);

/* ---- reading: each key must be there and of its type ---- */

/* 0 ... limit. */
int rh_json_get_u64(const struct rh_json_place *place, const json_t *object, const char *key,
                    uint64_t limit, uint64_t *ret_value);
/* As rh_json_get_u64 without a limit; null is UINT64_MAX. */
int rh_json_get_figure(const struct rh_json_place *place, const json_t *object, const char *key,
                       uint64_t *ret_value);
/* As rh_json_get_figure; a key that is missing is UINT64_MAX as well: an older program wrote it. */
int rh_json_get_later_figure(const struct rh_json_place *place, const json_t *object,
                             const char *key, uint64_t *ret_value);
/* As rh_json_get_u64, into 32 bits. */
int rh_json_get_u32(const struct rh_json_place *place, const json_t *object, const char *key,
                    uint32_t limit, uint32_t *ret_value);
int rh_json_get_bool(const struct rh_json_place *place, const json_t *object, const char *key,
                     bool *ret_value);
/* A copy that the caller frees with rh_free, or NULL for null. */
int rh_json_get_text(const struct rh_json_place *place, const json_t *object, const char *key,
                     char **ret_text);
/* As rh_json_get_text; a key that is missing is NULL as well: an older program wrote it. */
int rh_json_get_later_text(const struct rh_json_place *place, const json_t *object, const char *key,
                           char **ret_text);
/* As rh_json_get_text, and null is refused. */
int rh_json_need_text(const struct rh_json_place *place, const json_t *object, const char *key,
                      char **ret_text);
/* Into a buffer; refuses what does not fit. */
int rh_json_get_buffer(const struct rh_json_place *place, const json_t *object, const char *key,
                       char *ret_buffer, size_t bytes);
/* An array of strings as a NULL-terminated list (rh_json_free_list), or NULL for null. */
int rh_json_get_list(const struct rh_json_place *place, const json_t *object, const char *key,
                     size_t limit, char ***ret_list);
void rh_json_free_list(char **list);
/* 16 hex digits. */
int rh_json_get_hex(const struct rh_json_place *place, const json_t *object, const char *key,
                    uint64_t *ret_value);
/* The position of a name in a NULL-terminated list. */
int rh_json_get_name(const struct rh_json_place *place, const json_t *object, const char *key,
                     const char *const *names, uint32_t *ret_index);
/* An array of at most `limit` figures; *ret_count is its length. */
int rh_json_get_figures(const struct rh_json_place *place, const json_t *object, const char *key,
                        size_t limit, uint64_t *ret_values, size_t *ret_count);
/* An array or an object; borrowed. */
int rh_json_get_array(const struct rh_json_place *place, const json_t *object, const char *key,
                      size_t limit, const json_t **ret_array);
int rh_json_get_object(const struct rh_json_place *place, const json_t *object, const char *key,
                       const json_t **ret_object);

/* ---- writing: a failure (no memory) sticks in `failed` ---- */

struct rh_json_out {
    json_t *object;
    bool failed;
};

/* Takes over `value`; NULL is a failure. */
void rh_json_put(struct rh_json_out *out, const char *key, json_t *value);
/* NULL is null; bytes that are not UTF-8 become U+FFFD. */
void rh_json_put_text(struct rh_json_out *out, const char *key, const char *text);
/* A number up to 2^53, above that a string of digits (other readers hold numbers as doubles). */
void rh_json_put_u64(struct rh_json_out *out, const char *key, uint64_t value);
/* As rh_json_put_u64, and UINT64_MAX is null: unknown. */
void rh_json_put_figure(struct rh_json_out *out, const char *key, uint64_t value);
void rh_json_put_bool(struct rh_json_out *out, const char *key, bool value);
/* Always a string of decimal digits, for what is often above 2^53. */
void rh_json_put_digits(struct rh_json_out *out, const char *key, uint64_t value);
void rh_json_put_hex(struct rh_json_out *out, const char *key, uint64_t value);
/* NULL is null. */
void rh_json_put_list(struct rh_json_out *out, const char *key, char *const *list);
void rh_json_put_figures(struct rh_json_out *out, const char *key, const uint64_t *values,
                         size_t count);

#endif
