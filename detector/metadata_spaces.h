/* The part of the metadata that tells of parking spaces. Thread-safe. */
#ifndef DETECTOR_METADATA_SPACES_H
#define DETECTOR_METADATA_SPACES_H

#include <jansson.h>
#include <stdbool.h>

#include "detector/metadata.h"

/* How much of it there is room for. */
struct metadata_extent {
    bool polygons;
    size_t boxes, spaces;
};

/* Adds occupied_spaces, total_spaces, space_occupancy, matched_detections and, when there are any,
 * space_events. `detections` are those of the metadata, in the order of its boxes. */
void metadata_add_spaces(const struct metadata *metadata, const struct metadata_extent *extent,
                         json_t *detections, json_t *object);

#endif
