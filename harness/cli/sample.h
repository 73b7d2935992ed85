/* sample.h - one sample for people and scripts: what each pass measured. */
#ifndef RH_CLI_SAMPLE_H
#define RH_CLI_SAMPLE_H

#include <jansson.h>

#include "result/sample.h"

/* 0 without an operation. */
double rh_cli_sample_ns_per_op(const struct rh_sample *sample);

/* Prints "  LABEL", from column 14 on the words, in lines of at most 80 columns. */
void rh_cli_print_row(const char *label, const char *words);

/* Prints the figures of the sample's pass to standard output. */
void rh_cli_sample_print(const struct rh_sample *sample, const struct rh_latency *latency);

/* Adds "marks", and "splits" and "latency" where the pass has them. */
void rh_cli_sample_add_series(json_t *object, const struct rh_sample *sample,
                              const struct rh_latency *latency);

#endif
