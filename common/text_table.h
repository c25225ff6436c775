/* Tables of text for people, fitted to a width: where it is short, the least important columns go,
 * then the last one is cut. Widths are counted in characters of UTF-8. One thread at a time. */
#ifndef COMMON_TEXT_TABLE_H
#define COMMON_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TEXT_TABLE_COLUMNS_MOST 16
#define TEXT_TABLE_ANY_WIDTH    ((size_t)-1)

struct text_column {
    const char *title;
    int importance; /* the lowest goes first; of equals the last */
    bool left;      /* aligned to the left, as words are; else to the right */
};

struct text_table;

/* `columns` outlive the table. */
struct text_table *text_table_create(const struct text_column *columns, size_t count);
void text_table_destroy(struct text_table *table); /* NULL is allowed */

/* Another row, and the cells of the last row; those that are not set are empty. Control characters
 * become '?': a cell may quote what a stranger said. */
void text_table_row(struct text_table *table);
void text_table_set(struct text_table *table, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

size_t text_table_rows(const struct text_table *table);

/* Writes the titles and at most `rows` rows, each line at most `width` characters and without
 * spaces at its end. The last row says how many there are more, if there are. */
void text_table_print(const struct text_table *table, size_t width, size_t rows, FILE *out);

#endif
