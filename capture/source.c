#include "capture/source.h"

#include <string.h>

const struct source_type *source_type_of(const struct config_camera *camera)
{
    switch (camera->source) {
    case SOURCE_SNAPSHOT:
        return &snapshot_source;
    case SOURCE_FILE:
        return &file_source;
    case SOURCE_MJPEG:
    case SOURCE_PUSH: /* has no capture */
        break;
    }
    return &mjpeg_source;
}

static bool text_differs(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

bool source_differs(const struct config_camera *a, const struct config_camera *b)
{
    return a->source != b->source || text_differs(a->url, b->url) ||
           text_differs(a->path, b->path) || text_differs(a->user, b->user) ||
           text_differs(a->password, b->password) || a->tls_verify != b->tls_verify ||
           (a->source != SOURCE_MJPEG && a->source_fps != b->source_fps);
}
