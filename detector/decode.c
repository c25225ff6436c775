#include "detector/decode.h"

#include <stdlib.h>
#include <turbojpeg.h>

#include "common/jpeg_info.h"
#include "common/log.h"
#include "common/memory.h"

struct decoder {
    tjhandle handle;
    const char *error;
};

struct decoder *decoder_create(void)
{
    struct decoder *decoder = xcalloc(1, sizeof *decoder);
    decoder->handle = tjInitDecompress();
    decoder->error = "";
    if (decoder->handle == NULL) {
        die("libturbojpeg cannot be initialised: %s", tjGetErrorStr2(NULL));
    }
    return decoder;
}

void decoder_destroy(struct decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    tjDestroy(decoder->handle);
    free(decoder);
}

int decoder_run(struct decoder *decoder, const uint8_t *jpeg, size_t size, struct picture *picture,
                bool *flawed)
{
    struct jpeg_info info;
    enum jpeg_fault fault = jpeg_info_read_framed(jpeg, size, &info);
    *flawed = false;
    if (fault != JPEG_WHOLE) {
        decoder->error = jpeg_fault_name(fault);
        return -1;
    }
    if ((uint64_t)info.width * info.height > DECODE_PIXELS_MAX) {
        decoder->error = "more than 40 million pixels";
        return -1;
    }
    picture_resize(picture, (int)info.width, (int)info.height);
    /* Straight to RGB: that way every sampling is taken, those without a name in libturbojpeg too. */
    if (tjDecompress2(decoder->handle, jpeg, size, picture->pixels, picture->width, 0,
                      picture->height, TJPF_RGB, 0) < 0) {
        decoder->error = tjGetErrorStr2(decoder->handle);
        *flawed = tjGetErrorCode(decoder->handle) == TJERR_WARNING;
        return *flawed ? 0 : -1;
    }
    return 0;
}

const char *decoder_error(const struct decoder *decoder)
{
    return decoder->error;
}
