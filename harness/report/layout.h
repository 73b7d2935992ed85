/* layout.h - text and tables for a terminal of a given width. Internal to report/. */
#ifndef RH_REPORT_LAYOUT_H
#define RH_REPORT_LAYOUT_H

#include "report/table.h"

struct rh_report_layout {
    struct rh_text *text;
    size_t width;
    bool colour;
};

/* Appends the string without what could steer a terminal: control characters become '?'. */
void rh_report_layout_clean(struct rh_text *text, const char *string);

/* Fills lines up to the width; the second and later ones are indented. Ends with a newline. */
void rh_report_layout_wrap(const struct rh_report_layout *layout, const char *string,
                           size_t indent);

/* As wrap, in bold and in a tone. */
void rh_report_layout_wrap_toned(const struct rh_report_layout *layout, const char *string,
                                 size_t indent, bool bold, enum rh_report_tone tone);

/* Leaves out columns by rank until it fits, then cuts the widest texts. */
void rh_report_layout_table(const struct rh_report_layout *layout,
                            const struct rh_report_table *table);

#endif
