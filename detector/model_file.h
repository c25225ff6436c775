/* What a model file says about itself without being loaded, and what to do about one that cannot
 * be. No file is ever changed. Thread-safe. */
#ifndef DETECTOR_MODEL_FILE_H
#define DETECTOR_MODEL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "detector/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* False, with the cause and what to do in `error`, for a file that OpenCV cannot load, or
 * that would give something else than the boxes of a detection network. True for a file that
 * it can say nothing about. */
bool model_file_check(const char *path, char error[MODEL_ERROR_SIZE]);

/* Puts into `error` why OpenCV, which said `opencv`, could not do with it: "<path>: <what>:
 * <cause>; <the export that works> (<opencv>)", one line. */
void model_file_explain(const char *path, const char *what, const char *opencv,
                        char error[MODEL_ERROR_SIZE]);

/* Puts into `error` why what it puts out is of no use: "<path>: cannot be used: <cause>; <the
 * export that works>", one line. */
void model_file_refuse(const char *path, const char *cause, char error[MODEL_ERROR_SIZE]);

/* Whether Darknet's .weights are long enough for their head; false with the cause in `error`.
 * OpenCV does not look, and takes for it what the memory holds. */
bool model_file_has_weights(const char *path, char error[MODEL_ERROR_SIZE]);

/* Whether Darknet's .weights have exactly so many values as the network of the .cfg; false with the
 * cause in `error`. OpenCV takes others without a word, and sees nothing or anything. */
bool model_file_check_weights(const char *path, size_t values, char error[MODEL_ERROR_SIZE]);

/* Whether a product is multiplied on, as in YOLO11: OpenCV 4.6 loses that factor
 * when it fuses layers. */
bool model_file_needs_factors(const char *path);

/* The names of the classes, one per line, if the file has as many as that; the caller
 * frees it. Else NULL. */
char *model_file_names(const char *path, size_t classes);

#ifdef __cplusplus
}
#endif

#endif
