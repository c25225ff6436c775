#include "detector/metadata_spaces.h"

#include "common/clock.h"

/* Of a picture 4000 pixels wide this is a twenty-fifth of one. */
static void spaces_relative(struct json_text *text, const char *key, double value)
{
    json_text_real(text, key, value, 5);
}

/* The wall-clock time of a moment that is near that of the frame. */
static void spaces_moment(struct json_text *text, const char *key, const struct frame_info *frame,
                          uint64_t moment_ns)
{
    char moment[CLOCK_ISO8601_SIZE];
    uint64_t realtime_ns = frame->captured_realtime_ns +
                           clock_elapsed_ns(frame->captured_ns, moment_ns) -
                           clock_elapsed_ns(moment_ns, frame->captured_ns);
    clock_iso8601(realtime_ns, moment);
    json_text_string(text, key, moment);
}

static void spaces_add_polygon(struct json_text *text, const struct space *space)
{
    json_text_open(text, "polygon", '[');
    for (size_t i = 0; i < space->corner_count; i++) {
        json_text_open(text, NULL, '[');
        spaces_relative(text, NULL, space->corners[i].x);
        spaces_relative(text, NULL, space->corners[i].y);
        json_text_close(text, ']');
    }
    json_text_close(text, ']');
}

static void spaces_add_bounds(struct json_text *text, const struct rectangle *bounds)
{
    json_text_open(text, "bbox", '{');
    spaces_relative(text, "x", bounds->left);
    spaces_relative(text, "y", bounds->top);
    spaces_relative(text, "width", bounds->right - bounds->left);
    spaces_relative(text, "height", bounds->bottom - bounds->top);
    json_text_close(text, '}');
}

static void spaces_add_entry(struct json_text *text, const struct metadata *metadata,
                             const struct space *space, bool polygon)
{
    json_text_open(text, NULL, '{');
    json_text_string(text, "space_id", space->id);
    json_text_string(text, "space_name", space->name);
    json_text_bool(text, "is_occupied", space->occupied);
    spaces_add_bounds(text, &space->bounds);
    json_text_string(text, "state", space_state_name(space->state));
    spaces_moment(text, "since", metadata->frame, space->since_ns);
    if (polygon) {
        spaces_add_polygon(text, space);
    }
    json_text_close(text, '}');
}

static void spaces_add_event(struct json_text *text, const struct metadata *metadata,
                             const struct space_event *event)
{
    const struct space *space = &metadata->observation->spaces[event->space];
    json_text_open(text, NULL, '{');
    json_text_string(text, "space_id", space->id);
    json_text_string(text, "space_name", space->name);
    json_text_string(text, "from", space_state_name(event->from));
    json_text_string(text, "to", space_state_name(event->to));
    spaces_moment(text, "at", metadata->frame, event->at_ns);
    json_text_real(text, "held_s", (double)event->held_ns / 1e9, 3);
    json_text_close(text, '}');
}

static void spaces_add_matches(struct json_text *text, const struct metadata *metadata,
                               size_t boxes)
{
    const struct observation *observation = metadata->observation;
    json_text_open(text, "matched_detections", '[');
    for (size_t i = 0; i < observation->match_count; i++) {
        const struct space_match *match = &observation->matches[i];
        if (match->box < boxes) {
            json_text_open(text, NULL, '{');
            metadata_add_detection(text, metadata, match->box, "detection", false);
            json_text_string(text, "space_id", observation->spaces[match->space].id);
            json_text_close(text, '}');
        }
    }
    json_text_close(text, ']');
}

static void spaces_add_events(struct json_text *text, const struct metadata *metadata, size_t most)
{
    const struct observation *observation = metadata->observation;
    if (observation->event_count == 0 || most == 0) {
        return;
    }
    json_text_open(text, "space_events", '[');
    for (size_t i = 0; i < observation->event_count && i < most; i++) {
        spaces_add_event(text, metadata, &observation->events[i]);
    }
    json_text_close(text, ']');
}

void metadata_add_spaces(struct json_text *text, const struct metadata *metadata,
                         const struct metadata_extent *extent)
{
    const struct observation *observation = metadata->observation;
    size_t occupied = 0;
    for (size_t i = 0; i < observation->space_count; i++) {
        occupied += observation->spaces[i].state == SPACE_OCCUPIED;
    }
    json_text_integer(text, "occupied_spaces", occupied);
    json_text_integer(text, "total_spaces", observation->space_count);
    json_text_open(text, "space_occupancy", '[');
    for (size_t i = 0; i < extent->spaces; i++) {
        spaces_add_entry(text, metadata, &observation->spaces[i], extent->polygons);
    }
    json_text_close(text, ']');
    spaces_add_matches(text, metadata, extent->boxes);
    spaces_add_events(text, metadata, extent->spaces);
}
