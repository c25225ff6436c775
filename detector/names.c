#include "detector/names.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fd.h"
#include "common/memory.h"

#define NAMES_FILE_MAX (1 << 20)

struct names {
    char **items;
    size_t count;
    size_t listed; /* of its source, before it was made to fit */
};

static const char *const coco[] = {
    "person",        "bicycle",      "car",
    "motorcycle",    "airplane",     "bus",
    "train",         "truck",        "boat",
    "traffic light", "fire hydrant", "stop sign",
    "parking meter", "bench",        "bird",
    "cat",           "dog",          "horse",
    "sheep",         "cow",          "elephant",
    "bear",          "zebra",        "giraffe",
    "backpack",      "umbrella",     "handbag",
    "tie",           "suitcase",     "frisbee",
    "skis",          "snowboard",    "sports ball",
    "kite",          "baseball bat", "baseball glove",
    "skateboard",    "surfboard",    "tennis racket",
    "bottle",        "wine glass",   "cup",
    "fork",          "knife",        "spoon",
    "bowl",          "banana",       "apple",
    "sandwich",      "orange",       "broccoli",
    "carrot",        "hot dog",      "pizza",
    "donut",         "cake",         "chair",
    "couch",         "potted plant", "bed",
    "dining table",  "toilet",       "tv",
    "laptop",        "mouse",        "remote",
    "keyboard",      "cell phone",   "microwave",
    "oven",          "toaster",      "sink",
    "refrigerator",  "book",         "clock",
    "vase",          "scissors",     "teddy bear",
    "hair drier",    "toothbrush",
};

#define COCO_CLASSES (sizeof coco / sizeof coco[0])

/* Names go into JSON and pictures: control characters and bytes that are not UTF-8 become '?'. */
static char *names_clean(const char *text)
{
    char *name = xstrdup(text);
    json_t *check = json_string(text);
    for (char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || (check == NULL && (unsigned char)*c >= 0x80)) {
            *c = '?';
        }
    }
    json_decref(check);
    return name;
}

static void names_append(struct names *names, char *name)
{
    names->items = xreallocarray(names->items, names->count + 1, sizeof *names->items);
    names->items[names->count++] = name;
}

/* One name per line; spaces around it and empty lines at the end do not count. */
static void names_parse(struct names *names, char *text)
{
    char *rest = text;
    char *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        line += strspn(line, " \t\r");
        size_t length = strlen(line);
        while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL) {
            line[--length] = '\0';
        }
        if (length > 0) {
            names_append(names, names_clean(line));
        } else if (rest != NULL && rest[strspn(rest, " \t\r\n")] != '\0') {
            names_append(names, xasprintf("class %zu", names->count));
        }
    }
}

static void names_fit(struct names *names, size_t classes)
{
    names->listed = names->count;
    while (names->count < classes) {
        names_append(names, xasprintf("class %zu", names->count));
    }
    while (names->count > classes) {
        free(names->items[--names->count]);
    }
}

struct names *names_create_from_text(const char *text, size_t classes)
{
    struct names *names = xcalloc(1, sizeof *names);
    char *lines = xstrdup(text);
    names_parse(names, lines);
    free(lines);
    names_fit(names, classes);
    return names;
}

int names_create(struct names **result, const char *path, size_t classes)
{
    struct names *names = xcalloc(1, sizeof *names);
    if (path != NULL) {
        uint8_t *text;
        size_t size;
        int error = fd_read_file(path, NAMES_FILE_MAX, &text, &size);
        if (error < 0) {
            free(names);
            return error;
        }
        names_parse(names, (char *)text);
        free(text);
    } else if (classes == COCO_CLASSES) {
        for (size_t i = 0; i < COCO_CLASSES; i++) {
            names_append(names, xstrdup(coco[i]));
        }
    }
    names_fit(names, classes);
    *result = names;
    return 0;
}

void names_destroy(struct names *names)
{
    if (names == NULL) {
        return;
    }
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i]);
    }
    free(names->items);
    free(names);
}

size_t names_listed(const struct names *names)
{
    return names->listed;
}

size_t names_count(const struct names *names)
{
    return names->count;
}

const char *names_get(const struct names *names, size_t class_id)
{
    return names->items[class_id];
}

bool names_find(const struct names *names, const char *name, size_t *class_id)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcasecmp(names->items[i], name) == 0) {
            *class_id = i;
            return true;
        }
    }
    return false;
}
