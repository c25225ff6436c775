/* A view of bytes that somebody else owns. */
#ifndef BROADCASTER_BYTE_SPAN_H
#define BROADCASTER_BYTE_SPAN_H

#include <stddef.h>
#include <stdint.h>

struct byte_span {
    const uint8_t *data; /* not NUL-terminated */
    size_t size;
};

#endif
