/* table.h - a table before it has a format: columns with a title and a rank, rows of texts. What is
 * in which table is said once (tables.c); the terminal and Markdown lay it out. Internal to
 * report/.
 */
#ifndef RH_REPORT_TABLE_H
#define RH_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "report/model.h"

enum { RH_REPORT_COLUMNS = 20 };

enum rh_report_tone {
    RH_REPORT_PLAIN,
    RH_REPORT_GOOD,
    RH_REPORT_BAD,
    RH_REPORT_DIM, /* floors, controls, what is not resolved */
};

struct rh_report_column {
    const char *title;
    bool right;    /* aligned */
    unsigned rank; /* 0: always shown; the others go, highest first, where there is no room */
    bool path;     /* cut at its front where it is too long, else at its end */
};

struct rh_report_row {
    char *cells[RH_REPORT_COLUMNS]; /* owned; NULL: empty */
    enum rh_report_tone tone;       /* of the row */
    enum rh_report_tone verdict;    /* of the cell in `verdict_column` */
};

struct rh_report_table {
    struct rh_report_column columns[RH_REPORT_COLUMNS];
    size_t column_count;
    size_t verdict_column;
    struct rh_report_row *rows;
    size_t row_count, row_capacity;
    int failed;              /* 0 or RH_ERR_MEMORY; sticks */
    struct rh_text versus;   /* title that names the baseline */
    struct rh_text interval; /* title that names the level */
};

/* One trace: every allocator, the A/A control, the floors. */
int rh_report_table_of_trace(const struct rh_report_model *model, size_t trace,
                             struct rh_error *error, struct rh_report_table *ret_table);
/* Every allocator over the traces of the means. */
int rh_report_table_of_means(const struct rh_report_model *model, struct rh_error *error,
                             struct rh_report_table *ret_table);
/* Where each row comes from: version, file, hash, settings. */
int rh_report_table_of_allocators(const struct rh_report_model *model, struct rh_error *error,
                                  struct rh_report_table *ret_table);
/* ---- building ---- */

/* Adds a column; the title is borrowed. */
void rh_report_add_column(struct rh_report_table *table, const char *title, bool right,
                          unsigned rank);
/* The new row, good until the next one; NULL: no memory, which the table remembers. */
struct rh_report_row *rh_report_add_row(struct rh_report_table *table);

/* The next cell of a row; `row` NULL and no memory are remembered by the table. */
struct rh_report_filler {
    struct rh_report_table *table;
    struct rh_report_row *row;
    size_t column;
};

/* Copies the text into the next cell; NULL leaves it empty. */
void rh_report_put(struct rh_report_filler *filler, const char *text);

/* Hands the table over, or says that memory was short and finishes it. */
int rh_report_table_done(struct rh_report_table *table, struct rh_error *error,
                         struct rh_report_table *ret_table);

/* Accepts a zeroed one. */
void rh_report_table_finish(struct rh_report_table *table);

#endif
