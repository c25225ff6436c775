#include "detector/metadata.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/frame_container.h"
#include "common/log.h"
#include "detector/metadata_spaces.h"

/* Enough digits for seconds since 1970 with five decimals, and few enough for 0.9 to stay 0.9. */
#define METADATA_DIGITS 15

static json_t *metadata_rounded(double value, double steps)
{
    return json_real(round(value * steps) / steps);
}

static json_t *metadata_pixels(double value)
{
    return metadata_rounded(value, 10);
}

static json_t *metadata_detection(const struct metadata *metadata, size_t index)
{
    const struct box *box = &metadata->boxes[index];
    const uint64_t *tracks = metadata->observation->box_tracks;
    double x = (double)box->x, y = (double)box->y;
    double width = (double)box->width, height = (double)box->height;
    json_t *detection = json_pack(
        "{s:s, s:o, s:[oooo], s:[oo]}", "class", names_get(metadata->names, (size_t)box->class_id),
        "confidence", metadata_rounded((double)box->confidence, 1e4), "bbox", metadata_pixels(x),
        metadata_pixels(y), metadata_pixels(width), metadata_pixels(height), "center",
        metadata_pixels(x + width / 2), metadata_pixels(y + height / 2));
    if (tracks != NULL && tracks[index] > 0) {
        json_object_set_new(detection, "track_id", json_integer((json_int_t)tracks[index]));
    }
    return detection;
}

/* The camera's own number and time; null what it does not send, or beyond JSON's integers. */
static json_t *metadata_source(const struct frame_info *frame)
{
    json_t *source = json_object();
    bool numbered = frame->source_number > 0 && frame->source_number <= INT64_MAX;
    json_object_set_new(source, "number",
                        numbered ? json_integer((json_int_t)frame->source_number) : json_null());
    json_object_set_new(source, "time",
                        frame->source_time_ns > 0
                            ? metadata_rounded((double)frame->source_time_ns / 1e9, 1e6)
                            : json_null());
    return source;
}

static json_t *metadata_duration(uint64_t from_ns, uint64_t to_ns)
{
    return json_integer((json_int_t)(clock_elapsed_ns(from_ns, to_ns) / NS_PER_US));
}

static json_t *metadata_stages(const struct metadata *metadata)
{
    const struct frame_info *frame = metadata->frame;
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "received",
                     metadata_duration(frame->captured_ns, frame->received_ns), "published",
                     metadata_duration(frame->received_ns, frame->published_ns), "taken",
                     metadata_duration(frame->published_ns, metadata->taken_ns), "inferred",
                     metadata_duration(metadata->taken_ns, metadata->inferred_ns), "encoded",
                     metadata_duration(metadata->inferred_ns, metadata->encoded_ns));
}

static void metadata_add_tracks(const struct observation *observation, json_t *object)
{
    json_object_set_new(object, "tracking_enabled", json_boolean(observation->tracking));
    if (!observation->tracking) {
        return;
    }
    json_t *ids = json_array();
    for (size_t i = 0; i < observation->track_count; i++) {
        json_array_append_new(ids, json_integer((json_int_t)observation->tracks[i].id));
    }
    json_object_set_new(object, "track_ids", ids);
}

static json_t *metadata_object(const struct metadata *metadata,
                               const struct metadata_extent *extent)
{
    char timestamp[CLOCK_ISO8601_SIZE], generation[24];
    json_t *detections = json_array();
    clock_iso8601(metadata->frame->captured_realtime_ns, timestamp);
    snprintf(generation, sizeof generation, "%" PRIu64, metadata->frame->generation);
    for (size_t i = 0; i < extent->boxes; i++) {
        json_array_append_new(detections, metadata_detection(metadata, i));
    }
    json_t *object = json_pack(
        "{s:I, s:s, s:O, s:o, s:{s:s, s:s, s:I, s:i, s:i}, s:o}", "vehicle_count",
        (json_int_t)metadata->vehicle_count, "timestamp", timestamp, "detections", detections,
        "source", metadata_source(metadata->frame), "frame", "camera", metadata->camera,
        "generation", generation, "number", (json_int_t)metadata->frame->number, "width",
        metadata->width, "height", metadata->height, "stages", metadata_stages(metadata));
    metadata_add_tracks(metadata->observation, object);
    if (metadata->observation->space_count > 0) {
        metadata_add_spaces(metadata, extent, detections, object);
    }
    json_decref(detections);
    return object;
}

/* Makes less of it, so that a text of `size` may fit. False when there is nothing left to leave out. */
static bool metadata_reduce(struct metadata_extent *extent, size_t size)
{
    if (extent->polygons) {
        extent->polygons = false;
    } else if (extent->boxes > 0) {
        extent->boxes = extent->boxes * FRAME_METADATA_MAX / size; /* fewer, for size is larger */
    } else if (extent->spaces > 0) {
        extent->spaces = extent->spaces * FRAME_METADATA_MAX / size;
    } else {
        return false;
    }
    return true;
}

char *metadata_compose(const struct metadata *metadata, size_t *size)
{
    struct metadata_extent extent = {.polygons = metadata->observation->space_count > 0,
                                     .boxes = metadata->box_count,
                                     .spaces = metadata->observation->space_count};
    for (;;) {
        json_t *object = metadata_object(metadata, &extent);
        char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(METADATA_DIGITS));
        json_decref(object);
        if (text == NULL) {
            die("out of memory for metadata");
        }
        *size = strlen(text);
        if (*size <= FRAME_METADATA_MAX || !metadata_reduce(&extent, *size)) {
            return text;
        }
        free(text);
    }
}
