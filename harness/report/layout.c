/* layout.c - fits text and tables into a terminal. */
#include "report/layout.h"

#include <ctype.h>
#include <string.h>

#include "base/assert.h"

enum { NARROWEST_CELL = 6, MOST_SPACES = 256 };

/* ---- characters ---- */

/* Columns that a UTF-8 string takes, with one for each code point: East Asian wide characters are
 * not looked up, a line with some may be too long. */
static size_t width_of(const char *string) {
    size_t width = 0;
    for (; *string != '\0'; string++)
        width += ((unsigned char)*string & 0xC0) != 0x80;
    return width;
}

/* The byte behind the first `width` columns. */
static const char *skip_columns(const char *string, size_t width) {
    while (width > 0 && *string != '\0') {
        string++;
        while (((unsigned char)*string & 0xC0) == 0x80)
            string++;
        width--;
    }
    return string;
}

/* C0, DEL, and C1 in UTF-8 (0xC2 0x80 ... 0x9F). */
static void add_clean(struct rh_text *text, const char *string, const char *end) {
    for (const char *next = string; next < end; next++) {
        unsigned char byte = (unsigned char)*next;
        bool c1 = byte == 0xC2 && next + 1 < end && (unsigned char)next[1] < 0xA0;
        if (c1)
            next++;
        if (c1 || byte < 0x20 || byte == 0x7F)
            rh_text_add(text, "?");
        else
            rh_text_add_bytes(text, next, 1);
    }
}

void rh_report_layout_clean(struct rh_text *text, const char *string) {
    add_clean(text, string, string + strlen(string));
}

static void add_spaces(struct rh_text *text, size_t count) {
    static const char spaces[] = "                ";
    for (count = count < MOST_SPACES ? count : MOST_SPACES; count > 0;) {
        size_t some = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;
        rh_text_add_bytes(text, spaces, some);
        count -= some;
    }
}

/* ---- colour ---- */

static const char *escape_of(enum rh_report_tone tone) {
    switch (tone) {
    case RH_REPORT_GOOD:
        return "\x1b[32m";
    case RH_REPORT_BAD:
        return "\x1b[31m";
    case RH_REPORT_DIM:
        return "\x1b[2m";
    default:
        return "";
    }
}

static bool tone_on(const struct rh_report_layout *layout, bool bold, enum rh_report_tone tone) {
    if (!layout->colour || (!bold && tone == RH_REPORT_PLAIN))
        return false;
    if (bold)
        rh_text_add(layout->text, "\x1b[1m");
    rh_text_add(layout->text, escape_of(tone));
    return true;
}

static void tone_off(const struct rh_report_layout *layout, bool on) {
    if (on)
        rh_text_add(layout->text, "\x1b[0m");
}

/* ---- paragraphs ---- */

void rh_report_layout_wrap_toned(const struct rh_report_layout *layout, const char *string,
                                 size_t indent, bool bold, enum rh_report_tone tone) {
    size_t used = 0;
    bool on = tone_on(layout, bold, tone);
    for (const char *word = string + strspn(string, " "); *word != '\0';) {
        const char *end = word + strcspn(word, " ");
        size_t width = 0;
        for (const char *next = word; next < end; next++)
            width += ((unsigned char)*next & 0xC0) != 0x80;
        if (used > 0 && used + 1 + width > layout->width) {
            rh_text_add(layout->text, "\n");
            add_spaces(layout->text, indent);
            used = indent;
        } else if (used > 0) {
            rh_text_add(layout->text, " ");
            used++;
        }
        add_clean(layout->text, word, end);
        used += width;
        word = end + strspn(end, " ");
    }
    tone_off(layout, on);
    rh_text_add(layout->text, "\n");
}

void rh_report_layout_wrap(const struct rh_report_layout *layout, const char *string,
                           size_t indent) {
    rh_report_layout_wrap_toned(layout, string, indent, false, RH_REPORT_PLAIN);
}

/* ---- tables ---- */

struct fit {
    size_t widths[RH_REPORT_COLUMNS]; /* 0: not shown */
    size_t gap;
};

static const char *cell_text(const struct rh_report_row *row, size_t column) {
    return row->cells[column] != NULL ? row->cells[column] : "";
}

static void measure(const struct rh_report_table *table, struct fit *fit) {
    for (size_t c = 0; c < table->column_count; c++) {
        fit->widths[c] = width_of(table->columns[c].title);
        for (size_t r = 0; r < table->row_count; r++) {
            size_t width = width_of(cell_text(&table->rows[r], c));
            fit->widths[c] = width > fit->widths[c] ? width : fit->widths[c];
        }
    }
}

