#include "detector/onnx_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The fields that are looked at. */
#define MODEL_GRAPH    7
#define MODEL_OPSET    8
#define MODEL_METADATA 14

#define OPSET_DOMAIN  1
#define OPSET_VERSION 2

#define ENTRY_KEY   1
#define ENTRY_VALUE 2

#define GRAPH_NODE        1
#define GRAPH_INITIALISER 5
#define GRAPH_INPUT       11

#define NODE_INPUT    1
#define NODE_OUTPUT   2
#define NODE_OPERATOR 4

#define TENSOR_LOCATION 14

#define VALUE_INFO_TYPE   2
#define TYPE_TENSOR       1
#define TENSOR_ELEMENT    1
#define TENSOR_SHAPE      2
#define SHAPE_DIMENSION   1
#define DIMENSION_NUMBER  1
#define ELEMENT_FLOAT16   10
#define LOCATION_EXTERNAL 1

#define WIRE_VARINT 0
#define WIRE_64_BIT 1
#define WIRE_BYTES  2
#define WIRE_32_BIT 5

#define NAME_SIZE 128

#define SIDES_TOLD 6 /* of a shape */

/* --- Protocol Buffers --- */

struct span {
    const uint8_t *at, *end;
};

/* One field of a message: a number, or bytes. */
struct field {
    unsigned id;
    unsigned wire;
    uint64_t number;   /* of a varint */
    struct span bytes; /* of WIRE_BYTES; else empty */
};

static size_t span_size(struct span span)
{
    return (size_t)(span.end - span.at);
}

static bool span_is(struct span span, const char *text)
{
    size_t size = span_size(span);
    return size == strlen(text) && (size == 0 || memcmp(span.at, text, size) == 0);
}

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
    if (size > span_size(*in)) {
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
    if (!onnx_read_varint(in, &key) || key >> 3 > UINT32_MAX) {
        return false;
    }
    field->id = (unsigned)(key >> 3);
    field->wire = (unsigned)(key & 7);
    switch (field->wire) {
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

/* --- the graph --- */

/* Reads up to `most` sides, 0 for one that the file leaves open, and returns how many there are. */
static size_t onnx_read_shape(struct span shape, uint64_t *sides, size_t most)
{
    struct field dimension, number;
    size_t count = 0;
    while (onnx_next_field(&shape, &dimension)) {
        if (dimension.id != SHAPE_DIMENSION) {
            continue;
        }
        bool closed = onnx_find(dimension.bytes, DIMENSION_NUMBER, &number) &&
                      number.number <= INT64_MAX; /* -1 stands for open too */
        if (count < most) {
            sides[count] = closed ? number.number : 0;
        }
        count++;
    }
    return count;
}

static void onnx_print_shape(const uint64_t *sides, size_t count, char out[ONNX_SHAPE_SIZE])
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < ONNX_SHAPE_SIZE; i++) {
        const char *times = i > 0 ? "x" : "";
        used += (size_t)(sides[i] > 0 ? snprintf(out + used, ONNX_SHAPE_SIZE - used, "%s%" PRIu64,
                                                 times, sides[i])
                                      : snprintf(out + used, ONNX_SHAPE_SIZE - used, "%s?", times));
    }
}

static void onnx_read_picture(const uint64_t sides[4], struct onnx_facts *facts)
{
    uint64_t height = sides[2], width = sides[3];
    facts->picture_input = true;
    facts->batch = sides[0];
    facts->batch_is_open = sides[0] == 0;
    facts->size_is_open = height == 0 || width == 0;
    facts->size_is_too_large = height > ONNX_SIDE_MAX || width > ONNX_SIDE_MAX ||
                               height * width > (uint64_t)ONNX_PIXELS_MAX;
    if (!facts->size_is_open && !facts->size_is_too_large) {
        facts->input_height = (int)height;
        facts->input_width = (int)width;
    }
}

