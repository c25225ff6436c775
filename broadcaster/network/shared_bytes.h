/* Bytes that many connections send at once: built, then never changed, freed with the last
 * reference. One thread. */
#ifndef BROADCASTER_SHARED_BYTES_H
#define BROADCASTER_SHARED_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct shared_bytes {
    size_t references;
    size_t size; /* bytes in use */
    int file;    /* a descriptor with the same bytes, for transport_write_file(); -1: none */
    uint8_t data[];
};

/* One reference, the caller's. `size` bytes, not initialised. */
struct shared_bytes *shared_bytes_create(size_t size);
/* While they are built: `bytes` (the only reference; NULL: none yet) with room for `size`, the
 * content kept. Takes the old reference, returns the new one. */
struct shared_bytes *shared_bytes_resize(struct shared_bytes *bytes, size_t size);

struct shared_bytes *shared_bytes_ref(struct shared_bytes *bytes);
void shared_bytes_unref(struct shared_bytes *bytes); /* NULL is allowed */

/* Puts the bytes, which must be complete, into nameless memory of the kernel too. Sockets then
 * refer to its pages where they would copy the bytes: worth it when many connections send them.
 * Without the descriptors for it nothing changes. */
void shared_bytes_open_file(struct shared_bytes *bytes);

/* Gives the descriptor back while others still send: the rest is copied from `data`. */
void shared_bytes_close_file(struct shared_bytes *bytes);

#endif
