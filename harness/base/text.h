/* text.h - growing strings, numbers from text, numbers for people. */
#ifndef RH_BASE_TEXT_H
#define RH_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A growing string. Zero-initialise; `data` is NUL-terminated once something was added. Failures
 * stick in `failed`, so that a writer checks once at the end. */
struct rh_text {
    char *data;
    size_t length;
    size_t capacity;
    int failed; /* 0 or RH_ERR_MEMORY */
};

void rh_text_add(struct rh_text *text, const char *string);
void rh_text_add_bytes(struct rh_text *text, const char *bytes, size_t count);
void rh_text_addf(struct rh_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The string so far, "" when nothing was added. Valid until the next add. */
const char *rh_text_get(const struct rh_text *text);
void rh_text_clear(struct rh_text *text);
void rh_text_finish(struct rh_text *text);

/* A whole string as a decimal number, no sign, no spaces. 0 or RH_ERR_INVALID. */
int rh_parse_u64(const char *string, uint64_t *ret_value);
/* As rh_parse_u64, with an optional suffix K, M, G, T (powers of 1024; "KiB", "kB" and the like
 * too). */
int rh_parse_bytes(const char *string, uint64_t *ret_bytes);
/* A finite decimal fraction. */
int rh_parse_double(const char *string, double *ret_value);

enum { RH_HUMAN_BYTES = 32 };

/* For people, in at most RH_HUMAN_BYTES - 1 characters: "17.3 MiB", "120 B"; "1.25 us", "3.4 s";
 * "8.15 M". Three significant digits. All return `buffer`. */
const char *rh_human_bytes(char buffer[RH_HUMAN_BYTES], double bytes);
const char *rh_human_ns(char buffer[RH_HUMAN_BYTES], double ns);
const char *rh_human_count(char buffer[RH_HUMAN_BYTES], double count);

/* The entry of the NULL-terminated list that is nearest to `word`, or NULL when none is near enough
 * to be a slip of the finger (edit distance at most a third of the length, at least 1). */
const char *rh_text_nearest(const char *word, const char *const *list);

/* No control characters in it. */
bool rh_text_is_printable(const char *string);

/* A word of a shell, in quotes where it needs them. */
void rh_text_add_quoted(struct rh_text *text, const char *word);

#endif
