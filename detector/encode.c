#include "detector/encode.h"

#include <assert.h>
#include <stdlib.h>
#include <turbojpeg.h>

#include "common/log.h"
#include "common/memory.h"

struct encoder {
    tjhandle handle;
    unsigned char *jpeg; /* room for the worst case of the largest picture so far */
    unsigned long capacity;
};

struct encoder *encoder_create(void)
{
    struct encoder *encoder = xcalloc(1, sizeof *encoder);
    encoder->handle = tjInitCompress();
    if (encoder->handle == NULL) {
        die("libturbojpeg cannot be initialised: %s", tjGetErrorStr2(NULL));
    }
    return encoder;
}

void encoder_destroy(struct encoder *encoder)
{
    if (encoder == NULL) {
        return;
    }
    tjDestroy(encoder->handle);
    free(encoder->jpeg);
    free(encoder);
}

int encoder_run(struct encoder *encoder, const struct picture *picture, int quality,
                const uint8_t **jpeg, size_t *size)
{
    assert(picture->cell_width == 2 && picture->cell_height == 2);
    unsigned long worst = tjBufSize(picture->width, picture->height, TJSAMP_420);
    if (worst > encoder->capacity) {
        free(encoder->jpeg);
        encoder->jpeg = xmalloc(worst);
        encoder->capacity = worst;
    }
    unsigned long used = encoder->capacity;
    const unsigned char *planes[PICTURE_PLANES];
    for (int plane = 0; plane < PICTURE_PLANES; plane++) {
        planes[plane] = picture->planes[plane];
    }
    if (tjCompressFromYUVPlanes(encoder->handle, planes, picture->width, picture->strides,
                                picture->height, TJSAMP_420, &encoder->jpeg, &used, quality,
                                TJFLAG_NOREALLOC) < 0) {
        return -1;
    }
    *jpeg = encoder->jpeg;
    *size = used;
    return 0;
}

const char *encoder_error(const struct encoder *encoder)
{
    return tjGetErrorStr2(encoder->handle);
}
