/* The network, behind a C face: OpenCV DNN today (model_opencv.cpp, the one C++ file). Conventions:
 *  1. No C++ type and no exception gets out; errors are text in the caller's buffer.
 *  2. Results are plain data in memory of the model, valid until the next call on the same model.
 *  3. One model per thread: a handle may be used by one thread at a time.
 */
#ifndef DETECTOR_MODEL_H
#define DETECTOR_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_OUTPUTS_MAX 4
#define MODEL_DIMS_MAX    6
#define MODEL_ERROR_SIZE  1024

struct model;

struct model_config {
    const char *path;              /* .onnx, or Darknet's .cfg */
    const char *weights;           /* Darknet's .weights; NULL otherwise */
    const char *backend;           /* "default", "opencv", "openvino", "cuda", … */
    const char *target;            /* "cpu", "opencl", "cuda", … */
    int input_width, input_height; /* pixels */
};

/* One output of the network: `data` is float32, row-major. */
struct model_output {
    const float *data;
    int dims;
    int shape[MODEL_DIMS_MAX];
};

/* Loads the network. NULL with the cause in `error`, one line, naming the file. */
struct model *model_create(const struct model_config *config, char error[MODEL_ERROR_SIZE]);
void model_destroy(struct model *model); /* NULL is allowed */

/* One forward pass. `input` is 1x3xHxW float32, planar, in the order and range that the layout
 * wants (layout.h). 0, or -1 with the cause in `error`. */
int model_forward(struct model *model, const float *input,
                  struct model_output outputs[MODEL_OUTPUTS_MAX], size_t *output_count,
                  char error[MODEL_ERROR_SIZE]);

/* The width and height that the file itself asks for (ONNX graph input, Darknet [net]); false
 * when it does not say. */
bool model_file_input_size(const char *path, int *width, int *height);

/* What had to be done so that this version of OpenCV runs the network rightly, in words, and known
 * after the first forward pass; "": nothing. */
void model_describe_cures(const struct model *model, char *out, size_t out_size);

/* "opencv/cpu, openvino/cpu …": what this build of OpenCV can really do. */
void model_describe_backends(char *out, size_t out_size);

/* cv::setNumThreads, for the whole process. */
void model_set_threads(int threads);

#ifdef __cplusplus
}
#endif

#endif
