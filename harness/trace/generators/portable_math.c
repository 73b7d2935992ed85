/* portable_math.c - series that converge fast on a small interval. */
#include "trace/generators/portable_math.h"

#include <stdint.h>
#include <string.h>

#include "base/assert.h"

static const double LN_2 = 0x1.62e42fefa39efp-1;
static const double SQRT_2 = 0x1.6a09e667f3bcdp+0;

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double of_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* x = m 2^e with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172:
 * eleven terms of the series (Abramowitz and Stegun 4.1.27). */
double rh_portable_log2(double x) {
    rh_assert(x >= 0x1p-1022 && x <= 0x1.fffffffffffffp+1023);
    uint64_t bits = bits_of(x);
    int exponent = (int)(bits >> 52) - 1023;
    double m = of_bits((bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3ff0000000000000));
    if (m >= SQRT_2) {
        m /= 2;
        exponent++;
    }
    double s = (m - 1) / (m + 1);
    double square = s * s;
    double sum = 0;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * square + 1.0 / k;
    return exponent + 2 * s * sum / LN_2;
}

/* 2^x = 2^i e^t with i the nearest whole number and |t| < 0.347: fourteen terms of the Taylor
 * series. */
double rh_portable_exp2(double x) {
    if (x < -1000)
        x = -1000;
    if (x > 1000)
        x = 1000;
    int whole = (int)(x < 0 ? x - 0.5 : x + 0.5);
    double t = (x - whole) * LN_2;
    double sum = 1;
    for (int k = 14; k >= 1; k--)
        sum = 1 + sum * t / k;
    return sum * of_bits((uint64_t)(whole + 1023) << 52);
}
