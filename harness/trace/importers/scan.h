/* scan.h - taking a line apart: each function moves *at behind what it took, or leaves it and says
 * false. Lines are NUL-terminated. */
#ifndef RH_TRACE_IMPORTERS_SCAN_H
#define RH_TRACE_IMPORTERS_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool rh_scan_char(const char **at, char wanted) {
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static inline bool rh_scan_string(const char **at, const char *wanted) {
    size_t length = strlen(wanted);
    if (strncmp(*at, wanted, length) != 0)
        return false;
    *at += length;
    return true;
}

/* Any number of blanks. */
static inline void rh_scan_blanks(const char **at) {
    while (**at == ' ' || **at == '\t')
        (*at)++;
}

static inline bool rh_scan_end(const char **at) {
    rh_scan_blanks(at);
    return **at == '\0';
}

/* Decimal digits; false if there is none or the number does not fit 64 bits: nineteen always do. */
static inline bool rh_scan_decimal(const char **at, uint64_t *ret_number) {
    const char *next = *at;
    const char *fits = next + 19;
    uint64_t number = 0;
    unsigned digit;
    for (; next < fits && (digit = (unsigned)(*next - '0')) <= 9; next++)
        number = number * 10 + digit;
    if (next == *at)
        return false;
    for (; (digit = (unsigned)(*next - '0')) <= 9; next++)
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    *at = next;
    *ret_number = number;
    return true;
}

static inline int rh_hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal digits without a prefix. */
static inline bool rh_scan_hex(const char **at, uint64_t *ret_number) {
    const char *next = *at;
    uint64_t number = 0;
    for (int digit; (digit = rh_hex_digit(*next)) >= 0; next++) {
        if (number >> 60 != 0)
            return false;
        number = number << 4 | (uint64_t)digit;
    }
    if (next == *at)
        return false;
    *at = next;
    *ret_number = number;
    return true;
}

/* An address: "0x7f...", bare hexadecimal digits, or "(nil)" for 0. */
static inline bool rh_scan_pointer(const char **at, uint64_t *ret_address) {
    const char *next = *at;
    if (*next == '(' && rh_scan_string(&next, "(nil)")) {
        *ret_address = 0;
        *at = next;
        return true;
    }
    if (next[0] == '0' && (next[1] == 'x' || next[1] == 'X'))
        next += 2;
    if (!rh_scan_hex(&next, ret_address))
        return false;
    *at = next;
    return true;
}

/* A word of letters, digits and underscores; *ret_length may be 0. */
static inline const char *rh_scan_word(const char **at, size_t *ret_length) {
    const char *word = *at;
    while ((**at >= 'a' && **at <= 'z') || (**at >= 'A' && **at <= 'Z') ||
           (**at >= '0' && **at <= '9') || **at == '_')
        (*at)++;
    *ret_length = (size_t)(*at - word);
    return word;
}

static inline bool rh_word_is(const char *word, size_t length, const char *wanted) {
    return strlen(wanted) == length && memcmp(word, wanted, length) == 0;
}

#endif