static size_t total_width(const struct rh_report_table *table, const struct fit *fit) {
    size_t total = 0;
    for (size_t c = 0; c < table->column_count; c++)
        total += fit->widths[c] > 0 ? fit->widths[c] + fit->gap : 0;
    return total > 0 ? total - fit->gap : 0;
}

/* The shown column of the highest rank, the last of several; false when all have rank 0. */
static bool drop_column(const struct rh_report_table *table, struct fit *fit) {
    size_t victim = RH_REPORT_COLUMNS;
    for (size_t c = 0; c < table->column_count; c++)
        if (fit->widths[c] > 0 && table->columns[c].rank > 0 &&
            (victim == RH_REPORT_COLUMNS || table->columns[c].rank >= table->columns[victim].rank))
            victim = c;
    if (victim == RH_REPORT_COLUMNS)
        return false;
    fit->widths[victim] = 0;
    return true;
}

/* Takes one column of width from the widest text; false when nothing can give. */
static bool shrink_widest(const struct rh_report_table *table, struct fit *fit) {
    size_t victim = RH_REPORT_COLUMNS;
    for (size_t c = 0; c < table->column_count; c++)
        if (!table->columns[c].right && c != table->verdict_column &&
            fit->widths[c] > NARROWEST_CELL && strcmp(table->columns[c].title, "") != 0 &&
            (victim == RH_REPORT_COLUMNS || fit->widths[c] > fit->widths[victim]))
            victim = c;
    if (victim == RH_REPORT_COLUMNS)
        return false;
    fit->widths[victim]--;
    return true;
}

static void fit_table(const struct rh_report_table *table, size_t width, struct fit *fit) {
    *fit = (struct fit){.gap = 2};
    measure(table, fit);
    while (total_width(table, fit) > width && drop_column(table, fit)) {
    }
    if (total_width(table, fit) > width)
        fit->gap = 1;
    while (total_width(table, fit) > width && shrink_widest(table, fit)) {
    }
}

static void add_cell(const struct rh_report_layout *layout, const struct rh_report_column *column,
                     const char *string, size_t width, bool last) {
    size_t have = width_of(string);
    if (have > width && column->path) {
        rh_text_add(layout->text, "~");
        rh_report_layout_clean(layout->text, skip_columns(string, have - width + 1));
    } else if (have > width) {
        add_clean(layout->text, string, skip_columns(string, width - 1));
        rh_text_add(layout->text, "~");
    } else {
        if (column->right)
            add_spaces(layout->text, width - have);
        rh_report_layout_clean(layout->text, string);
        if (!column->right && !last)
            add_spaces(layout->text, width - have);
    }
}

/* The last column that is shown, and of a row (NULL: the titles) has a text: lines end with it. */
static size_t last_column(const struct rh_report_table *table, const struct fit *fit,
                          const struct rh_report_row *row) {
    size_t last = 0;
    for (size_t c = 0; c < table->column_count; c++)
        if (fit->widths[c] > 0 && (row == NULL || cell_text(row, c)[0] != '\0'))
            last = c;
    return last;
}

static void add_titles(const struct rh_report_layout *layout, const struct rh_report_table *table,
                       const struct fit *fit) {
    bool on = tone_on(layout, true, RH_REPORT_PLAIN);
    size_t last = last_column(table, fit, NULL);
    for (size_t c = 0; c <= last; c++) {
        if (fit->widths[c] == 0)
            continue;
        add_cell(layout, &table->columns[c], table->columns[c].title, fit->widths[c], c == last);
        add_spaces(layout->text, c == last ? 0 : fit->gap);
    }
    tone_off(layout, on);
    rh_text_add(layout->text, "\n");
}

static void add_table_row(const struct rh_report_layout *layout,
                          const struct rh_report_table *table, const struct rh_report_row *row,
                          const struct fit *fit) {
    size_t last = last_column(table, fit, row);
    for (size_t c = 0; c <= last; c++) {
        if (fit->widths[c] == 0)
            continue;
        bool on = tone_on(layout, false, c == table->verdict_column ? row->verdict : row->tone);
        add_cell(layout, &table->columns[c], cell_text(row, c), fit->widths[c], c == last);
        tone_off(layout, on);
        add_spaces(layout->text, c == last ? 0 : fit->gap);
    }
    rh_text_add(layout->text, "\n");
}

void rh_report_layout_table(const struct rh_report_layout *layout,
                            const struct rh_report_table *table) {
    rh_assert(table->column_count > 0);
    struct fit fit;
    fit_table(table, layout->width, &fit);
    add_titles(layout, table, &fit);
    for (size_t r = 0; r < table->row_count; r++)
        add_table_row(layout, table, &table->rows[r], &fit);
}
