#include "capture/clip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/mjpeg_parser.h"
#include "common/fd.h"
#include "common/memory.h"

#define READ_BYTES  (256 * 1024)
#define INDEX_BYTES (8 * 1024 * 1024) /* looked through by one clip_index(): a few milliseconds */

struct clip_place {
    uint64_t offset;
    uint32_t size;
};

struct clip {
    size_t max_frame_bytes;
    int fd; /* the file or the folder */

    /* A file. */
    struct mjpeg_parser *parser; /* while it is being indexed */
    struct clip_place *places;
    size_t capacity;
    void (*bad)(void *arg, enum jpeg_fault fault);
    void *bad_arg;

    /* A folder. */
    struct dirent **names;

    size_t count; /* places or names */
    uint8_t *bytes;
    size_t bytes_capacity;
};

/* --- opening --- */

static int clip_is_picture(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return ending != NULL && (strcasecmp(ending, ".jpg") == 0 || strcasecmp(ending, ".jpeg") == 0);
}

static int clip_list_folder(struct clip *clip)
{
    /* By number within the name: 2.jpg comes before 10.jpg. */
    int count = scandirat(clip->fd, ".", &clip->names, clip_is_picture, versionsort);
    if (count < 0) {
        return -errno;
    }
    clip->count = (size_t)count;
    return 0;
}

static void clip_on_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    struct clip *clip = arg;
    (void)jpeg;
    if (clip->count == clip->capacity) {
        clip->capacity = clip->capacity > 0 ? 2 * clip->capacity : 256;
        clip->places = xreallocarray(clip->places, clip->capacity, sizeof *clip->places);
    }
    clip->places[clip->count++] =
        (struct clip_place){.offset = mjpeg_parser_offset(clip->parser), .size = info->size};
}

static void clip_on_bad(void *arg, enum jpeg_fault fault)
{
    const struct clip *clip = arg;
    if (clip->bad != NULL) {
        clip->bad(clip->bad_arg, fault);
    }
}

int clip_open(struct clip **clip, const char *path, size_t max_frame_bytes)
{
    static const struct mjpeg_parser_handlers handlers = {.picture = clip_on_picture,
                                                          .bad = clip_on_bad};
    struct clip *opened = xcalloc(1, sizeof *opened);
    struct stat status;
    opened->max_frame_bytes = max_frame_bytes;
    int result = 0;
    /* Without O_NONBLOCK a path that names a pipe would stop the process here. */
    opened->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened->fd < 0 || fstat(opened->fd, &status) < 0) {
        result = -errno;
    } else if (S_ISDIR(status.st_mode)) {
        result = clip_list_folder(opened);
    } else if (S_ISREG(status.st_mode)) {
        opened->parser = mjpeg_parser_create(NULL, max_frame_bytes, &handlers, opened);
    } else {
        result = -EINVAL;
    }
    if (result < 0) {
        clip_close(opened);
        return result;
    }
    *clip = opened;
    return 0;
}

void clip_close(struct clip *clip)
{
    if (clip == NULL) {
        return;
    }
    for (size_t i = 0; clip->names != NULL && i < clip->count; i++) {
        free(clip->names[i]);
    }
    free(clip->names);
    free(clip->places);
    free(clip->bytes);
    mjpeg_parser_destroy(clip->parser);
    fd_close(&clip->fd);
    free(clip);
}

/* --- indexing --- */

static void clip_reserve(struct clip *clip, size_t size)
{
    if (clip->bytes_capacity < size) {
        clip->bytes = xreallocarray(clip->bytes, size, 1);
        clip->bytes_capacity = size;
    }
}

int clip_index(struct clip *clip, void (*bad)(void *arg, enum jpeg_fault fault), void *arg)
{
    if (clip->parser == NULL) {
        return 0;
    }
    clip->bad = bad;
    clip->bad_arg = arg;
    clip_reserve(clip, READ_BYTES);
    for (size_t done = 0; done < INDEX_BYTES;) {
        ssize_t got = read(clip->fd, clip->bytes, READ_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            mjpeg_parser_finish(clip->parser);
            mjpeg_parser_destroy(clip->parser);
            clip->parser = NULL;
            return 0;
        }
        mjpeg_parser_feed(clip->parser, clip->bytes, (size_t)got, 0);
        done += (size_t)got;
    }
    return 1;
}

size_t clip_count(const struct clip *clip)
{
    return clip->count;
}

/* --- reading --- */

static bool read_exactly(int fd, uint8_t *bytes, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t got = pread(fd, bytes, size, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        bytes += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

/* Opens a picture of the folder; its size, or 0 where it cannot be read. */
static size_t clip_open_picture(const struct clip *clip, size_t position, int *fd)
{
    struct stat status;
    *fd = openat(clip->fd, clip->names[position]->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < 0) {
        return 0;
    }
    return (size_t)status.st_size;
}

enum jpeg_fault clip_read(struct clip *clip, size_t position, struct jpeg_info *info,
                          const uint8_t **jpeg)
{
    enum jpeg_fault fault = JPEG_TRUNCATED;
    int picture_fd = -1;
    size_t size;
    uint64_t offset = 0;
    if (clip->names != NULL) {
        size = clip_open_picture(clip, position, &picture_fd);
    } else {
        size = clip->places[position].size;
        offset = clip->places[position].offset;
    }
    if (size > clip->max_frame_bytes) {
        fault = JPEG_TOO_LARGE;
    } else if (size > 0) {
        clip_reserve(clip, size);
        if (read_exactly(picture_fd >= 0 ? picture_fd : clip->fd, clip->bytes, size, offset)) {
            fault = jpeg_info_read_framed(clip->bytes, size, info);
            *jpeg = clip->bytes;
        }
    }
    fd_close(&picture_fd);
    return fault;
}
