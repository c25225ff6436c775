#include "detector/metadata_spaces.h"

#include <math.h>

#include "common/clock.h"

/* Of a picture 4000 pixels wide this is a twenty-fifth of one. */
static json_t *spaces_relative(double value)
{
    return json_real(round(value * 1e5) / 1e5);
}

/* The wall-clock time of a moment that is near that of the frame. */
static json_t *spaces_moment(const struct frame_info *frame, uint64_t moment_ns)
{
    char text[CLOCK_ISO8601_SIZE];
    uint64_t realtime_ns = frame->captured_realtime_ns +
                           clock_elapsed_ns(frame->captured_ns, moment_ns) -
                           clock_elapsed_ns(moment_ns, frame->captured_ns);
    clock_iso8601(realtime_ns, text);
    return json_string(text);
}

static json_t *spaces_polygon(const struct space *space)
{
    json_t *polygon = json_array();
    for (size_t i = 0; i < space->corner_count; i++) {
        json_array_append_new(polygon, json_pack("[oo]", spaces_relative(space->corners[i].x),
                                                 spaces_relative(space->corners[i].y)));
    }
    return polygon;
}

static json_t *spaces_entry(const struct metadata *metadata, const struct space *space,
                            bool polygon)
{
    const struct rectangle *bounds = &space->bounds;
    json_t *entry = json_pack(
        "{s:s, s:s, s:b, s:{s:o, s:o, s:o, s:o}, s:s, s:o}", "space_id", space->id, "space_name",
        space->name, "is_occupied", space->occupied, "bbox", "x", spaces_relative(bounds->left),
        "y", spaces_relative(bounds->top), "width", spaces_relative(bounds->right - bounds->left),
        "height", spaces_relative(bounds->bottom - bounds->top), "state",
        space_state_name(space->state), "since", spaces_moment(metadata->frame, space->since_ns));
    if (polygon) {
        json_object_set_new(entry, "polygon", spaces_polygon(space));
    }
    return entry;
}

static json_t *spaces_event(const struct metadata *metadata, const struct space_event *event)
{
    const struct space *space = &metadata->observation->spaces[event->space];
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "space_id", space->id, "space_name",
                     space->name, "from", space_state_name(event->from), "to",
                     space_state_name(event->to), "at",
                     spaces_moment(metadata->frame, event->at_ns), "held_s",
                     json_real(round((double)event->held_ns / 1e6) / 1e3));
}

/* What was detected, without what only a list of detections needs. */
static json_t *spaces_match(const struct metadata *metadata, const struct space_match *match,
                            const json_t *detection)
{
    json_t *copy = json_copy((json_t *)detection);
    json_object_del(copy, "center");
    return json_pack("{s:o, s:s}", "detection", copy, "space_id",
                     metadata->observation->spaces[match->space].id);
}

void metadata_add_spaces(const struct metadata *metadata, const struct metadata_extent *extent,
                         json_t *detections, json_t *object)
{
    const struct observation *observation = metadata->observation;
    json_t *spaces = json_array(), *matches = json_array(), *events = json_array();
    size_t occupied = 0;
    for (size_t i = 0; i < observation->space_count; i++) {
        occupied += observation->spaces[i].state == SPACE_OCCUPIED;
    }
    for (size_t i = 0; i < extent->spaces; i++) {
        json_array_append_new(spaces,
                              spaces_entry(metadata, &observation->spaces[i], extent->polygons));
    }
    for (size_t i = 0; i < observation->match_count; i++) {
        const struct space_match *match = &observation->matches[i];
        if (match->box < extent->boxes) {
            json_array_append_new(
                matches, spaces_match(metadata, match, json_array_get(detections, match->box)));
        }
    }
    for (size_t i = 0; i < observation->event_count && i < extent->spaces; i++) {
        json_array_append_new(events, spaces_event(metadata, &observation->events[i]));
    }
    json_object_set_new(object, "occupied_spaces", json_integer((json_int_t)occupied));
    json_object_set_new(object, "total_spaces", json_integer((json_int_t)observation->space_count));
    json_object_set_new(object, "space_occupancy", spaces);
    json_object_set_new(object, "matched_detections", matches);
    if (json_array_size(events) > 0) {
        json_object_set(object, "space_events", events);
    }
    json_decref(events);
}
