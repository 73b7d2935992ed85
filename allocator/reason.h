/* reason.h - sentences for people, and the end of a program that is wrong. allocator/ includes
 * nothing of harness/, so it has its own of both; neither allocates. */
#ifndef REHEAP_REASON_H
#define REHEAP_REASON_H

#include <stdarg.h>
#include <stddef.h>

/* Writes the sentence (cut at `reason_bytes`, always ended by a NUL; NULL or 0: dropped) and
 * returns -1, for `return rh_reason(...)`. */
int rh_reason(char *ret_reason, size_t reason_bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

_Noreturn void rh_require_fail(const char *text, const char *file, int line);

/* As rh_assert of harness/base: a programmer error stops the program, in release builds too. */
#define rh_require(condition)                                                                      \
    (__builtin_expect(!!(condition), 1) ? (void)0 : rh_require_fail(#condition, __FILE__, __LINE__))

#endif
