/* table.c - builds a table, cell by cell. */
#include "report/table.h"

#include "base/assert.h"
#include "base/memory.h"

void rh_report_table_finish(struct rh_report_table *table) {
    for (size_t r = 0; r < table->row_count; r++)
        for (size_t c = 0; c < RH_REPORT_COLUMNS; c++)
            rh_free(table->rows[r].cells[c]);
    rh_free(table->rows);
    rh_text_finish(&table->versus);
    rh_text_finish(&table->interval);
    *table = (struct rh_report_table){0};
}

void rh_report_add_column(struct rh_report_table *table, const char *title, bool right,
                          unsigned rank) {
    rh_assert(table->column_count < RH_REPORT_COLUMNS);
    table->columns[table->column_count++] =
        (struct rh_report_column){.title = title, .right = right, .rank = rank};
}

struct rh_report_row *rh_report_add_row(struct rh_report_table *table) {
    if (table->failed == 0 && rh_grow((void **)&table->rows, &table->row_capacity,
                                      table->row_count + 1, sizeof(*table->rows), NULL) < 0)
        table->failed = RH_ERR_MEMORY;
    if (table->failed != 0)
        return NULL;
    struct rh_report_row *row = &table->rows[table->row_count++];
    *row = (struct rh_report_row){0};
    return row;
}

void rh_report_put(struct rh_report_filler *filler, const char *text) {
    rh_assert(filler->column < filler->table->column_count);
    size_t column = filler->column++;
    if (filler->row == NULL || text == NULL)
        return;
    filler->row->cells[column] = rh_strdup(text);
    if (filler->row->cells[column] == NULL)
        filler->table->failed = RH_ERR_MEMORY;
}

int rh_report_table_done(struct rh_report_table *table, struct rh_error *error,
                         struct rh_report_table *ret_table) {
    if (table->failed != 0 || table->versus.failed != 0 || table->interval.failed != 0) {
        rh_report_table_finish(table);
        return rh_fail(error, RH_ERR_MEMORY, "no memory for a table");
    }
    *ret_table = *table;
    return 0;
}
