/* The long middle of base64 work on processors with AVX2; what is left over is base64.c's.
 * Elsewhere base64_avx2_usable() is false and the rest is never called. Pure; thread-safe.
 *
 * Source: W. Mula, D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", ACM
 * Transactions on the Web 12 (3), 2018. */
#ifndef BROADCASTER_BASE64_AVX2_H
#define BROADCASTER_BASE64_AVX2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool base64_avx2_usable(void);

/* Encodes a multiple of 24 bytes and returns how many; writes 4/3 of that. */
size_t base64_avx2_encode(char *out, const uint8_t *data, size_t size);

/* Decodes a multiple of 32 characters, all of the alphabet, and returns how many; writes 3/4 of
 * that, and spoils up to 8 bytes behind, within what `size` characters decode to. It stops where
 * something is wrong, and before the end of the text. */
size_t base64_avx2_decode(uint8_t *out, const char *text, size_t size);

/* The number of characters from the start, a multiple of 32, that are all of the alphabet. */
size_t base64_avx2_check(const char *text, size_t size);

#endif
