#include "broadcaster/protocol/static_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/own_folder.h"

#define STATIC_FILE_MAX ((off_t)16 << 20) /* bytes */

/* --- where it is --- */

/* What stands at `relative` to this program, without links and ".."; NULL: nothing does. */
static char *folder_beside_program(const char *relative)
{
    char *path = own_folder_path(relative);
    char *whole = path != NULL ? realpath(path, NULL) : NULL;
    free(path);
    return whole;
}

char *static_folder_find(void)
{
    char *built = folder_beside_program("../web");
    return built != NULL ? built : folder_beside_program("../../share/ringcast/web");
}

/* --- one file of it --- */

/* Opens the next part of the path below *folder, which is closed. -errno on failure. */
static int folder_step(int *folder, const char *part, int flags)
{
    if (part[0] == '.' || part[0] == '\0') {
        fd_close(folder);
        return -ENOENT;
    }
    int fd = openat(*folder, part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags);
    int result = fd < 0 ? -errno : fd;
    fd_close(folder);
    return result;
}

int static_folder_open(const char *folder, const char *path, struct stat *status)
{
    char parts[PATH_MAX];
    int length = snprintf(parts, sizeof parts, "%s", path + 1);
    if (folder == NULL || length < 0 || (size_t)length >= sizeof parts) {
        return -ENOENT;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    char *part = parts;
    for (char *slash; fd >= 0 && (slash = strchr(part, '/')) != NULL; part = slash + 1) {
        *slash = '\0';
        fd = folder_step(&fd, part, O_DIRECTORY);
    }
    if (fd >= 0) {
        fd = folder_step(&fd, part, 0);
    }
    if (fd >= 0 &&
        (fstat(fd, status) < 0 || !S_ISREG(status->st_mode) || status->st_size > STATIC_FILE_MAX)) {
        fd_close(&fd);
        return -ENOENT;
    }
    return fd;
}

bool static_folder_is_short(int result)
{
    return result == -EMFILE || result == -ENFILE;
}

struct shared_bytes *static_folder_read(int fd, size_t size)
{
    struct shared_bytes *bytes = shared_bytes_create(size);
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, bytes->data + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            shared_bytes_unref(bytes);
            return NULL;
        }
        done += (size_t)got;
    }
    return bytes;
}
