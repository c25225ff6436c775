/* A clip: a `.mjpeg` file or a folder of JPEGs, read picture by picture. Only places are kept in
 * memory. Nothing here is bound to a thread. */
#ifndef CAPTURE_CLIP_H
#define CAPTURE_CLIP_H

#include <stddef.h>
#include <stdint.h>

#include "common/jpeg_info.h"

struct clip;

/* Opens it; the pictures of a file are still to be found by clip_index(). 0 or -errno. */
int clip_open(struct clip **clip, const char *path, size_t max_frame_bytes);
void clip_close(struct clip *clip); /* NULL is allowed */

/* Finds more pictures in a file, a bounded piece of work at a time, for the event loop's
 * sake. 1: call again; 0: all are found; else -errno. `bad` (may be NULL) is called for
 * every broken picture. */
int clip_index(struct clip *clip, void (*bad)(void *arg, enum jpeg_fault fault), void *arg);

size_t clip_count(const struct clip *clip);

/* Reads picture `position` into the clip's memory: *jpeg is valid until the next call. JPEG_WHOLE,
 * or what is wrong with it; a file that went away or shrank is JPEG_TRUNCATED. */
enum jpeg_fault clip_read(struct clip *clip, size_t position, struct jpeg_info *info,
                          const uint8_t **jpeg);

#endif
