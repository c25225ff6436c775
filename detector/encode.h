/* Stage: from planes to a JPEG (libturbojpeg, 4:2:0). One encoder per thread. */
#ifndef DETECTOR_ENCODE_H
#define DETECTOR_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "detector/picture.h"

struct encoder;

struct encoder *encoder_create(void);
void encoder_destroy(struct encoder *encoder); /* NULL is allowed */

/* A picture in cells of 2 x 2; `quality` 1 to 100. *jpeg is the encoder's and valid until the next
 * call. 0, or -1 when libturbojpeg does not want the picture; encoder_error() says why. */
int encoder_run(struct encoder *encoder, const struct picture *picture, int quality,
                const uint8_t **jpeg, size_t *size);

const char *encoder_error(const struct encoder *encoder);

#endif
