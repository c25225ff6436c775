#include "detector/metadata.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/frame_container.h"
#include "detector/metadata_spaces.h"

static void metadata_pixels(struct json_text *text, double value)
{
    json_text_real(text, NULL, value, 1);
}

/* What is told of every box, wherever it is told. */
static void metadata_box(struct json_text *text, const struct metadata *metadata,
                         const struct box *box)
{
    json_text_string(text, "class", names_get(metadata->names, (size_t)box->class_id));
    json_text_real(text, "confidence", (double)box->confidence, 4);
    json_text_open(text, "bbox", '[');
    metadata_pixels(text, (double)box->x);
    metadata_pixels(text, (double)box->y);
    metadata_pixels(text, (double)box->width);
    metadata_pixels(text, (double)box->height);
    json_text_close(text, ']');
}

static void metadata_track_id(struct json_text *text, const struct metadata *metadata, size_t index)
{
    const uint64_t *tracks = metadata->observation->box_tracks;
    if (tracks != NULL && tracks[index] > 0) {
        json_text_integer(text, "track_id", tracks[index]);
    }
}

void metadata_add_detection(struct json_text *text, const struct metadata *metadata, size_t index,
                            const char *key, bool centre)
{
    const struct box *box = &metadata->boxes[index];
    json_text_open(text, key, '{');
    metadata_box(text, metadata, box);
    if (centre) {
        json_text_open(text, "center", '[');
        metadata_pixels(text, (double)box->x + (double)box->width / 2);
        metadata_pixels(text, (double)box->y + (double)box->height / 2);
        json_text_close(text, ']');
    }
    metadata_track_id(text, metadata, index);
    json_text_close(text, '}');
}

/* The camera's own number and time; null what it does not send, or beyond JSON's integers. */
static void metadata_add_source(struct json_text *text, const struct frame_info *frame)
{
    json_text_open(text, "source", '{');
    if (frame->source_number > 0 && frame->source_number <= INT64_MAX) {
        json_text_integer(text, "number", frame->source_number);
    } else {
        json_text_null(text, "number");
    }
    if (frame->source_time_ns > 0) {
        json_text_real(text, "time", (double)frame->source_time_ns / 1e9, 6);
    } else {
        json_text_null(text, "time");
    }
    json_text_close(text, '}');
}

static void metadata_add_frame(struct json_text *text, const struct metadata *metadata)
{
    char generation[24];
    snprintf(generation, sizeof generation, "%" PRIu64, metadata->frame->generation);
    json_text_open(text, "frame", '{');
    json_text_string(text, "camera", metadata->camera);
    json_text_string(text, "generation", generation);
    json_text_integer(text, "number", metadata->frame->number);
    json_text_integer(text, "width", (uint64_t)metadata->width);
    json_text_integer(text, "height", (uint64_t)metadata->height);
    json_text_close(text, '}');
}

static void metadata_duration(struct json_text *text, const char *key, uint64_t from_ns,
                              uint64_t to_ns)
{
    json_text_integer(text, key, clock_elapsed_ns(from_ns, to_ns) / NS_PER_US);
}

static void metadata_add_stages(struct json_text *text, const struct metadata *metadata)
{
    const struct frame_info *frame = metadata->frame;
    json_text_open(text, "stages", '{');
    metadata_duration(text, "received", frame->captured_ns, frame->received_ns);
    metadata_duration(text, "published", frame->received_ns, frame->published_ns);
    metadata_duration(text, "taken", frame->published_ns, metadata->taken_ns);
    metadata_duration(text, "inferred", metadata->taken_ns, metadata->inferred_ns);
    metadata_duration(text, "encoded", metadata->inferred_ns, metadata->encoded_ns);
    json_text_close(text, '}');
}

static void metadata_add_tracks(struct json_text *text, const struct observation *observation)
{
    json_text_bool(text, "tracking_enabled", observation->tracking);
    if (!observation->tracking) {
        return;
    }
    json_text_open(text, "track_ids", '[');
    for (size_t i = 0; i < observation->track_count; i++) {
        json_text_integer(text, NULL, observation->tracks[i].id);
    }
    json_text_close(text, ']');
}

static void metadata_write(struct json_text *text, const struct metadata *metadata,
                           const struct metadata_extent *extent)
{
    char timestamp[CLOCK_ISO8601_SIZE];
    clock_iso8601(metadata->frame->captured_realtime_ns, timestamp);
    json_text_open(text, NULL, '{');
    json_text_integer(text, "vehicle_count", metadata->vehicle_count);
    json_text_string(text, "timestamp", timestamp);
    json_text_open(text, "detections", '[');
    for (size_t i = 0; i < extent->boxes; i++) {
        metadata_add_detection(text, metadata, i, NULL, true);
    }
    json_text_close(text, ']');
    metadata_add_source(text, metadata->frame);
    metadata_add_frame(text, metadata);
    metadata_add_stages(text, metadata);
    metadata_add_tracks(text, metadata->observation);
    if (metadata->observation->space_count > 0) {
        metadata_add_spaces(text, metadata, extent);
    }
    json_text_close(text, '}');
}

/* Makes less of it, so that a text of `size` may fit. False when there is
 * nothing left to leave out. */
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
    struct json_text text = {0};
    do {
        text.size = 0;
        metadata_write(&text, metadata, &extent);
    } while (text.size > FRAME_METADATA_MAX && metadata_reduce(&extent, text.size));
    return json_text_take(&text, size);
}
