/* Files in their gzip form, the latest used ones, within a bound of memory. One thread. */
#ifndef BROADCASTER_GZIP_CACHE_H
#define BROADCASTER_GZIP_CACHE_H

#include <stddef.h>

#include "broadcaster/network/shared_bytes.h"

#define GZIP_CACHE_FILES    256
#define GZIP_CACHE_TAG_SIZE 80

struct gzip_cache;

/* `most`: bytes of all files together. */
struct gzip_cache *gzip_cache_create(size_t most);
void gzip_cache_destroy(struct gzip_cache *cache); /* NULL is allowed */

/* The file whose version bears this tag, or NULL. The cache's: take a reference to keep it. */
struct shared_bytes *gzip_cache_find(struct gzip_cache *cache, const char *tag);

/* For a tag that is not there yet; takes a reference. What was not asked for longest makes room.
 * Larger than all the room: nothing is kept. */
void gzip_cache_add(struct gzip_cache *cache, const char *tag, struct shared_bytes *bytes);

#endif
