/* What an ONNX file says of itself, read without loading it: a small reader of Protocol Buffers
 * (onnx.proto3 of the ONNX project) that follows nothing beyond a fixed depth, believes no length,
 * allocates nothing and never changes the file. Pure, thread-safe. */
#ifndef DETECTOR_ONNX_FILE_H
#define DETECTOR_ONNX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A network that takes more than this would take gigabytes for what lies between its layers. */
#define ONNX_SIDE_MAX   8192
#define ONNX_PIXELS_MAX (4096 * 4096)

#define ONNX_TASK_SIZE  24
#define ONNX_SHAPE_SIZE 64

enum onnx_form {
    ONNX_WHOLE,
    ONNX_EMPTY,     /* no byte */
    ONNX_TRUNCATED, /* the graph is longer than the file */
    ONNX_PYTORCH,   /* a ZIP archive, as PyTorch writes its checkpoints */
    ONNX_OTHER      /* anything else */
};

struct onnx_facts {
    enum onnx_form form; /* all that follows is of a whole one */
    /* Pixels of the picture input; 0: left open, too large or no such input. */
    int input_width, input_height;
    bool picture_input; /* N x 3 x height x width */
    bool batch_is_open, size_is_open;
    bool size_is_too_large; /* beyond what is above */
    uint64_t batch;         /* pictures at a time; 0: left open */
    /* Of the picture input, else of the first: "1x3x640x640", '?' for what is left open; "": none
     * has a shape. */
    char input_shape[ONNX_SHAPE_SIZE];
    bool half;                /* the input is float16 */
    bool quantised;           /* some operator computes with whole numbers */
    bool suppression;         /* NonMaxSuppression is in it, or it says that it gives final boxes */
    bool external;            /* weights are in another file */
    bool scalar_after_matmul; /* attention as in YOLO11 */
    uint64_t opset;
    bool has_stride;           /* its exporter was one of the YOLOv5 family */
    char task[ONNX_TASK_SIZE]; /* "detect", "segment" …, of those who say it; else "" */
    const uint8_t *names; /* a Python dictionary of the classes, in the caller's bytes; or NULL */
    size_t names_size;
};

void onnx_file_read(const uint8_t *bytes, size_t size, struct onnx_facts *facts);

/* Takes the dictionary {0: 'person', 1: "b"} apart: calls `name` for each class, 0, 1, 2 …, with
 * what stands between the quotes, escapes resolved, cut to 127 bytes. Returns how many there were;
 * 0 when it is not such a dictionary, whatever has been called before. */
size_t onnx_file_names(const uint8_t *text, size_t size,
                       void (*name)(void *arg, size_t class_id, const char *text), void *arg);

#endif
