/* The detector's configuration for tools without a file: the defaults of the option table. */
#ifndef TESTS_DEFAULT_DETECTOR_H
#define TESTS_DEFAULT_DETECTOR_H

#include <stdlib.h>

#include "common/config.h"
#include "common/config_options.h"

static inline double default_of(const char *key)
{
    return strtod(config_option_find(SECTION_DETECTOR, key)->fallback, NULL);
}

/* Without a model. Nothing in it is to be freed. */
static inline struct config_detector default_detector(void)
{
    static char *vehicles[] = {"car", "truck", "bus"};
    return (struct config_detector){
        .layout = "auto",
        .backend = "default",
        .target = "cpu",
        .conf = default_of("conf"),
        .iou = default_of("iou"),
        .vehicle_classes = {vehicles, 3},
        .max_detections = (int64_t)default_of("max_detections"),
        .threads = 1,
        .quality = (int64_t)default_of("quality"),
        .show_labels = true,
        .track_high = default_of("track_high"),
        .track_low = default_of("track_low"),
        .track_buffer_s = default_of("track_buffer_s"),
        .space_conf = default_of("space_conf"),
        .space_occupy_s = default_of("space_occupy_s"),
        .space_free_s = default_of("space_free_s"),
    };
}

#endif