static void onnx_read_input(struct span value_info, struct onnx_facts *facts)
{
    struct field type, tensor, element, shape;
    uint64_t sides[SIDES_TOLD] = {0};
    if (facts->picture_input || !onnx_find(value_info, VALUE_INFO_TYPE, &type) ||
        !onnx_find(type.bytes, TYPE_TENSOR, &tensor) ||
        !onnx_find(tensor.bytes, TENSOR_SHAPE, &shape)) {
        return;
    }
    size_t count = onnx_read_shape(shape.bytes, sides, SIDES_TOLD);
    bool picture = count == 4 && (sides[1] == 3 || sides[1] == 0);
    if (picture || facts->input_shape[0] == '\0') {
        onnx_print_shape(sides, count < SIDES_TOLD ? count : SIDES_TOLD, facts->input_shape);
    }
    if (picture) {
        onnx_read_picture(sides, facts);
        facts->half =
            onnx_find(tensor.bytes, TENSOR_ELEMENT, &element) && element.number == ELEMENT_FLOAT16;
    }
}

static bool onnx_is_quantised(struct span name)
{
    static const char *const names[] = {"QuantizeLinear",        "DequantizeLinear", "ConvInteger",
                                        "DynamicQuantizeLinear", "MatMulInteger",    "QLinearConv"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* `product`: what the last MatMul gave; moved on. */
static void onnx_read_node(struct span node, struct span *product, struct onnx_facts *facts)
{
    struct field name, value;
    if (!onnx_find(node, NODE_OPERATOR, &name)) {
        return;
    }
    facts->quantised |= onnx_is_quantised(name.bytes);
    facts->suppression |= span_is(name.bytes, "NonMaxSuppression");
    if (span_is(name.bytes, "MatMul") && onnx_find(node, NODE_OUTPUT, &value)) {
        *product = value.bytes;
    } else if (span_is(name.bytes, "Mul") && onnx_find(node, NODE_INPUT, &value)) {
        size_t size = span_size(value.bytes);
        facts->scalar_after_matmul |= size > 0 && size == span_size(*product) &&
                                      memcmp(value.bytes.at, product->at, size) == 0;
    }
}

static void onnx_read_graph(struct span graph, struct onnx_facts *facts)
{
    struct field field, location;
    struct span product = {0};
    while (onnx_next_field(&graph, &field)) {
        if (field.id == GRAPH_NODE) {
            onnx_read_node(field.bytes, &product, facts);
        } else if (field.id == GRAPH_INPUT) {
            onnx_read_input(field.bytes, facts);
        } else if (field.id == GRAPH_INITIALISER) {
            facts->external |= onnx_find(field.bytes, TENSOR_LOCATION, &location) &&
                               location.number == LOCATION_EXTERNAL;
        }
    }
}

/* --- what stands around it --- */

static void onnx_read_opset(struct span entry, struct onnx_facts *facts)
{
    struct field domain, version;
    bool foreign = onnx_find(entry, OPSET_DOMAIN, &domain) && span_size(domain.bytes) > 0;
    if (!foreign && onnx_find(entry, OPSET_VERSION, &version)) {
        facts->opset = version.number;
    }
}

static void onnx_read_metadata(struct span entry, struct onnx_facts *facts)
{
    struct field key, value;
    if (!onnx_find(entry, ENTRY_KEY, &key) || !onnx_find(entry, ENTRY_VALUE, &value)) {
        return;
    }
    if (span_is(key.bytes, "task")) {
        size_t size = span_size(value.bytes);
        size = size < ONNX_TASK_SIZE ? size : ONNX_TASK_SIZE - 1;
        snprintf(facts->task, sizeof facts->task, "%.*s", (int)size,
                 size > 0 ? (const char *)value.bytes.at : "");
    } else if (span_is(key.bytes, "names")) {
        facts->names = value.bytes.at;
        facts->names_size = span_size(value.bytes);
    } else if (span_is(key.bytes, "stride")) {
        facts->has_stride = true;
    } else if (span_is(key.bytes, "end2end")) {
        facts->suppression |= span_is(value.bytes, "True");
    }
}

/* The file's fields; true when it is one to its end, and has a graph. */
static bool onnx_read_model(struct span file, struct onnx_facts *facts, bool *has_graph)
{
    struct field field;
    while (file.at < file.end) {
        if (!onnx_next_field(&file, &field)) {
            return false;
        }
        if (field.id == MODEL_GRAPH && field.wire == WIRE_BYTES) {
            *has_graph = true;
            onnx_read_graph(field.bytes, facts);
        } else if (field.id == MODEL_OPSET) {
            onnx_read_opset(field.bytes, facts);
        } else if (field.id == MODEL_METADATA) {
            onnx_read_metadata(field.bytes, facts);
        }
    }
    return *has_graph;
}

/* A file that ends within its graph, or within what stands behind: the fields before are
 * well-formed, and the first is its version. */
static bool onnx_is_cut(struct span file, bool has_graph)
{
    struct span rest = file;
    struct field field;
    uint64_t key, size;
    if (!onnx_next_field(&rest, &field) || field.id != 1 || field.wire != WIRE_VARINT ||
        field.number > 1000) {
        return false;
    }
    struct span before = rest;
    while (onnx_next_field(&rest, &field)) {
        before = rest;
    }
    return has_graph || before.at == file.end ||
           (onnx_read_varint(&before, &key) && key == (MODEL_GRAPH << 3 | WIRE_BYTES) &&
            (!onnx_read_varint(&before, &size) || size > span_size(before)));
}

void onnx_file_read(const uint8_t *bytes, size_t size, struct onnx_facts *facts)
{
    bool has_graph = false;
    *facts = (struct onnx_facts){.form = ONNX_WHOLE};
    if (size == 0) {
        facts->form = ONNX_EMPTY;
        return;
    }
    struct span file = {bytes, bytes + size};
    if (size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) {
        facts->form = ONNX_PYTORCH;
    } else if (!onnx_read_model(file, facts, &has_graph)) {
        facts->form = onnx_is_cut(file, has_graph) ? ONNX_TRUNCATED : ONNX_OTHER;
    }
}

/* --- names --- */

static void names_skip_spaces(struct span *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\t')) {
        in->at++;
    }
}

static bool names_take(struct span *in, char wanted)
{
    names_skip_spaces(in);
    if (in->at == in->end || *in->at != (uint8_t)wanted) {
        return false;
    }
    in->at++;
    return true;
}

static bool names_take_number(struct span *in, size_t wanted)
{
    size_t number = 0, digits = 0;
    names_skip_spaces(in);
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9' && digits < 9; digits++) {
        number = number * 10 + (size_t)(*in->at++ - '0');
    }
    return digits > 0 && number == wanted;
}

static bool names_take_text(struct span *in, char text[NAME_SIZE])
{
    size_t length = 0;
    char quote = names_take(in, '\'') ? '\'' : '"';
    if (quote == '"' && !names_take(in, '"')) {
        return false;
    }
    while (in->at < in->end && *in->at != (uint8_t)quote) {
        if (*in->at == '\\' && ++in->at == in->end) {
            return false;
        }
        if (length < NAME_SIZE - 1 && *in->at != '\0') {
            text[length++] = (char)*in->at;
        }
        in->at++;
    }
    text[length] = '\0';
    return names_take(in, quote);
}

size_t onnx_file_names(const uint8_t *text, size_t size,
                       void (*name)(void *arg, size_t class_id, const char *text), void *arg)
{
    struct span in = {text, text + size};
    char entry[NAME_SIZE];
    size_t count = 0;
    if (!names_take(&in, '{')) {
        return 0;
    }
    do {
        if (!names_take_number(&in, count) || !names_take(&in, ':') ||
            !names_take_text(&in, entry)) {
            return 0;
        }
        name(arg, count++, entry);
    } while (names_take(&in, ','));
    return names_take(&in, '}') ? count : 0;
}
