/* One JPEG in memory, shared by everybody who sends it: reference-counted, single-threaded. And the
 * ways to spoil one. */
#ifndef TESTS_CAMSIM_PICTURE_H
#define TESTS_CAMSIM_PICTURE_H

#include <stddef.h>
#include <stdint.h>

struct picture {
    unsigned references;
    size_t size;
    uint8_t bytes[];
};

/* Copies the bytes; the caller holds the only reference. */
struct picture *picture_create(const uint8_t *bytes, size_t size);
struct picture *picture_hold(struct picture *picture); /* returns its argument */
void picture_release(struct picture *picture);         /* NULL is allowed */

/* Each makes a new picture from `source`, which stays the caller's. */
struct picture *picture_truncate(const struct picture *source); /* its first half */
struct picture *picture_corrupt(const struct picture *source);  /* a segment of impossible length */

/* Whole, but of `size` bytes or a little more: comment segments behind SOI. */
struct picture *picture_inflate(const struct picture *source, size_t size);

/* FNV-1a of the bytes. */
uint64_t picture_hash(const struct picture *picture);

#endif
