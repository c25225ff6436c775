/* What a model file says about itself without being loaded, and what to do about
 * one that cannot be. */
#include "detector/model_file.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "detector/onnx_file.h"

#define SIDE_DEFAULT      640
#define COMMAND_SIZE      256
#define CAUSE_SIZE        192
#define OPERATOR_SIZE     48
#define OPSET_USUAL       12 /* of what OpenCV 4.6 runs */
#define DARKNET_HEAD_MOST 20 /* bytes before the values of .weights */

/* --- a file in memory --- */

struct mapping {
    const uint8_t *bytes;
    size_t size; /* 0: nothing is mapped */
};

/* False when it cannot be read; an empty file can. */
static bool mapping_open(struct mapping *mapping, const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool readable = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    *mapping = (struct mapping){.bytes = (const uint8_t *)""};
    if (readable && status.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        readable = bytes != MAP_FAILED;
        if (readable) {
            *mapping = (struct mapping){bytes, (size_t)status.st_size};
        }
    }
    fd_close(&fd);
    return readable;
}

static void mapping_close(struct mapping *mapping)
{
    if (mapping->size > 0) {
        munmap((void *)mapping->bytes, mapping->size);
    }
}

static bool model_file_ends(const char *path, const char *end)
{
    size_t length = strlen(path), end_length = strlen(end);
    return length >= end_length && strcmp(path + length - end_length, end) == 0;
}

static bool model_file_is_darknet(const char *path)
{
    return model_file_ends(path, ".cfg");
}

/* False when it is no ONNX file by its name, or cannot be read. What the facts point to is gone. */
static bool model_file_facts(const char *path, struct onnx_facts *facts)
{
    struct mapping mapping;
    if (model_file_is_darknet(path) || !mapping_open(&mapping, path)) {
        return false;
    }
    onnx_file_read(mapping.bytes, mapping.size, facts);
    mapping_close(&mapping);
    facts->names = NULL;
    facts->names_size = 0;
    return true;
}

/* --- the size of the input --- */

/* "key = 320" in a line of a .cfg; 0: another line, or no number of pixels. */
static int darknet_value(const char *line, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0) {
        return 0;
    }
    line += length;
    line += strspn(line, " \t");
    if (*line++ != '=') {
        return 0;
    }
    long value = strtol(line, NULL, 10);
    return value > 0 && value <= INT_MAX ? (int)value : 0;
}

static bool darknet_input_size(const char *path, int *width, int *height)
{
    uint8_t *text;
    size_t size;
    char *rest, *line;
    *width = *height = 0;
    if (fd_read_file(path, 1 << 20, &text, &size) < 0) {
        return false;
    }
    rest = (char *)text;
    bool in_net = false;
    while ((line = strsep(&rest, "\n")) != NULL) {
        line += strspn(line, " \t");
        if (line[0] == '[') {
            in_net = strncmp(line, "[net]", 5) == 0;
        } else if (in_net) {
            int value = darknet_value(line, "width");
            *width = value > 0 ? value : *width;
            value = darknet_value(line, "height");
            *height = value > 0 ? value : *height;
        }
    }
    free(text);
    return *width > 0 && *height > 0;
}

static bool darknet_size_is_too_large(int width, int height)
{
    return width > ONNX_SIDE_MAX || height > ONNX_SIDE_MAX ||
           (int64_t)width * height > ONNX_PIXELS_MAX;
}

bool model_file_input_size(const char *path, int *width, int *height)
{
    struct onnx_facts facts;
    if (model_file_is_darknet(path)) {
        return darknet_input_size(path, width, height) &&
               !darknet_size_is_too_large(*width, *height);
    }
    if (!model_file_facts(path, &facts) || facts.input_width == 0) {
        return false;
    }
    *width = facts.input_width;
    *height = facts.input_height;
    return true;
}

bool model_file_needs_factors(const char *path)
{
    struct onnx_facts facts;
    return model_file_facts(path, &facts) && facts.scalar_after_matmul;
}

/* --- names --- */

struct name_lines {
    char *text;
};

static void name_lines_add(void *arg, size_t class_id, const char *name)
{
    struct name_lines *lines = arg;
    char *longer =
        xasprintf("%s%s%s", class_id > 0 ? lines->text : "", class_id > 0 ? "\n" : "", name);
    free(lines->text);
    lines->text = longer;
}

char *model_file_names(const char *path, size_t classes)
{
    struct name_lines lines = {NULL};
    struct onnx_facts facts;
    struct mapping mapping;
    if (model_file_is_darknet(path) || !mapping_open(&mapping, path)) {
        return NULL;
    }
    onnx_file_read(mapping.bytes, mapping.size, &facts);
    size_t count = facts.names != NULL
                       ? onnx_file_names(facts.names, facts.names_size, name_lines_add, &lines)
                       : 0;
    mapping_close(&mapping);
    if (count != classes) {
        free(lines.text);
        return NULL;
    }
    return lines.text;
}

/* --- causes and cures --- */

