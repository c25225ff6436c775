#include "broadcaster/text/base64.h"

#include <errno.h>

#include "broadcaster/text/base64_avx2.h"

#define BASE64_WRONG 0x80

static const char base64_alphabet[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One more than the value of each character; 0: not of the alphabet. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* The value of a character, or something with BASE64_WRONG in it. */
static uint8_t base64_value(char c)
{
    return (uint8_t)(base64_values[(unsigned char)c] - 1);
}

/* Four characters without padding to 24 bits; false when one is not of the alphabet. */
static bool base64_group(const char *text, uint32_t *word)
{
    uint8_t a = base64_value(text[0]), b = base64_value(text[1]);
    uint8_t c = base64_value(text[2]), d = base64_value(text[3]);
    *word = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
    return ((a | b | c | d) & BASE64_WRONG) == 0;
}

size_t base64_encode(char *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t at = base64_avx2_usable() ? base64_avx2_encode(out, bytes, size) : 0;
    char *end = out + at / 3 * 4;
    for (; size - at >= 3; at += 3) {
        uint32_t word = (uint32_t)bytes[at] << 16 | (uint32_t)bytes[at + 1] << 8 | bytes[at + 2];
        *end++ = base64_alphabet[word >> 18];
        *end++ = base64_alphabet[word >> 12 & 63];
        *end++ = base64_alphabet[word >> 6 & 63];
        *end++ = base64_alphabet[word & 63];
    }
    if (size - at > 0) {
        bool two = size - at == 2;
        uint32_t word = (uint32_t)bytes[at] << 16 | (two ? (uint32_t)bytes[at + 1] << 8 : 0);
        *end++ = base64_alphabet[word >> 18];
        *end++ = base64_alphabet[word >> 12 & 63];
        *end++ = two ? base64_alphabet[word >> 6 & 63] : '=';
        *end++ = '=';
    }
    return (size_t)(end - out);
}

/* The last four characters, perhaps padded: 1 to 3 bytes, or 0 when they are wrong. */
static size_t base64_last_group(uint8_t out[3], const char *text)
{
    size_t padding = text[3] != '=' ? 0 : text[2] != '=' ? 1 : 2;
    char filled[4] = {text[0], text[1], padding > 1 ? 'A' : text[2], padding > 0 ? 'A' : text[3]};
    uint32_t word;
    if (!base64_group(filled, &word) || (word & ((UINT32_C(1) << (8 * padding)) - 1)) != 0) {
        return 0;
    }
    out[0] = (uint8_t)(word >> 16);
    out[1] = (uint8_t)(word >> 8);
    out[2] = (uint8_t)word;
    return 3 - padding;
}

ssize_t base64_decode(uint8_t *out, const char *text, size_t size)
{
    if (size % 4 != 0) {
        return -EINVAL;
    }
    if (size == 0) {
        return 0;
    }
    size_t at = base64_avx2_usable() ? base64_avx2_decode(out, text, size) : 0;
    uint8_t *end = out + at / 4 * 3;
    for (; size - at > 4; at += 4) {
        uint32_t word;
        if (!base64_group(text + at, &word)) {
            return -EINVAL;
        }
        *end++ = (uint8_t)(word >> 16);
        *end++ = (uint8_t)(word >> 8);
        *end++ = (uint8_t)word;
    }
    uint8_t last[3];
    size_t count = base64_last_group(last, text + at);
    for (size_t i = 0; i < count; i++) {
        *end++ = last[i];
    }
    return count > 0 ? end - out : -EINVAL;
}

bool base64_valid(const char *text, size_t size)
{
    if (size == 0) {
        return true;
    }
    if (size % 4 != 0) {
        return false;
    }
    /* The last group may be padded, so it is not for the fast way. */
    size_t at = base64_avx2_usable() ? base64_avx2_check(text, size - 4) : 0;
    for (; size - at > 4; at += 4) {
        uint32_t word;
        if (!base64_group(text + at, &word)) {
            return false;
        }
    }
    uint8_t last[3];
    return base64_last_group(last, text + at) > 0;
}
