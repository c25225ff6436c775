#include "broadcaster/shared_bytes.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"

struct shared_bytes *shared_bytes_create(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct shared_bytes)) {
        die("out of memory");
    }
    struct shared_bytes *bytes = xmalloc(sizeof *bytes + size);
    bytes->references = 1;
    bytes->size = size;
    return bytes;
}

struct shared_bytes *shared_bytes_ref(struct shared_bytes *bytes)
{
    bytes->references++;
    return bytes;
}

void shared_bytes_unref(struct shared_bytes *bytes)
{
    if (bytes != NULL && --bytes->references == 0) {
        free(bytes);
    }
}
