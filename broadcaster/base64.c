#include "broadcaster/base64.h"

#include <errno.h>

static const char base64_alphabet[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of a character, or 0xff. */
static uint8_t base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint8_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint8_t)(c - 'a' + 26);
    }
    if (c >= '0' && c <= '9') {
        return (uint8_t)(c - '0' + 52);
    }
    return c == '+' ? 62 : c == '/' ? 63 : 0xff;
}

size_t base64_encode(char *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    char *start = out;
    for (; size > 0; bytes += 3, out += 4) {
        size_t count = size < 3 ? size : 3;
        uint32_t word = (uint32_t)bytes[0] << 16;
        word |= count > 1 ? (uint32_t)bytes[1] << 8 : 0;
        word |= count > 2 ? bytes[2] : 0;
        out[0] = base64_alphabet[word >> 18];
        out[1] = base64_alphabet[word >> 12 & 63];
        out[2] = count > 1 ? base64_alphabet[word >> 6 & 63] : '=';
        out[3] = count > 2 ? base64_alphabet[word & 63] : '=';
        size -= count;
    }
    return (size_t)(out - start);
}

ssize_t base64_decode(uint8_t *out, const char *text, size_t size)
{
    uint8_t *start = out;
    if (size % 4 != 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < size; i += 4) {
        size_t padding = 0;
        if (i + 4 == size && text[i + 3] == '=') {
            padding = text[i + 2] == '=' ? 2 : 1;
        }
        uint32_t word = 0;
        for (size_t k = 0; k < 4 - padding; k++) {
            uint8_t value = base64_value(text[i + k]);
            if (value == 0xff) {
                return -EINVAL;
            }
            word |= (uint32_t)value << (18 - 6 * k);
        }
        if (padding > 0 && (word & ((UINT32_C(1) << (8 * padding)) - 1)) != 0) {
            return -EINVAL;
        }
        for (size_t k = 0; k < 3 - padding; k++) {
            *out++ = (uint8_t)(word >> (16 - 8 * k));
        }
    }
    return out - start;
}

bool base64_valid(const char *text, size_t size)
{
    uint8_t out[3];
    for (size_t i = 0; i + 4 < size; i += 4) {
        if (base64_decode(out, text + i, 4) != 3) {
            return false;
        }
    }
    return size == 0 || (size % 4 == 0 && base64_decode(out, text + size - 4, 4) > 0);
}
