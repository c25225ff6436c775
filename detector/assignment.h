/* The best pairing of rows with columns: of the pairs that may be, those whose gains have the
 * largest sum, each row and each column in one of them at most. Leaving out a row is always allowed
 * and gains nothing; so with gain = limit - cost this is what `lapjv` with a cost limit computes,
 * which is not the same as pairing all and dropping the expensive pairs afterwards.
 *
 * Exact: successive shortest augmenting paths with potentials (Jonker and Volgenant, "A shortest
 * augmenting path algorithm for dense and sparse linear assignment problems", 1987). A path follows
 * pairs only, so the search for a row never leaves its connected component; where objects stand
 * apart each row costs next to nothing. Deterministic. Memory is used again. Not thread-safe. */
#ifndef DETECTOR_ASSIGNMENT_H
#define DETECTOR_ASSIGNMENT_H

#include <stddef.h>
#include <stdint.h>

#define ASSIGNMENT_NONE SIZE_MAX

struct assignment;

struct assignment *assignment_create(void);
void assignment_destroy(struct assignment *assignment); /* NULL is allowed */

/* Forgets all pairs. */
void assignment_begin(struct assignment *assignment, size_t rows, size_t columns);

/* `row` must not be below that of the pair before; a pair is added once. Pairs whose gain is not
 * above 0 are left out. */
void assignment_add(struct assignment *assignment, size_t row, size_t column, double gain);

/* The column of each row, or ASSIGNMENT_NONE. Valid until the next assignment_begin(). */
const size_t *assignment_solve(struct assignment *assignment);

#endif