/* The export that OpenCV 4.6 runs, as the project says it that this file seems to come from. */
static void model_file_command(const struct onnx_facts *facts, char command[COMMAND_SIZE])
{
    int side = facts->input_width > 0 ? facts->input_width : SIDE_DEFAULT;
    bool yolov5 = facts->has_stride && facts->task[0] == '\0';
    snprintf(command, COMMAND_SIZE,
             yolov5 ? "python export.py --weights yolov5n.pt --include onnx --imgsz %d --opset 12"
                    : "yolo export model=yolo11n.pt format=onnx imgsz=%d opset=12 simplify=True",
             side);
}

__attribute__((format(printf, 3, 4))) static void
model_file_say(char error[MODEL_ERROR_SIZE], const char *path, const char *format, ...)
{
    va_list arguments;
    /* A path of any length must leave room for what follows it. */
    size_t length = strlen(path), most = MODEL_ERROR_SIZE / 4;
    int used = snprintf(error, MODEL_ERROR_SIZE, "%s%s: ", length > most ? "…" : "",
                        length > most ? path + length - most : path);
    va_start(arguments, format);
    vsnprintf(error + used, MODEL_ERROR_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    for (char *c = error; *c != '\0'; c++) {
        if (iscntrl((unsigned char)*c)) {
            *c = ' ';
        }
    }
}

/* Files that are none. */
static bool model_file_is_whole(const char *path, const struct onnx_facts *facts,
                                const char *command, char error[MODEL_ERROR_SIZE])
{
    switch (facts->form) {
    case ONNX_WHOLE:
        return true;
    case ONNX_EMPTY:
        model_file_say(error, path, "cannot be loaded: the file is empty; copy it again");
        return false;
    case ONNX_TRUNCATED:
        model_file_say(error, path,
                       "cannot be loaded: the file ends in the middle of the network, it was not "
                       "copied whole; copy it again");
        return false;
    case ONNX_PYTORCH:
        model_file_say(error, path,
                       "cannot be loaded: it is a PyTorch checkpoint, not ONNX; export it: %s "
                       "(with this file as model)",
                       command);
        return false;
    default:
        if (model_file_ends(path, ".weights")) {
            model_file_say(error, path,
                           "cannot be loaded: it holds the weights of a Darknet network; name its "
                           ".cfg as the model");
        } else {
            model_file_say(error, path, "cannot be loaded: it is not an ONNX file; export one: %s",
                           command);
        }
        return false;
    }
}

static bool darknet_check(const char *path, char error[MODEL_ERROR_SIZE])
{
    int width, height;
    if (darknet_input_size(path, &width, &height) && darknet_size_is_too_large(width, height)) {
        model_file_say(
            error, path,
            "cannot be used: its input is %d x %d, and the most is %d pixels a side and %d in "
            "all; make width and height in [net] smaller",
            width, height, ONNX_SIDE_MAX, ONNX_PIXELS_MAX);
        return false;
    }
    return true;
}

/* What it takes must be one picture of a sane size. */
static bool model_file_takes_pictures(const char *path, const struct onnx_facts *facts,
                                      const char *command, char error[MODEL_ERROR_SIZE])
{
    const char *shape = facts->input_shape;
    if (!facts->picture_input && shape[0] != '\0') {
        model_file_say(error, path,
                       "cannot be used: its input is %s, and what is wanted is 1 x 3 x height x "
                       "width; export a network for detection: %s",
                       shape, command);
        return false;
    }
    if (facts->size_is_too_large) {
        model_file_say(
            error, path,
            "cannot be used: its input is %s, and the most is %d pixels a side and %d in "
            "all; export a smaller one: %s",
            shape, ONNX_SIDE_MAX, ONNX_PIXELS_MAX, command);
        return false;
    }
    if (facts->batch > 1) {
        model_file_say(error, path,
                       "cannot be used: its input is %s, several pictures at a time; export it for "
                       "one: %s",
                       shape, command);
        return false;
    }
    return true;
}

bool model_file_check(const char *path, char error[MODEL_ERROR_SIZE])
{
    struct onnx_facts facts;
    char command[COMMAND_SIZE];
    if (model_file_is_darknet(path)) {
        return darknet_check(path, error);
    }
    if (!model_file_facts(path, &facts)) {
        return true;
    }
    model_file_command(&facts, command);
    if (!model_file_is_whole(path, &facts, command, error) ||
        !model_file_takes_pictures(path, &facts, command, error)) {
        return false;
    }
    if (facts.external) {
        model_file_say(
            error, path,
            "cannot be loaded: its weights are in another file, where OpenCV does not look; "
            "put both into one: python -c \"import onnx; onnx.save(onnx.load('FILE'), "
            "'whole.onnx')\"");
        return false;
    }
    if (facts.task[0] != '\0' && strcmp(facts.task, "detect") != 0) {
        model_file_say(error, path,
                       "cannot be used: it was exported for the task \"%s\", and what is wanted is "
                       "\"detect\"; export a network for detection: %s",
                       facts.task, command);
        return false;
    }
    if (facts.suppression) {
        model_file_say(
            error, path,
            "cannot be used: suppression is inside (nms=True or end2end=True), and ringcast "
            "has its own; export it without: %s nms=False (YOLO26: end2end=False as well)",
            command);
        return false;
    }
    return true;
}

/* The operator that OpenCV says it does not have. */
static bool model_file_operator(const char *opencv, char name[OPERATOR_SIZE])
{
    static const char before[] = "of type \"";
    const char *found = strstr(opencv, before);
    if (found == NULL) {
        return false;
    }
    found += sizeof before - 1;
    snprintf(name, OPERATOR_SIZE, "%.*s", (int)strcspn(found, "\""), found);
    return name[0] != '\0';
}

static void model_file_cause(const struct onnx_facts *facts, const char *opencv,
                             char cause[CAUSE_SIZE])
{
    char name[OPERATOR_SIZE];
    if (facts->quantised) {
        snprintf(cause, CAUSE_SIZE, "it is quantised (int8=True)");
    } else if (facts->half) {
        snprintf(cause, CAUSE_SIZE, "it is float16 (half=True)");
    } else if (facts->size_is_open || facts->batch_is_open) {
        snprintf(cause, CAUSE_SIZE, "the size of its input is left open (dynamic=True)");
    } else if (strstr(opencv, "parseBias") != NULL ||
               strstr(opencv, "computeShapeByReshapeMask") != NULL) {
        snprintf(cause, CAUSE_SIZE, "it is an old export of YOLOv8; take a newer ultralytics");
    } else if (model_file_operator(opencv, name)) {
        snprintf(cause, CAUSE_SIZE, "it uses the operator %s (opset %u), which OpenCV lacks", name,
                 (unsigned)facts->opset);
    } else if (facts->opset > OPSET_USUAL) {
        snprintf(cause, CAUSE_SIZE, "it was exported with opset %u", (unsigned)facts->opset);
    } else {
        snprintf(cause, CAUSE_SIZE, "OpenCV does not understand it");
    }
}

void model_file_explain(const char *path, const char *what, const char *opencv,
                        char error[MODEL_ERROR_SIZE])
{
    struct onnx_facts facts;
    char cause[CAUSE_SIZE], command[COMMAND_SIZE];
    if (model_file_is_darknet(path)) {
        model_file_say(error, path,
                       "%s: OpenCV does not understand it, or the .weights are not its own; take "
                       "both again from where they come (%s)",
                       what, opencv);
        return;
    }
    if (!model_file_facts(path, &facts)) {
        model_file_say(error, path, "%s: %s", what, opencv);
        return;
    }
    model_file_cause(&facts, opencv, cause);
    model_file_command(&facts, command);
    model_file_say(error, path, "%s: %s; export it as float32: %s (%s)", what, cause, command,
                   opencv);
}

void model_file_refuse(const char *path, const char *cause, char error[MODEL_ERROR_SIZE])
{
    struct onnx_facts facts;
    char command[COMMAND_SIZE];
    if (!model_file_facts(path, &facts)) {
        model_file_say(error, path, "cannot be used: %s", cause);
        return;
    }
    model_file_command(&facts, command);
    model_file_say(error, path, "cannot be used: %s; export a network for detection: %s", cause,
                   command);
}

bool model_file_has_weights(const char *path, char error[MODEL_ERROR_SIZE])
{
    struct mapping mapping;
    if (!mapping_open(&mapping, path)) {
        return true; /* said where it is opened */
    }
    size_t size = mapping.size;
    mapping_close(&mapping);
    if (size >= DARKNET_HEAD_MOST) {
        return true;
    }
    model_file_say(error, path,
                   "cannot be used: it has %zu bytes, fewer than its head alone; take the .cfg and "
                   "its .weights again from where they come",
                   size);
    return false;
}

bool model_file_check_weights(const char *path, size_t values, char error[MODEL_ERROR_SIZE])
{
    struct mapping mapping;
    if (!mapping_open(&mapping, path)) {
        return true; /* said where it is opened */
    }
    /* Three numbers of 4 bytes: major and minor version, revision; and how many pictures it has
     * seen, in 8 bytes since version 0.2. */
    uint32_t version[2] = {0};
    if (mapping.size >= sizeof version) {
        memcpy(version, mapping.bytes, sizeof version);
    }
    size_t head = (uint64_t)version[0] * 10 + version[1] >= 2 ? DARKNET_HEAD_MOST : 16;
    size_t size = mapping.size, wanted = head + values * sizeof(float);
    mapping_close(&mapping);
    if (size == wanted) {
        return true;
    }
    model_file_say(error, path,
                   "cannot be used: it has %zu bytes, and the network wants %zu: it %s; take the "
                   ".cfg and its .weights again from where they come",
                   size, wanted,
                   size < wanted ? "was not copied whole, or is of another network"
                                 : "is of another network");
    return false;
}
