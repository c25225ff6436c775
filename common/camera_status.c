#include "common/camera_status.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/messages.h"

static const char *const camera_state_names[CAMERA_STATES] = {
    [CAMERA_CONNECTING] = "connecting", [CAMERA_ONLINE] = "online", [CAMERA_STALE] = "stale",
    [CAMERA_OFFLINE] = "offline",       [CAMERA_FROZEN] = "frozen",
};

const char *camera_state_name(enum camera_state state)
{
    return camera_state_names[state];
}

static enum camera_state camera_state_find(const char *name)
{
    for (int state = 0; state < CAMERA_STATES; state++) {
        if (strcmp(camera_state_names[state], name) == 0) {
            return (enum camera_state)state;
        }
    }
    return CAMERA_OFFLINE;
}

/* The reason may quote a server's words. What is not UTF-8 would make the
 * whole message unsayable. */
static json_t *reason_to_json(const char *reason)
{
    json_t *value = json_string(reason);
    return value != NULL ? value : json_string("the camera's answer is not text");
}

json_t *camera_status_to_json(const struct camera_status *status)
{
    char since[21]; /* the digits of 2^64 */
    snprintf(since, sizeof since, "%" PRIu64, status->since_ns);
    json_t *body = json_object();
    json_object_set_new(body, "state", json_string(camera_state_name(status->state)));
    json_object_set_new(body, "since", json_string(since));
    json_object_set_new(body, "frames", json_integer((json_int_t)status->frames));
    json_object_set_new(body, "bad", json_integer((json_int_t)status->bad));
    json_object_set_new(body, "reconnects", json_integer((json_int_t)status->reconnects));
    json_object_set_new(body, "width", json_integer(status->width));
    json_object_set_new(body, "height", json_integer(status->height));
    json_object_set_new(body, "fps", json_real(isfinite(status->fps) ? status->fps : 0.0));
    json_object_set_new(body, "reason", reason_to_json(status->reason));
    json_object_set_new(body, "version", json_integer(MESSAGE_VERSION));
    return body;
}

static uint64_t member_count(const json_t *body, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(body, name));
    return value > 0 ? (uint64_t)value : 0;
}

static uint32_t member_pixels(const json_t *body, const char *name)
{
    uint64_t value = member_count(body, name);
    return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static const char *member_string(const json_t *body, const char *name)
{
    const char *value = json_string_value(json_object_get(body, name));
    return value != NULL ? value : "";
}

/* Copies what fits without cutting a UTF-8 character in two: the reason goes out again as JSON. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text, size);
    if (length == size) {
        length--;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

void camera_status_from_json(const json_t *body, struct camera_status *status)
{
    *status = (struct camera_status){
        .state = camera_state_find(member_string(body, "state")),
        .since_ns = strtoull(member_string(body, "since"), NULL, 10),
        .frames = member_count(body, "frames"),
        .bad = member_count(body, "bad"),
        .reconnects = member_count(body, "reconnects"),
        .width = member_pixels(body, "width"),
        .height = member_pixels(body, "height"),
        .fps = json_number_value(json_object_get(body, "fps")),
    };
    copy_text(status->reason, sizeof status->reason, member_string(body, "reason"));
}
