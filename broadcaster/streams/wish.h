/* What one viewer wants of one stream: which pictures, drawn how, how many of them. Pure. */
#ifndef BROADCASTER_WISH_H
#define BROADCASTER_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/streams/stream.h"

#define WISH_CONF_LEAST    0.05
#define WISH_CONF_MOST     0.95
#define WISH_FPS_LEAST     0.1
#define WISH_FPS_MOST      60.0
#define WISH_SKIP_MOST     100
#define WISH_QUALITY_LEAST 10
#define WISH_QUALITY_MOST  100

enum wish_labels {
    WISH_LABELS_DEFAULT, /* as the camera's default rendering has them */
    WISH_LABELS_SHOWN,
    WISH_LABELS_HIDDEN,
};

struct wish {
    enum stream_kind kind;
    enum wish_labels labels; /* detect: class and confidence beside each box */
    double conf;             /* detect: boxes from this confidence on; 0: the camera's default */
    double fps;              /* so many frames a second at most; 0: all that come */
    uint32_t skip_frames;    /* of so many camera frames one at most; 1: all of them */
    uint32_t quality;        /* detect: of the JPEG, at most; 0: the default rendering's */
    bool metadata;           /* raw: the detections of its frames as well */
};

/* --- as viewers say it, in a query or in a message --- */

enum wish_field {
    WISH_CONF,
    WISH_FPS,
    WISH_SKIP_FRAMES,
    WISH_QUALITY,
    WISH_LABELS,
    WISH_METADATA,
    WISH_FIELDS
};

/* What has been said; the rest stays as it is. */
struct wish_changes {
    unsigned given;   /* a bit for each wish_field */
    struct wish wish; /* only what is given counts */
};

const char *wish_field_name(enum wish_field field); /* "show_labels" */

/* Takes one value as it was said: a number, or one of true, false, 1, 0, yes, no, on, off. NULL, or
 * what is wrong with it in words (a literal): then nothing has changed. */
const char *wish_read(struct wish_changes *changes, enum wish_field field, const char *text);

void wish_apply(struct wish *wish, const struct wish_changes *changes);

#endif
