#include "detector/picture.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

void picture_resize(struct picture *picture, int width, int height)
{
    size_t size = (size_t)width * (size_t)height * 3;
    if (size > picture->capacity) {
        free(picture->pixels);
        picture->pixels = xmalloc(size);
        picture->capacity = size;
    }
    picture->width = width;
    picture->height = height;
}

void picture_copy(struct picture *copy, const struct picture *picture)
{
    picture_resize(copy, picture->width, picture->height);
    memcpy(copy->pixels, picture->pixels, (size_t)picture->width * (size_t)picture->height * 3);
}

void picture_finish(struct picture *picture)
{
    free(picture->pixels);
    *picture = (struct picture){0};
}
