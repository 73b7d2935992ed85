/* format.c - figures for people. */
#include "report/format.h"

#include <math.h>
#include <stdio.h>

/* Digits behind the point that leave three significant ones, at most `most`. */
static int decimals(double value, int most) {
    double magnitude = fabs(value);
    int digits = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : magnitude >= 0.9995 ? 2 : 3;
    return digits < most ? digits : most;
}

static const char *nothing(char buffer[RH_REPORT_FIGURE_BYTES]) {
    snprintf(buffer, RH_REPORT_FIGURE_BYTES, "-");
    return buffer;
}

const char *rh_report_figure_text(char buffer[RH_REPORT_FIGURE_BYTES], double value) {
    if (isnan(value))
        return nothing(buffer);
    snprintf(buffer, RH_REPORT_FIGURE_BYTES, "%.*f", decimals(value, 2), value);
    return buffer;
}

const char *rh_report_ratio(char buffer[RH_REPORT_FIGURE_BYTES], double ratio) {
    if (isnan(ratio))
        return nothing(buffer);
    int digits = ratio < 9.9995 ? 3 : decimals(ratio, 1);
    snprintf(buffer, RH_REPORT_FIGURE_BYTES, "%.*f", digits, ratio);
    return buffer;
}

static const char *range(char buffer[RH_REPORT_FIGURE_BYTES], const struct rh_interval *interval,
                         const char *(*figure)(char *, double)) {
    if (interval->count == 0 || isnan(interval->low) || isnan(interval->high))
        return nothing(buffer);
    char low[RH_REPORT_FIGURE_BYTES];
    char high[RH_REPORT_FIGURE_BYTES];
    snprintf(buffer, RH_REPORT_FIGURE_BYTES, "[%.20s, %.20s]", figure(low, interval->low),
             figure(high, interval->high));
    return buffer;
}

const char *rh_report_range(char buffer[RH_REPORT_FIGURE_BYTES],
                            const struct rh_interval *interval) {
    return range(buffer, interval, rh_report_ratio);
}

const char *rh_report_short_range(char buffer[RH_REPORT_FIGURE_BYTES],
                                  const struct rh_interval *interval) {
    return range(buffer, interval, rh_report_figure_text);
}

const char *rh_report_percent(char buffer[RH_REPORT_FIGURE_BYTES], double fraction) {
    if (isnan(fraction))
        return nothing(buffer);
    double percent = fraction * 100;
    snprintf(buffer, RH_REPORT_FIGURE_BYTES, "%.*f %%", fabs(percent) < 9.95 ? 1 : 0, percent);
    return buffer;
}

const char *rh_report_bytes(char buffer[RH_REPORT_FIGURE_BYTES], double bytes) {
    _Static_assert((int)RH_REPORT_FIGURE_BYTES >= (int)RH_HUMAN_BYTES, "the human figures fit");
    return isnan(bytes) ? nothing(buffer) : rh_human_bytes(buffer, bytes);
}

const char *rh_report_count(char buffer[RH_REPORT_FIGURE_BYTES], double count) {
    return isnan(count) ? nothing(buffer) : rh_human_count(buffer, count);
}

void rh_report_separate(struct rh_text *text, size_t i, size_t count) {
    if (i == 0)
        return;
    rh_text_add(text, i + 1 == count ? " and " : ", ");
}
