#include "common/picture_hash.h"

#include <string.h>

/* Multiply and fold, eight bytes a step, in two chains so that one multiplication hides the other.
 * The constants are the first digits of the fractions of sqrt(2) and sqrt(3), made odd. */
#define FACTOR_A UINT64_C(0x6a09e667f3bcc909)
#define FACTOR_B UINT64_C(0xbb67ae8584caa73b)

static uint64_t fold(uint64_t hash, uint64_t word, uint64_t factor)
{
    hash = (hash ^ word) * factor;
    return hash ^ hash >> 32;
}

uint64_t picture_hash(const uint8_t *data, size_t size)
{
    uint64_t a = size, b = ~(uint64_t)size, words[2];
    for (; size >= sizeof words; data += sizeof words, size -= sizeof words) {
        memcpy(words, data, sizeof words);
        a = fold(a, words[0], FACTOR_A);
        b = fold(b, words[1], FACTOR_B);
    }
    memset(words, 0, sizeof words);
    memcpy(words, data, size);
    a = fold(a, words[0], FACTOR_A);
    b = fold(b, words[1], FACTOR_B);
    return fold(a, b, FACTOR_B);
}
