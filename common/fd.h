/* File descriptors. Nothing here is bound to a thread. */
#ifndef COMMON_FD_H
#define COMMON_FD_H

#include <stddef.h>
#include <stdint.h>

/* Closes *fd when it is not negative and sets it to -1. errno is left as it was. */
void fd_close(int *fd);

int fd_set_nonblocking(int fd); /* 0 or -errno */

/* Lets the process open as many descriptors as its hard limit allows: the soft limit, usually 1024,
 * is meant for programs that select(). Where that cannot be, things stay as they are. */
void fd_raise_limit(void);

/* Reads a whole file of at most `limit` bytes. *data is the caller's to free() and has a NUL behind
 * its last byte that *size does not count. 0 or -errno (-EFBIG beyond the limit). */
int fd_read_file(const char *path, size_t limit, uint8_t **data, size_t *size);

/* Puts `size` bytes under `path` so that a reader sees the old or the new file, whole, even if the
 * machine stops in between: temporary file beside it, fsync, rename, fsync of the folder. */
int fd_write_file(const char *path, const void *data, size_t size); /* 0 or -errno */

/* Makes the folder `path` and its parents, 0755, where they are not there yet. 0 or -errno. */
int fd_make_directory(const char *path);

/* Makes the folder `path` (and its parents, 0755) with mode 0700; one that exists must
 * belong to this user, be closed to all others and take new files. 0 or -errno (-EPERM for a
 * foreign or open one). */
int fd_make_private_directory(const char *path);

/* A POSIX shared memory object without a name: *writable is O_RDWR, *readable the same object
 * opened O_RDONLY (it cannot be mapped writable). The space is allocated now, so a full /dev/shm is
 * -ENOSPC here and not a SIGBUS later. The caller closes both. 0 or -errno. */
int fd_shared_memory(size_t size, int *writable, int *readable);

#endif
