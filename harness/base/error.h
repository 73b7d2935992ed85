/* error.h - how functions report failure: a negative code, and one sentence for the person.
 *
 * A function that can fail returns 0 or a negative RH_ERR_...; the first failure is written into
 * the caller's struct rh_error and later ones do not overwrite it. Library code never prints and
 * never exits. */
#ifndef RH_BASE_ERROR_H
#define RH_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/* X(code, value, summary) */
#define RH_ERROR_MAP(X)                                                                            \
    X(SYSTEM, -1, "a system call failed")                                                          \
    X(MEMORY, -2, "out of memory")                                                                 \
    X(FORMAT, -3, "damaged or foreign data")                                                       \
    X(VERSION, -4, "written by another version")                                                   \
    X(INVALID, -5, "an argument or a setting is wrong")                                            \
    X(MISSING, -6, "something that is needed is not there")                                        \
    X(LIMIT, -7, "a bound was exceeded")                                                           \
    X(CHILD, -8, "a child process failed")                                                         \
    X(INTERRUPTED, -9, "interrupted")                                                              \
    X(CHECK, -10, "a check says no")

enum rh_error_code {
#define X(code, value, summary) RH_ERR_##code = value,
    RH_ERROR_MAP(X)
#undef X
};

enum { RH_ERROR_MESSAGE_BYTES = 1024 };

/* Zero-initialise: `struct rh_error error = {0};`. */
struct rh_error {
    int code; /* 0: nothing was recorded */
    const char *file;
    int line;
    char message[RH_ERROR_MESSAGE_BYTES];
};

/* Records the sentence if `error` (may be NULL) is empty; returns `code`, for `return
 * rh_fail(...)`. */
int rh_error_set(struct rh_error *error, int code, const char *file, int line, const char *format,
                 ...) __attribute__((format(printf, 5, 6)));

/* As rh_error_set with RH_ERR_SYSTEM, ": strerror(errno)" appended. */
int rh_error_set_errno(struct rh_error *error, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "prefix: " before the sentence that is there: the caller knows the file, the callee the
 * place. */
void rh_error_prefix(struct rh_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts what to do behind the sentence that is there. */
void rh_error_suffix(struct rh_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The summary of a code; never NULL. */
const char *rh_error_summary(int code);

#define rh_fail(error, code, ...) rh_error_set(error, code, __FILE__, __LINE__, __VA_ARGS__)
#define rh_fail_errno(error, ...) rh_error_set_errno(error, __FILE__, __LINE__, __VA_ARGS__)

/* Forwards a failure. */
#define rh_try(expression)                                                                         \
    do {                                                                                           \
        int rh_try_result = (expression);                                                          \
        if (rh_try_result < 0)                                                                     \
            return rh_try_result;                                                                  \
    } while (0)

#endif
