/* FNV-1a, 64 bits, of a text: the same on every machine and in every process. Not for anything that
 * an adversary could gain by. Pure, thread-safe. */
#ifndef COMMON_TEXT_HASH_H
#define COMMON_TEXT_HASH_H

#include <stdint.h>

uint64_t text_hash(const char *text);

#endif
