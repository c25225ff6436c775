#include "detector/assignment.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/memory.h"

struct pair {
    size_t column;
    double cost; /* below 0 */
};

struct assignment_row {
    size_t first_pair; /* its pairs end where those of the next row begin */
    double potential;
};

struct assignment_column {
    size_t owner; /* the row that has it; ASSIGNMENT_NONE: free */
    double potential;
    /* Of the search under way. */
    double distance; /* INFINITY: not reached */
    size_t from;     /* the row before it on its path */
    bool visited;
};

struct assignment {
    struct pair *pairs;
    size_t pair_count, pair_capacity;
    struct assignment_row *rows; /* one more than there are */
    size_t *result;              /* column by row */
    size_t row_count, row_capacity;
    size_t started_rows; /* rows whose first pair is known */
    struct assignment_column *columns;
    size_t column_count, column_capacity;
    size_t *reached; /* columns that the search under way has seen */
    size_t reached_count;
};

struct assignment *assignment_create(void)
{
    return xcalloc(1, sizeof(struct assignment));
}

void assignment_destroy(struct assignment *assignment)
{
    if (assignment == NULL) {
        return;
    }
    free(assignment->pairs);
    free(assignment->rows);
    free(assignment->result);
    free(assignment->columns);
    free(assignment->reached);
    free(assignment);
}

void assignment_begin(struct assignment *assignment, size_t rows, size_t columns)
{
    if (rows + 1 > assignment->row_capacity) {
        assignment->row_capacity = 2 * (rows + 1);
        assignment->rows =
            xreallocarray(assignment->rows, assignment->row_capacity, sizeof *assignment->rows);
        assignment->result =
            xreallocarray(assignment->result, assignment->row_capacity, sizeof *assignment->result);
    }
    if (columns > assignment->column_capacity) {
        assignment->column_capacity = 2 * columns;
        assignment->columns = xreallocarray(assignment->columns, assignment->column_capacity,
                                            sizeof *assignment->columns);
        assignment->reached = xreallocarray(assignment->reached, assignment->column_capacity,
                                            sizeof *assignment->reached);
    }
    assignment->row_count = rows;
    assignment->column_count = columns;
    assignment->pair_count = 0;
    assignment->started_rows = 0;
    for (size_t i = 0; i < rows; i++) {
        assignment->result[i] = ASSIGNMENT_NONE;
    }
    for (size_t i = 0; i < columns; i++) {
        assignment->columns[i] =
            (struct assignment_column){.owner = ASSIGNMENT_NONE, .distance = INFINITY};
    }
}

/* The pairs that follow belong to `row` at least. */
static void assignment_start_rows(struct assignment *assignment, size_t row)
{
    while (assignment->started_rows <= row) {
        assignment->rows[assignment->started_rows++] =
            (struct assignment_row){.first_pair = assignment->pair_count};
    }
}

void assignment_add(struct assignment *assignment, size_t row, size_t column, double gain)
{
    assert(row < assignment->row_count && row + 1 >= assignment->started_rows);
    assert(column < assignment->column_count);
    if (!(gain > 0)) {
        return;
    }
    assignment_start_rows(assignment, row);
    if (assignment->pair_count == assignment->pair_capacity) {
        assignment->pair_capacity =
            assignment->pair_capacity > 0 ? 2 * assignment->pair_capacity : 256;
        assignment->pairs =
            xreallocarray(assignment->pairs, assignment->pair_capacity, sizeof *assignment->pairs);
    }
    assignment->pairs[assignment->pair_count++] = (struct pair){.column = column, .cost = -gain};
}

/* Looks from a row, `distance` away from where the search began, at its columns. */
static void assignment_look(struct assignment *assignment, size_t row, double distance)
{
    const struct assignment_row *from = &assignment->rows[row];
    for (size_t i = from[0].first_pair; i < from[1].first_pair; i++) {
        const struct pair *pair = &assignment->pairs[i];
        struct assignment_column *column = &assignment->columns[pair->column];
        double further = distance + pair->cost - from->potential - column->potential;
        if (column->visited || further >= column->distance) {
            continue;
        }
        if (column->distance == INFINITY) {
            assignment->reached[assignment->reached_count++] = pair->column;
        }
        column->distance = further;
        column->from = row;
    }
}

static size_t assignment_nearest(const struct assignment *assignment)
{
    size_t nearest = ASSIGNMENT_NONE;
    double distance = INFINITY;
    for (size_t i = 0; i < assignment->reached_count; i++) {
        const struct assignment_column *column = &assignment->columns[assignment->reached[i]];
        if (!column->visited && column->distance < distance) {
            distance = column->distance;
            nearest = assignment->reached[i];
        }
    }
    return nearest;
}

/* Moves the potentials so that all distances stay at least 0, and forgets the search. */
static void assignment_settle(struct assignment *assignment, size_t start, double length)
{
    assignment->rows[start].potential += length;
    for (size_t i = 0; i < assignment->reached_count; i++) {
        struct assignment_column *column = &assignment->columns[assignment->reached[i]];
        if (column->visited) {
            column->potential -= length - column->distance;
            assignment->rows[column->owner].potential += length - column->distance;
        }
        column->distance = INFINITY;
        column->visited = false;
    }
    assignment->reached_count = 0;
}

/* Gives `row` the column `column` (or none), and what it had to the row before it on the path. */
static void assignment_augment(struct assignment *assignment, size_t row, size_t column,
                               size_t start)
{
    for (;;) {
        size_t had = assignment->result[row];
        assignment->result[row] = column;
        if (column != ASSIGNMENT_NONE) {
            assignment->columns[column].owner = row;
        }
        if (row == start) {
            return;
        }
        column = had;
        row = assignment->columns[had].from;
    }
}

/* Finds a place for one more row. The path ends at a free column, or at a row that does without:
 * its cost is 0 then, which is as if each row had a column of its own that gains nothing. */
static void assignment_insert(struct assignment *assignment, size_t start)
{
    size_t row = start, giving_up = start, column;
    double distance = 0, without = INFINITY;
    for (;;) {
        if (distance - assignment->rows[row].potential < without) {
            without = distance - assignment->rows[row].potential;
            giving_up = row;
        }
        assignment_look(assignment, row, distance);
        column = assignment_nearest(assignment);
        if (column == ASSIGNMENT_NONE || assignment->columns[column].distance > without) {
            column = ASSIGNMENT_NONE;
            distance = without;
            row = giving_up;
            break;
        }
        distance = assignment->columns[column].distance;
        if (assignment->columns[column].owner == ASSIGNMENT_NONE) {
            row = assignment->columns[column].from;
            break;
        }
        assignment->columns[column].visited = true;
        row = assignment->columns[column].owner;
    }
    assignment_settle(assignment, start, distance);
    assignment_augment(assignment, row, column, start);
}

const size_t *assignment_solve(struct assignment *assignment)
{
    assignment_start_rows(assignment, assignment->row_count);
    for (size_t row = 0; row < assignment->row_count; row++) {
        if (assignment->rows[row].first_pair < assignment->rows[row + 1].first_pair) {
            assignment_insert(assignment, row);
        }
    }
    return assignment->result;
}
