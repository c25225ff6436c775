/* Base64 with the standard alphabet, padded and canonical: RFC 4648, section 4, nothing else. Pure;
 * thread-safe. */
#ifndef BROADCASTER_BASE64_H
#define BROADCASTER_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Characters that `size` bytes become, padding included; no NUL is counted. */
static inline size_t base64_encoded_size(size_t size)
{
    return (size / 3 + (size % 3 != 0)) * 4;
}

/* The most bytes that base64_decode() writes for `size` characters. */
static inline size_t base64_decoded_size_max(size_t size)
{
    return size / 4 * 3;
}

/* Writes base64_encoded_size(size) characters (no NUL) and returns how many. */
size_t base64_encode(char *out, const void *data, size_t size);

/* Writes at most base64_decoded_size_max(size) bytes and returns how many; -EINVAL when the text is
 * not base64: another character (white space too), a length that is no multiple of four, padding in
 * the middle, bits behind the end that are not zero. Then `out` may hold anything. */
ssize_t base64_decode(uint8_t *out, const char *text, size_t size);

/* True when base64_decode() would succeed. */
bool base64_valid(const char *text, size_t size);

#endif
