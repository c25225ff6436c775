/* Where the simulated camera's pictures come from: a `.mjpeg` file (JPEGs back to back, or a recorded
 * multipart stream) or a folder of JPEGs in the order of their names. Everything is in memory before
 * the first picture is asked for. */
#ifndef TESTS_CAMSIM_FRAMES_H
#define TESTS_CAMSIM_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "tests/camsim/picture.h"

struct frames;

/* 0; -errno of the file; -ENODATA when there is no whole JPEG in it. */
int frames_open(struct frames **frames, const char *path);
void frames_close(struct frames *frames); /* NULL is allowed */

size_t frames_count(const struct frames *frames);

/* The picture of camera frame `number`, which counts from 1 and starts over behind the last one.
 * The caller releases it. */
struct picture *frames_get(const struct frames *frames, uint64_t number);

#endif
