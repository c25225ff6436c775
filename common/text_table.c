#include "common/text_table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"

#define COLUMN_GAP 2

struct text_table {
    const struct text_column *columns;
    size_t column_count;
    char **cells; /* row by row; NULL: empty */
    size_t row_count;
};

/* Which columns are shown, and how wide. */
struct text_layout {
    bool shown[TEXT_TABLE_COLUMNS_MOST];
    size_t widths[TEXT_TABLE_COLUMNS_MOST];
    size_t last; /* the last column shown; only this one is cut */
};

struct text_table *text_table_create(const struct text_column *columns, size_t count)
{
    struct text_table *table = xcalloc(1, sizeof *table);
    table->columns = columns;
    table->column_count = count;
    return table;
}

void text_table_destroy(struct text_table *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < table->row_count * table->column_count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    free(table);
}

void text_table_row(struct text_table *table)
{
    size_t used = table->row_count * table->column_count;
    table->cells = xreallocarray(table->cells, used + table->column_count, sizeof(char *));
    for (size_t i = 0; i < table->column_count; i++) {
        table->cells[used + i] = NULL;
    }
    table->row_count++;
}

static const char *text_table_cell(const struct text_table *table, size_t row, size_t column)
{
    const char *cell = table->cells[row * table->column_count + column];
    return cell != NULL ? cell : "";
}

void text_table_set(struct text_table *table, size_t column, const char *format, ...)
{
    char **cell = &table->cells[(table->row_count - 1) * table->column_count + column];
    va_list arguments;
    free(*cell);
    va_start(arguments, format);
    if (vasprintf(cell, format, arguments) < 0) {
        die("out of memory");
    }
    va_end(arguments);
    for (char *c = *cell; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
}

size_t text_table_rows(const struct text_table *table)
{
    return table->row_count;
}

/* --- layout --- */

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += begins_character(*text);
    }
    return width;
}

static size_t text_column_width(const struct text_table *table, size_t column)
{
    size_t widest = text_width(table->columns[column].title);
    for (size_t row = 0; row < table->row_count; row++) {
        size_t width = text_width(text_table_cell(table, row, column));
        widest = width > widest ? width : widest;
    }
    return widest;
}

static size_t text_layout_width(const struct text_table *table, struct text_layout *layout)
{
    size_t width = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (layout->shown[i]) {
            width += layout->widths[i] + (width > 0 ? COLUMN_GAP : 0);
            layout->last = i;
        }
    }
    return width;
}

/* The column that goes first; -1 when only one is left. */
static int text_layout_least(const struct text_table *table, const struct text_layout *layout)
{
    int least = -1, shown = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (layout->shown[i]) {
            shown++;
            if (least < 0 || table->columns[i].importance <= table->columns[least].importance) {
                least = (int)i;
            }
        }
    }
    return shown > 1 ? least : -1;
}

/* A last column of words is worth showing when its title fits; the rest of it is cut. */
static size_t text_layout_needed(const struct text_table *table, struct text_layout *layout)
{
    size_t width = text_layout_width(table, layout);
    const struct text_column *last = &table->columns[layout->last];
    size_t title = text_width(last->title);
    return last->left ? width - layout->widths[layout->last] + title : width;
}

static void text_layout_fit(const struct text_table *table, size_t width,
                            struct text_layout *layout)
{
    int least;
    for (size_t i = 0; i < table->column_count; i++) {
        layout->shown[i] = true;
        layout->widths[i] = text_column_width(table, i);
    }
    while (text_layout_needed(table, layout) > width &&
           (least = text_layout_least(table, layout)) >= 0) {
        layout->shown[least] = false;
    }
    size_t all = text_layout_width(table, layout);
    if (all > width) {
        size_t over = all - width, *last = &layout->widths[layout->last];
        *last = *last > over ? *last - over : 0;
    }
}

/* --- lines --- */

static void text_print_spaces(size_t count, FILE *out)
{
    for (; count > 0; count--) {
        fputc(' ', out);
    }
}

/* At most `width` characters. */
static void text_print_cut(const char *text, size_t width, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (begins_character(*text)) {
            if (width == 0) {
                return;
            }
            width--;
        }
        fputc(*text, out);
    }
}

/* Row SIZE_MAX: the titles. */
static void text_print_row(const struct text_table *table, const struct text_layout *layout,
                           size_t row, FILE *out)
{
    size_t owed = 0; /* spaces that stand before the next character, if there is one */
    for (size_t i = 0; i < table->column_count; i++) {
        if (!layout->shown[i]) {
            continue;
        }
        const char *cell =
            row == SIZE_MAX ? table->columns[i].title : text_table_cell(table, row, i);
        size_t width = text_width(cell), room = layout->widths[i];
        size_t spaces = width < room ? room - width : 0;
        bool left = table->columns[i].left;
        owed += left ? 0 : spaces;
        if (width > 0) {
            text_print_spaces(owed, out);
            text_print_cut(cell, room, out);
            owed = 0;
        }
        owed += (left ? spaces : 0) + COLUMN_GAP;
    }
}

void text_table_print(const struct text_table *table, size_t width, size_t rows, FILE *out)
{
    struct text_layout layout = {0};
    text_layout_fit(table, width, &layout);
    text_print_row(table, &layout, SIZE_MAX, out);
    fputc('\n', out);
    bool all = table->row_count <= rows;
    size_t shown = all ? table->row_count : rows > 0 ? rows - 1 : 0;
    for (size_t row = 0; row < shown; row++) {
        text_print_row(table, &layout, row, out);
        fputc('\n', out);
    }
    if (!all && rows > 0) {
        char more[48];
        snprintf(more, sizeof more, "… %zu more", table->row_count - shown);
        text_print_cut(more, width, out);
        fputc('\n', out);
    }
}
