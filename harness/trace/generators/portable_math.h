/* portable_math.h - logarithm and power from additions, multiplications and divisions only.
 *
 * IEEE 754 fixes those to the last bit, but not what a C library makes of log and pow: with these a
 * seed names the same trace on every machine. Relative error below 1e-13. */
#ifndef RH_TRACE_GENERATORS_PORTABLE_MATH_H
#define RH_TRACE_GENERATORS_PORTABLE_MATH_H

/* The logarithm to base 2 of a finite x > 0 that is not subnormal. */
double rh_portable_log2(double x);
/* 2 to the power of x, for x in [-1000, 1000]; beyond, as for the nearer end. */
double rh_portable_exp2(double x);

#endif
