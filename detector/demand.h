/* What viewers want of a camera, as the broadcaster's `demand` message says it.
 *
 *   {"type":"demand","after":"","next":null,"cameras":[{"camera":"CAM1","rate":10,"metadata":true,
 *     "renderings":[{"id":0,"conf":0.25,"show_labels":true,"quality":85}]}]}
 *
 * Members that are missing or null have the default: of `rate` the camera's own, of a rendering's
 * members those of the configuration. A message is a page: the whole of what is wanted of all
 * cameras whose ids come behind `after` and not behind `next` (missing, "" or null: the
 * beginning, the end). Pure. */
#ifndef DETECTOR_DEMAND_H
#define DETECTOR_DEMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/camera_id.h"

#define DEMAND_RENDERINGS_MAX 32
#define DEMAND_ERROR_SIZE     160

/* One way in which a camera's result is drawn. */
struct rendering {
    uint32_t id;
    float conf; /* least confidence that is drawn and listed */
    bool show_labels;
    int quality; /* JPEG, 1 to 100 */
};

/* What one message says of one camera. */
struct demand_wish {
    char camera[CAMERA_ID_SIZE];
    double rate; /* frames per second; 0: the camera's own */
    bool metadata;
    struct rendering renderings[DEMAND_RENDERINGS_MAX];
    size_t rendering_count;
};

/* Reads one entry of `cameras`. `defaults` has conf, show_labels and quality for renderings that do
 * not say. 0, or -1 with the cause in `error`. */
int demand_parse(const json_t *entry, const struct rendering *defaults, struct demand_wish *wish,
                 char error[DEMAND_ERROR_SIZE]);

/* Which cameras a message speaks of. The texts live as long as the message. */
struct demand_page {
    const char *after; /* "": from the first on */
    const char *next;  /* NULL: to the last */
};

void demand_page_of(const json_t *message, struct demand_page *page);
bool demand_page_covers(const struct demand_page *page, const char *camera);

/* What is kept for a camera. Zeroed memory is no demand. */
struct demand {
    double rate; /* 0: the camera's own */
    bool metadata;
    struct demand_slot {
        struct rendering rendering;
        bool drawn;     /* some frame has been drawn with these settings */
        size_t viewers; /* as the broadcaster said last */
    } slots[DEMAND_RENDERINGS_MAX];
    size_t count;
};

/* Takes a wish over; NULL: nothing is wanted any more. A rendering that was wanted before and looks
 * the same stays drawn. */
void demand_set(struct demand *demand, const struct demand_wish *wish);

struct demand_slot *demand_find(struct demand *demand, uint32_t rendering); /* or NULL */

/* True while anything is wanted. */
bool demand_any(const struct demand *demand);

#endif
