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

static json_t *metadata_detection(const struct box *box, const struct names *names)
{
    double x = (double)box->x, y = (double)box->y;
    double width = (double)box->width, height = (double)box->height;
    return json_pack("{s:s, s:o, s:[oooo], s:[oo]}", "class",
                     names_get(names, (size_t)box->class_id), "confidence",
                     metadata_rounded((double)box->confidence, 1e4), "bbox", metadata_pixels(x),
                     metadata_pixels(y), metadata_pixels(width), metadata_pixels(height), "center",
                     metadata_pixels(x + width / 2), metadata_pixels(y + height / 2));
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

static json_t *metadata_object(const struct metadata *metadata, size_t box_count)
{
    char timestamp[CLOCK_ISO8601_SIZE], generation[24];
    json_t *detections = json_array();
    clock_iso8601(metadata->frame->captured_realtime_ns, timestamp);
    snprintf(generation, sizeof generation, "%" PRIu64, metadata->frame->generation);
    for (size_t i = 0; i < box_count; i++) {
        json_array_append_new(detections, metadata_detection(&metadata->boxes[i], metadata->names));
    }
    return json_pack("{s:I, s:s, s:o, s:o, s:{s:s, s:s, s:I, s:i, s:i}, s:o}", "vehicle_count",
                     (json_int_t)metadata->vehicle_count, "timestamp", timestamp, "detections",
                     detections, "source", metadata_source(metadata->frame), "frame", "camera",
                     metadata->camera, "generation", generation, "number",
                     (json_int_t)metadata->frame->number, "width", metadata->width, "height",
                     metadata->height, "stages", metadata_stages(metadata));
}

char *metadata_compose(const struct metadata *metadata, size_t *size)
{
    size_t box_count = metadata->box_count;
    for (;;) {
        json_t *object = metadata_object(metadata, box_count);
        char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(METADATA_DIGITS));
        json_decref(object);
        if (text == NULL) {
            die("out of memory for metadata");
        }
        *size = strlen(text);
        if (*size <= FRAME_METADATA_MAX || box_count == 0) {
            return text;
        }
        free(text);
        box_count = box_count * FRAME_METADATA_MAX / *size; /* below box_count, so this ends */
    }
}
