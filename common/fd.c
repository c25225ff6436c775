#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"

void fd_close(int *fd)
{
    if (*fd >= 0) {
        int saved_errno = errno;
        close(*fd);
        *fd = -1;
        errno = saved_errno;
    }
}

int fd_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -errno;
    }
    return 0;
}

void fd_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Reads until the end of the file; it may be longer or shorter than a stat() before would say. */
static int fd_read_all(int fd, size_t limit, uint8_t **data, size_t *size)
{
    size_t capacity = 4096, used = 0;
    uint8_t *bytes = xmalloc(capacity + 1);
    for (;;) {
        ssize_t got = read(fd, bytes + used, capacity - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            int result = got < 0 ? -errno : 0;
            if (result < 0) {
                free(bytes);
                return result;
            }
            bytes[used] = '\0';
            *data = bytes;
            *size = used;
            return 0;
        }
        used += (size_t)got;
        if (used > limit) {
            free(bytes);
            return -EFBIG;
        }
        if (used == capacity) {
            capacity *= 2;
            bytes = xreallocarray(bytes, capacity + 1, 1);
        }
    }
}

int fd_read_file(const char *path, size_t limit, uint8_t **data, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int result = fd_read_all(fd, limit, data, size);
    fd_close(&fd);
    return result;
}

static int fd_write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -errno;
        }
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

/* A rename is only safe against a power cut once the folder that holds the name is on disk. */
static int fd_sync_parent(const char *path)
{
    char *copy = xstrdup(path);
    int result = 0;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        result = -errno;
    }
    fd_close(&fd);
    free(copy);
    return result;
}

int fd_write_file(const char *path, const void *data, size_t size)
{
    char *temporary = xasprintf("%s.XXXXXX", path);
    int result = 0;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        result = -errno;
        goto free_name;
    }
    result = fd_write_all(fd, data, size);
    if (result == 0 && fsync(fd) < 0) {
        result = -errno;
    }
    fd_close(&fd);
    if (result == 0 && rename(temporary, path) < 0) {
        result = -errno;
    }
    if (result < 0) {
        unlink(temporary);
    } else {
        result = fd_sync_parent(path);
    }
free_name:
    free(temporary);
    return result;
}

/* The parents get 0755, the last one `mode`. */
static int fd_make_directories(const char *path, mode_t mode)
{
    if (path[0] == '\0') {
        return -ENOENT;
    }
    char *copy = xstrdup(path);
    int result = 0;
    for (char *slash = copy; result == 0 && (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        result = mkdir(copy, 0755) < 0 && errno != EEXIST ? -errno : 0;
        *slash = '/';
    }
    if (result == 0 && mkdir(copy, mode) < 0 && errno != EEXIST) {
        result = -errno;
    }
    free(copy);
    return result;
}

int fd_make_directory(const char *path)
{
    return fd_make_directories(path, 0755);
}

int fd_make_private_directory(const char *path)
{
    int result = fd_make_directories(path, 0700);
    if (result < 0) {
        return result;
    }
    struct stat status;
    if (lstat(path, &status) < 0) {
        return -errno;
    }
    if (!S_ISDIR(status.st_mode)) {
        return -ENOTDIR;
    }
    if (status.st_uid != geteuid() || (status.st_mode & 0077) != 0) {
        return -EPERM;
    }
    return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

int fd_shared_memory(size_t size, int *writable, int *readable)
{
    char name[64];
    uint64_t random;
    int result = 0;
    *writable = *readable = -1;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return -EIO;
    }
    snprintf(name, sizeof name, "/ringcast-%d-%016llx", (int)getpid(), (unsigned long long)random);
    *writable = shm_open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (*writable < 0) {
        return -errno;
    }
    *readable = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
    if (*readable < 0) {
        result = -errno;
    }
    /* From here on the object has no name: it lives as long as somebody holds it. */
    shm_unlink(name);
    if (result == 0) {
        do { /* a signal interrupts it, and the kernel takes back what it gave */
            result = -posix_fallocate(*writable, 0, (off_t)size);
        } while (result == -EINTR);
    }
    if (result < 0) {
        fd_close(writable);
        fd_close(readable);
    }
    return result;
}
