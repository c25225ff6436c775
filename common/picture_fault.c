#include "common/picture_fault.h"

#include <stdio.h>
#include <string.h>

const char *picture_fault_text(enum jpeg_fault fault)
{
    static const char *const texts[JPEG_FAULTS] = {
        [JPEG_WHOLE] = "nothing is wrong",
        [JPEG_NOT_JPEG] = "the picture is not a JPEG",
        [JPEG_TRUNCATED] = "the JPEG has no end",
        [JPEG_CORRUPT] = "the JPEG is corrupt",
        [JPEG_NO_FRAME] = "the JPEG has no frame header",
        [JPEG_BAD_SIZE] = "the JPEG's width or height is 0 or above 16384",
        [JPEG_TOO_LARGE] = "the JPEG is too large",
        [JPEG_UNPAINTED] = "the camera's mask cannot be painted into the picture",
    };
    return texts[fault];
}

const char *picture_other_kind(const uint8_t *bytes, size_t size)
{
    static const struct {
        size_t at, size;
        const char *magic, *kind;
    } kinds[] = {
        {0, 8, "\x89PNG\r\n\x1a\n", "a PNG"},
        {8, 4, "WEBP", "a WebP"},
        {0, 4, "GIF8", "a GIF"},
        {4, 8, "ftypheic", "an HEIC"},
        {4, 8, "ftypmif1", "an HEIF"},
        {4, 8, "ftypavif", "an AVIF"},
        {4, 4, "ftyp", "a film"},
        {0, 4, "\x1a\x45\xdf\xa3", "a WebM film"},
        {0, 2, "BM", "a BMP"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (size >= kinds[i].at + kinds[i].size &&
            memcmp(bytes + kinds[i].at, kinds[i].magic, kinds[i].size) == 0) {
            return kinds[i].kind;
        }
    }
    return NULL;
}

void picture_fault_write(char text[PICTURE_FAULT_SIZE], enum jpeg_fault fault, const uint8_t *bytes,
                         size_t size)
{
    const char *kind = fault == JPEG_NOT_JPEG ? picture_other_kind(bytes, size) : NULL;
    if (kind != NULL) {
        snprintf(text, PICTURE_FAULT_SIZE, "the picture is %s: only JPEG is taken", kind);
    } else {
        snprintf(text, PICTURE_FAULT_SIZE, "%s", picture_fault_text(fault));
    }
}
