/* What is wrong with a picture, in words for people. Pure, thread-safe. */
#ifndef COMMON_PICTURE_FAULT_H
#define COMMON_PICTURE_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "common/jpeg_info.h"

/* "the JPEG has no end". A literal. */
const char *picture_fault_text(enum jpeg_fault fault);

/* What bytes that are no JPEG seem to be, by how they begin: "a PNG"; NULL:
 * nothing that is known. */
const char *picture_other_kind(const uint8_t *bytes, size_t size);

#define PICTURE_FAULT_SIZE 64 /* of every text below, with its end */

/* Writes what is wrong, and of what is no JPEG at all what else it seems to be. `bytes`: the
 * picture's, or its first ones. */
void picture_fault_write(char text[PICTURE_FAULT_SIZE], enum jpeg_fault fault, const uint8_t *bytes,
                         size_t size);

#endif
