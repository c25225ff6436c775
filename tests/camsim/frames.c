#include "tests/camsim/frames.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/jpeg_info.h"
#include "common/memory.h"

#define FRAMES_FILE_MAX ((size_t)1 << 30)

struct frames {
    struct picture **pictures; /* NULL: a scene's */
    struct scene *scene;
    size_t count, capacity;
};

static void frames_add(struct frames *frames, const uint8_t *bytes, size_t size)
{
    if (frames->count == frames->capacity) {
        frames->capacity = frames->capacity > 0 ? 2 * frames->capacity : 64;
        frames->pictures =
            xreallocarray(frames->pictures, frames->capacity, sizeof(struct picture *));
    }
    frames->pictures[frames->count++] = picture_create(bytes, size);
}

/* Takes every whole JPEG out of `bytes`; what stands between them (part headers) is passed over. */
static void frames_split(struct frames *frames, const uint8_t *bytes, size_t size)
{
    static const uint8_t start_of_image[] = {0xff, 0xd8, 0xff};
    const uint8_t *end = bytes + size;
    for (;;) {
        bytes = memmem(bytes, (size_t)(end - bytes), start_of_image, sizeof start_of_image);
        if (bytes == NULL) {
            return;
        }
        struct jpeg_walk walk;
        size_t taken = 0;
        jpeg_walk_init(&walk);
        if (jpeg_walk_feed(&walk, bytes, (size_t)(end - bytes), &taken) == JPEG_WALK_END) {
            frames_add(frames, bytes, taken);
            bytes += taken;
        } else {
            bytes += 2;
        }
    }
}

static int frames_read_file(struct frames *frames, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    int result = fd_read_file(path, FRAMES_FILE_MAX, &bytes, &size);
    if (result == 0) {
        frames_split(frames, bytes, size);
        free(bytes);
    }
    return result;
}

static int frames_is_jpeg_name(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static int frames_read_folder(struct frames *frames, const char *path)
{
    struct dirent **entries = NULL;
    int found = scandir(path, &entries, frames_is_jpeg_name, alphasort);
    int result = found < 0 ? -errno : 0;
    for (int i = 0; i < found; i++) {
        if (result == 0) {
            char *name = xasprintf("%s/%s", path, entries[i]->d_name);
            result = frames_read_file(frames, name);
            free(name);
        }
        free(entries[i]);
    }
    free(entries);
    return result;
}

int frames_open(struct frames **frames, const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0) {
        return -errno;
    }
    struct frames *opened = xcalloc(1, sizeof *opened);
    int result =
        S_ISDIR(status.st_mode) ? frames_read_folder(opened, path) : frames_read_file(opened, path);
    if (result == 0 && opened->count == 0) {
        result = -ENODATA;
    }
    if (result < 0) {
        frames_close(opened);
        return result;
    }
    *frames = opened;
    return 0;
}

struct frames *frames_of_scene(struct scene *scene, size_t count)
{
    struct frames *frames = xcalloc(1, sizeof *frames);
    frames->scene = scene;
    frames->count = count;
    return frames;
}

void frames_close(struct frames *frames)
{
    if (frames == NULL) {
        return;
    }
    for (size_t i = 0; frames->pictures != NULL && i < frames->count; i++) {
        picture_release(frames->pictures[i]);
    }
    scene_destroy(frames->scene);
    free(frames->pictures);
    free(frames);
}

size_t frames_count(const struct frames *frames)
{
    return frames->count;
}

struct scene *frames_scene(const struct frames *frames)
{
    return frames->scene;
}

struct picture *frames_get(const struct frames *frames, uint64_t number)
{
    if (frames->scene != NULL) {
        return scene_take(frames->scene, (number - 1) % frames->count + 1);
    }
    return picture_hold(frames->pictures[(number - 1) % frames->count]);
}
