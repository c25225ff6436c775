/* Stage: from a JPEG to planes (libturbojpeg). One decoder per thread.
 *
 * A JPEG holds planes, and nearly always such as a struct picture has, so they are taken as they
 * are. Grey pictures get a neutral chroma, that of 4:1:1 is repeated; what libturbojpeg has no name
 * for, and JPEGs that hold RGB, go the way through RGB. */
#ifndef DETECTOR_DECODE_H
#define DETECTOR_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/picture.h"

/* A file of a few kilobytes can claim a picture that fills the memory; beyond
 * 8K it is not decoded. */
#define DECODE_PIXELS_MAX (40U * 1000 * 1000)

struct decoder;

struct decoder *decoder_create(void);
void decoder_destroy(struct decoder *decoder); /* NULL is allowed */

/* *flawed: the data has errors, but there is a picture to use. 0, or -1 when there is none;
 * decoder_error() says why. */
int decoder_run(struct decoder *decoder, const uint8_t *jpeg, size_t size, struct picture *picture,
                bool *flawed);

/* Why the last decoder_run() failed, or in what way the picture is flawed. */
const char *decoder_error(const struct decoder *decoder);

#endif
