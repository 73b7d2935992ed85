/* format.h - figures and lists as people read them, the same in every format. Internal to report/.
 */
#ifndef RH_REPORT_FORMAT_H
#define RH_REPORT_FORMAT_H

#include <stddef.h>

#include "base/text.h"
#include "stats/stats.h"

enum { RH_REPORT_FIGURE_BYTES = 48 };

/* All return `buffer`; NaN is "-". */

/* Three significant digits, at most two behind the point: ns an operation, factors. */
const char *rh_report_figure_text(char buffer[RH_REPORT_FIGURE_BYTES], double ns);
/* A ratio with three decimals below 10: "0.519", "12.3". */
const char *rh_report_ratio(char buffer[RH_REPORT_FIGURE_BYTES], double ratio);
/* "[0.515, 0.524]"; "-" without data. */
const char *rh_report_range(char buffer[RH_REPORT_FIGURE_BYTES],
                            const struct rh_interval *interval);
/* As range, with three significant digits: beside a factor in a sentence. */
const char *rh_report_short_range(char buffer[RH_REPORT_FIGURE_BYTES],
                                  const struct rh_interval *interval);
/* A fraction as "3.1 %"; without a decimal from 10 % on. */
const char *rh_report_percent(char buffer[RH_REPORT_FIGURE_BYTES], double fraction);
/* As rh_human_bytes and rh_human_count. */
const char *rh_report_bytes(char buffer[RH_REPORT_FIGURE_BYTES], double bytes);
const char *rh_report_count(char buffer[RH_REPORT_FIGURE_BYTES], double count);

/* "a", "a and b", "a, b and c": call it for each item, `i` of `count`, before the item is added. */
void rh_report_separate(struct rh_text *text, size_t i, size_t count);

#endif
