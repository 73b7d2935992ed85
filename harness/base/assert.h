/* assert.h - programmer errors stop the program, in release builds too.
 *
 * rh_assert_hot is for the op loop and the recorder's fast path: on with -Ddebug_asserts=true only.
 */
#ifndef RH_BASE_ASSERT_H
#define RH_BASE_ASSERT_H

/* Writes "FILE:LINE: assertion failed: TEXT" to standard error without allocating, and aborts. */
_Noreturn void rh_assert_fail(const char *text, const char *file, int line);

#define rh_assert(condition)                                                                       \
    (__builtin_expect(!!(condition), 1) ? (void)0 : rh_assert_fail(#condition, __FILE__, __LINE__))

#if defined(RH_DEBUG)
#define rh_assert_hot(condition) rh_assert(condition)
#else
#define rh_assert_hot(condition) ((void)sizeof(!(condition)))
#endif

#endif
