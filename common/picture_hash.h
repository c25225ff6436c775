/* A fast 64-bit fingerprint of a picture's bytes, to see whether a camera sends the same one again.
 * Not for anything that an adversary could gain by. Pure, thread-safe. */
#ifndef COMMON_PICTURE_HASH_H
#define COMMON_PICTURE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t picture_hash(const uint8_t *data, size_t size);

#endif
