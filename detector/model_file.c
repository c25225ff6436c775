/* What a model file says about itself without being loaded. */
#include "detector/model.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

#define SIDE_MAX 8192

/* ONNX is Protocol Buffers (onnx.proto3 of the ONNX project). The fields on the way to the sides of the
 * graph's input: */
#define MODEL_GRAPH      7
#define GRAPH_INPUT      11
#define VALUE_INFO_TYPE  2
#define TYPE_TENSOR      1
#define TENSOR_SHAPE     2
#define SHAPE_DIMENSION  1
#define DIMENSION_NUMBER 1

#define WIRE_VARINT 0
#define WIRE_64_BIT 1
#define WIRE_BYTES  2
#define WIRE_32_BIT 5

struct span {
    const uint8_t *at, *end;
};

/* One field of a message: a number, or bytes. */
struct field {
    unsigned id;
    uint64_t number;   /* of a varint */
    struct span bytes; /* of WIRE_BYTES; else empty */
};

static bool onnx_read_varint(struct span *in, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

static bool onnx_skip(struct span *in, uint64_t size)
{
    if (size > (uint64_t)(in->end - in->at)) {
        return false;
    }
    in->at += size;
    return true;
}

/* The next field of a message; false at its end and where it is broken. */
static bool onnx_next_field(struct span *in, struct field *field)
{
    uint64_t key, size = 0;
    *field = (struct field){0};
    if (!onnx_read_varint(in, &key)) {
        return false;
    }
    field->id = (unsigned)(key >> 3);
    switch (key & 7) {
    case WIRE_VARINT:
        return onnx_read_varint(in, &field->number);
    case WIRE_64_BIT:
        return onnx_skip(in, 8);
    case WIRE_32_BIT:
        return onnx_skip(in, 4);
    case WIRE_BYTES:
        if (!onnx_read_varint(in, &size)) {
            return false;
        }
        field->bytes = (struct span){in->at, in->at};
        if (!onnx_skip(in, size)) {
            return false;
        }
        field->bytes.end = in->at;
        return true;
    default:
        return false;
    }
}

/* The first field `id` of a message. */
static bool onnx_find(struct span message, unsigned id, struct field *field)
{
    while (onnx_next_field(&message, field)) {
        if (field->id == id) {
            return true;
        }
    }
    return false;
}

/* The sides of an input of the graph if it is 1 x 3 x height x width; a side that the file leaves open
 * is 0. */
static bool onnx_picture_input(struct span value_info, int *width, int *height)
{
    struct field type, tensor, shape, dimension, number;
    uint64_t sides[4] = {0};
    size_t count = 0;
    if (!onnx_find(value_info, VALUE_INFO_TYPE, &type) ||
        !onnx_find(type.bytes, TYPE_TENSOR, &tensor) ||
        !onnx_find(tensor.bytes, TENSOR_SHAPE, &shape)) {
        return false;
    }
    while (onnx_next_field(&shape.bytes, &dimension)) {
        if (dimension.id != SHAPE_DIMENSION) {
            continue;
        }
        if (count < 4 && onnx_find(dimension.bytes, DIMENSION_NUMBER, &number)) {
            sides[count] = number.number;
        }
        count++;
    }
    if (count != 4 || sides[1] != 3 || sides[2] > SIDE_MAX || sides[3] > SIDE_MAX) {
        return false;
    }
    *height = (int)sides[2];
    *width = (int)sides[3];
    return true;
}

static bool onnx_input_size(struct span file, int *width, int *height)
{
    struct field graph, input;
    if (!onnx_find(file, MODEL_GRAPH, &graph)) {
        return false;
    }
    while (onnx_next_field(&graph.bytes, &input)) {
        if (input.id == GRAPH_INPUT && onnx_picture_input(input.bytes, width, height)) {
            return *width > 0 && *height > 0;
        }
    }
    return false;
}

/* "key = 320" in a line of a .cfg; 0: another line, or no sane number. */
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
    return value > 0 && value <= SIDE_MAX ? (int)value : 0;
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

bool model_file_input_size(const char *path, int *width, int *height)
{
    size_t length = strlen(path);
    if (length >= 4 && strcmp(path + length - 4, ".cfg") == 0) {
        return darknet_input_size(path, width, height);
    }
    bool found = false;
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        void *file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (file != MAP_FAILED) {
            const uint8_t *bytes = file;
            found = onnx_input_size((struct span){bytes, bytes + size}, width, height);
            munmap(file, size);
        }
    }
    fd_close(&fd);
    return found;
}
