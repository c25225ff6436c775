#include "broadcaster/network/shared_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"

struct shared_bytes *shared_bytes_create(size_t size)
{
    return shared_bytes_resize(NULL, size);
}

struct shared_bytes *shared_bytes_resize(struct shared_bytes *bytes, size_t size)
{
    if (size > SIZE_MAX - sizeof *bytes) {
        die("out of memory");
    }
    bytes = xreallocarray(bytes, sizeof *bytes + size, 1);
    bytes->references = 1;
    bytes->size = size;
    bytes->file = -1;
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
        fd_close(&bytes->file);
        free(bytes);
    }
}

void shared_bytes_open_file(struct shared_bytes *bytes)
{
    if (bytes->file >= 0) {
        return;
    }
    bytes->file = memfd_create("ringcast-message", MFD_CLOEXEC);
    if (bytes->file < 0 || write(bytes->file, bytes->data, bytes->size) != (ssize_t)bytes->size) {
        log_debug("a message is sent by copying: %s", strerror(errno));
        fd_close(&bytes->file);
    }
}

void shared_bytes_close_file(struct shared_bytes *bytes)
{
    fd_close(&bytes->file);
}
