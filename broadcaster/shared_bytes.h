/* Bytes that many connections send at once: built, then never changed, freed with the last reference.
 * One thread. */
#ifndef BROADCASTER_SHARED_BYTES_H
#define BROADCASTER_SHARED_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct shared_bytes {
    size_t references;
    size_t size; /* bytes in use */
    uint8_t data[];
};

/* One reference, the caller's. `size` bytes, not initialised. */
struct shared_bytes *shared_bytes_create(size_t size);
struct shared_bytes *shared_bytes_ref(struct shared_bytes *bytes);
void shared_bytes_unref(struct shared_bytes *bytes); /* NULL is allowed */

#endif
