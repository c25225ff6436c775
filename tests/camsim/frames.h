/* Where the simulated camera's pictures come from: a `.mjpeg` file (JPEGs back to back, or a
 * recorded multipart stream) or a folder of JPEGs in the order of their names, everything in memory
 * before the first picture is asked for; or a simulated scene. */
#ifndef TESTS_CAMSIM_FRAMES_H
#define TESTS_CAMSIM_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "tests/camsim/picture.h"
#include "tests/camsim/scene.h"

struct frames;

/* 0; -errno of the file; -ENODATA when there is no whole JPEG in it. */
int frames_open(struct frames **frames, const char *path);

/* Pictures of a scene, `count` of them; SIZE_MAX: without end. Takes the scene. */
struct frames *frames_of_scene(struct scene *scene, size_t count);

void frames_close(struct frames *frames); /* NULL is allowed */

size_t frames_count(const struct frames *frames);

/* NULL: they are no pictures of a scene. */
struct scene *frames_scene(const struct frames *frames);

/* The picture of camera frame `number`, which counts from 1 and starts over behind the last one.
 * The caller releases it. */
struct picture *frames_get(const struct frames *frames, uint64_t number);

#endif
