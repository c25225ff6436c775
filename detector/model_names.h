/* The names of a network's classes as the configuration wants them: those of detector.names, else
 * those that stand in the model file, else COCO's. Thread-safe. */
#ifndef DETECTOR_MODEL_NAMES_H
#define DETECTOR_MODEL_NAMES_H

#include <stddef.h>

#include "common/config.h"
#include "detector/names.h"

#define MODEL_NAMES_ERROR_SIZE 512

/* NULL when the file of names cannot be read, or is for another number of classes; the
 * cause is in `error`. */
struct names *model_names_create(const struct config_detector *config, size_t classes,
                                 char error[MODEL_NAMES_ERROR_SIZE]);

#endif
