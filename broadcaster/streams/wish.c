#include "broadcaster/streams/wish.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    double least, most;
    const char *error;
} wish_fields[WISH_FIELDS] = {
    [WISH_CONF] = {"conf", WISH_CONF_LEAST, WISH_CONF_MOST,
                   "conf must be a number from 0.05 to 0.95"},
    [WISH_FPS] = {"fps", WISH_FPS_LEAST, WISH_FPS_MOST, "fps must be a number from 0.1 to 60"},
    [WISH_SKIP_FRAMES] = {"skip_frames", 1, WISH_SKIP_MOST,
                          "skip_frames must be a whole number from 1 to 100"},
    [WISH_QUALITY] = {"quality", WISH_QUALITY_LEAST, WISH_QUALITY_MOST,
                      "quality must be a whole number from 10 to 100"},
    [WISH_LABELS] = {"show_labels", 0, 0, "show_labels must be true or false"},
    [WISH_METADATA] = {"metadata", 0, 0, "metadata must be true or false"},
};

const char *wish_field_name(enum wish_field field)
{
    return wish_fields[field].name;
}

/* A plain decimal number, as JSON and URLs have it; no infinity, no hexadecimal digits. */
static bool read_number(const char *text, double *value)
{
    char *end;
    if (text[0] == '\0' || strspn(text, "0123456789.eE+-") != strlen(text)) {
        return false;
    }
    *value = strtod(text, &end);
    return *end == '\0';
}

static bool read_switch(const char *text, bool *on)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *on = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool wish_read_switch(struct wish *wish, enum wish_field field, const char *text)
{
    bool on;
    if (!read_switch(text, &on)) {
        return false;
    }
    if (field == WISH_METADATA) {
        wish->metadata = on;
    } else {
        wish->labels = on ? WISH_LABELS_SHOWN : WISH_LABELS_HIDDEN;
    }
    return true;
}

static bool wish_read_number(struct wish *wish, enum wish_field field, const char *text)
{
    double value;
    if (!read_number(text, &value) || value < wish_fields[field].least ||
        value > wish_fields[field].most) {
        return false;
    }
    if (field == WISH_CONF) {
        wish->conf = value;
    } else if (field == WISH_FPS) {
        wish->fps = value;
    } else if (value > (double)(uint32_t)value) {
        return false;
    } else if (field == WISH_SKIP_FRAMES) {
        wish->skip_frames = (uint32_t)value;
    } else {
        wish->quality = (uint32_t)value;
    }
    return true;
}

const char *wish_read(struct wish_changes *changes, enum wish_field field, const char *text)
{
    bool is_switch = field == WISH_LABELS || field == WISH_METADATA;
    if (is_switch ? !wish_read_switch(&changes->wish, field, text)
                  : !wish_read_number(&changes->wish, field, text)) {
        return wish_fields[field].error;
    }
    changes->given |= 1U << field;
    return NULL;
}

void wish_apply(struct wish *wish, const struct wish_changes *changes)
{
    const struct wish *said = &changes->wish;
    unsigned given = changes->given;
    wish->conf = given & 1U << WISH_CONF ? said->conf : wish->conf;
    wish->fps = given & 1U << WISH_FPS ? said->fps : wish->fps;
    wish->skip_frames = given & 1U << WISH_SKIP_FRAMES ? said->skip_frames : wish->skip_frames;
    wish->quality = given & 1U << WISH_QUALITY ? said->quality : wish->quality;
    wish->labels = given & 1U << WISH_LABELS ? said->labels : wish->labels;
    wish->metadata = given & 1U << WISH_METADATA ? said->metadata : wish->metadata;
}
