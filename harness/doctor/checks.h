/* checks.h - one check each. Private to doctor/. */
#ifndef RH_DOCTOR_CHECKS_H
#define RH_DOCTOR_CHECKS_H

#include <limits.h>

#include "doctor/doctor.h"

/* What a check found. Zero-initialised: UNKNOWN, and the table's fix. */
struct rh_doctor_answer {
    enum rh_finding verdict;
    char value[256];
    char fix[160]; /* "": the one of the table, where the verdict is NOTE or WARNING */
};

typedef void rh_doctor_check(const struct rh_doctor_options *options,
                             struct rh_doctor_answer *answer);

/* ---- answering ---- */

void rh_doctor_say(struct rh_doctor_answer *answer, enum rh_finding verdict, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));

/* ---- read.c ---- */

/* The start of a small file below the root, without white space at its end; false: there is none.
 */
bool rh_doctor_read(const struct rh_doctor_options *options, const char *path, char *ret_text,
                    size_t bytes);
/* A whole file of up to 4 MiB, to be freed with rh_free; NULL: there is none. */
char *rh_doctor_read_all(const struct rh_doctor_options *options, const char *path);
/* The first file that matches a pattern below the root. */
bool rh_doctor_read_first(const struct rh_doctor_options *options, const char *pattern,
                          char *ret_text, size_t bytes);
/* A file of one number. */
bool rh_doctor_number(const struct rh_doctor_options *options, const char *path,
                      uint64_t *ret_value);

/* ---- checks_cpu.c ---- */

rh_doctor_check rh_doctor_cpus, rh_doctor_governor, rh_doctor_turbo, rh_doctor_siblings,
    rh_doctor_clock, rh_doctor_counters, rh_doctor_virtualisation;

/* ---- checks_load.c ---- */

rh_doctor_check rh_doctor_load, rh_doctor_steal, rh_doctor_cpu_limit, rh_doctor_memory_limit;

/* ---- checks_memory.c ---- */

rh_doctor_check rh_doctor_aslr, rh_doctor_huge_pages, rh_doctor_swap, rh_doctor_overcommit,
    rh_doctor_reporting, rh_doctor_damon, rh_doctor_ksm;

/* ---- checks_allocators.c ---- */

rh_doctor_check rh_doctor_environment, rh_doctor_builds;
/* Does a library's name or content say that it was built for finding mistakes? NULL: no, else how
 * one can tell. */
const char *rh_doctor_debug_sign(const char *path, const char *content, size_t bytes);

/* ---- measured.c, costs.c ---- */

rh_doctor_check rh_doctor_interference, rh_doctor_quantum, rh_doctor_cost_clock,
    rh_doctor_cost_fault, rh_doctor_cost_statm, rh_doctor_cost_mincore, rh_doctor_cost_pagemap,
    rh_doctor_cost_rollup;

#endif
