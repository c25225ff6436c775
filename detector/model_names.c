#include "detector/model_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detector/model_file.h"

struct names *model_names_create(const struct config_detector *config, size_t classes,
                                 char error[MODEL_NAMES_ERROR_SIZE])
{
    struct names *names = NULL;
    char *text = config->names == NULL ? model_file_names(config->model, classes) : NULL;
    if (text != NULL) {
        names = names_create_from_text(text, classes);
        free(text);
        return names;
    }
    int result = names_create(&names, config->names, classes);
    if (result < 0) {
        snprintf(error, MODEL_NAMES_ERROR_SIZE, "detector.names %.300s: %s", config->names,
                 strerror(-result));
        return NULL;
    }
    if (config->names != NULL && names_listed(names) != classes) {
        snprintf(error, MODEL_NAMES_ERROR_SIZE,
                 "detector.names %.150s has %zu names, and the network %.150s has %zu classes: it "
                 "belongs to another network; give its own file, one name per line",
                 config->names, names_listed(names), config->model, classes);
        names_destroy(names);
        return NULL;
    }
    return names;
}
