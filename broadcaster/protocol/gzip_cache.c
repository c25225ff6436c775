#include "broadcaster/protocol/gzip_cache.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct gzip_entry {
    char tag[GZIP_CACHE_TAG_SIZE];
    struct shared_bytes *bytes;
    uint64_t asked; /* when: a count of questions */
};

struct gzip_cache {
    size_t most, size, count;
    uint64_t questions;
    struct gzip_entry entries[GZIP_CACHE_FILES]; /* in no order */
};

struct gzip_cache *gzip_cache_create(size_t most)
{
    struct gzip_cache *cache = xcalloc(1, sizeof *cache);
    cache->most = most;
    return cache;
}

void gzip_cache_destroy(struct gzip_cache *cache)
{
    for (size_t i = 0; cache != NULL && i < cache->count; i++) {
        shared_bytes_unref(cache->entries[i].bytes);
    }
    free(cache);
}

struct shared_bytes *gzip_cache_find(struct gzip_cache *cache, const char *tag)
{
    for (size_t i = 0; i < cache->count; i++) {
        struct gzip_entry *entry = &cache->entries[i];
        if (strcmp(entry->tag, tag) == 0) {
            entry->asked = ++cache->questions;
            return entry->bytes;
        }
    }
    return NULL;
}

static void gzip_cache_drop_oldest(struct gzip_cache *cache)
{
    struct gzip_entry *oldest = &cache->entries[0];
    for (size_t i = 1; i < cache->count; i++) {
        if (cache->entries[i].asked < oldest->asked) {
            oldest = &cache->entries[i];
        }
    }
    cache->size -= oldest->bytes->size;
    shared_bytes_unref(oldest->bytes);
    *oldest = cache->entries[--cache->count];
}

void gzip_cache_add(struct gzip_cache *cache, const char *tag, struct shared_bytes *bytes)
{
    if (bytes->size > cache->most) {
        return;
    }
    while (cache->count == GZIP_CACHE_FILES || cache->size + bytes->size > cache->most) {
        gzip_cache_drop_oldest(cache);
    }
    struct gzip_entry *entry = &cache->entries[cache->count++];
    snprintf(entry->tag, sizeof entry->tag, "%s", tag);
    entry->bytes = shared_bytes_ref(bytes);
    entry->asked = ++cache->questions;
    cache->size += bytes->size;
}
