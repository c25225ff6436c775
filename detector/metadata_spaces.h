/* The part of the metadata that tells of parking spaces. Thread-safe. */
#ifndef DETECTOR_METADATA_SPACES_H
#define DETECTOR_METADATA_SPACES_H

#include <stdbool.h>
#include <stddef.h>

#include "detector/json_text.h"
#include "detector/metadata.h"

/* How much of it there is room for. */
struct metadata_extent {
    bool polygons;
    size_t boxes, spaces;
};

/* Adds occupied_spaces, total_spaces, space_occupancy, matched_detections and, when there are any,
 * space_events to an object that is open. */
void metadata_add_spaces(struct json_text *text, const struct metadata *metadata,
                         const struct metadata_extent *extent);

/* Adds a detection (metadata.c). Only a list of detections needs the centre. */
void metadata_add_detection(struct json_text *text, const struct metadata *metadata, size_t index,
                            const char *key, bool centre);

#endif
