#include "detector/settings.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

/* A flag for each class that is listed; the first name that no class bears is *unknown. */
static bool *settings_flags(const struct config_strings *list, const struct names *names,
                            const char **unknown)
{
    bool *flags = xcalloc(names_count(names), sizeof *flags);
    *unknown = NULL;
    for (size_t i = 0; i < list->count; i++) {
        size_t class_id;
        if (names_find(names, list->items[i], &class_id)) {
            flags[class_id] = true;
        } else if (*unknown == NULL) {
            *unknown = list->items[i];
        }
    }
    return flags;
}

/* A list of wrong names would otherwise count nothing and say nothing. */
static void settings_warn_of_no_vehicle(const struct detection_settings *settings)
{
    for (size_t i = 0; i < names_count(settings->names); i++) {
        if (settings->vehicle[i]) {
            return;
        }
    }
    log_warn("vehicle_count will be 0: the network has no class of detector.vehicle_classes; see "
             "detector.names");
}

struct detection_settings *settings_create(const struct config_detector *config,
                                           const struct names *names,
                                           char error[SETTINGS_ERROR_SIZE])
{
    const char *unknown = NULL;
    bool *wanted =
        config->classes.count > 0 ? settings_flags(&config->classes, names, &unknown) : NULL;
    if (unknown != NULL) {
        snprintf(error, SETTINGS_ERROR_SIZE,
                 "detector.classes: the network has no class \"%.100s\"; see detector.names",
                 unknown);
        free(wanted);
        return NULL;
    }
    struct detection_settings *settings = xcalloc(1, sizeof *settings);
    *settings = (struct detection_settings){
        .conf = (float)config->conf,
        .iou = (float)config->iou,
        .max_detections = (size_t)config->max_detections,
        .names = names,
        .wanted = wanted,
        /* The default list has names of several name lists, so not all of them must be known. */
        .vehicle = settings_flags(&config->vehicle_classes, names, &unknown),
        .rendering = {.id = 0,
                      .conf = (float)config->conf,
                      .show_labels = config->show_labels,
                      .quality = (int)config->quality},
        .references = 1,
    };
    settings->tracker =
        (struct tracker_config){.high = (float)config->track_high,
                                .low = (float)config->track_low,
                                .buffer_ns = clock_seconds_ns(config->track_buffer_s),
                                .vehicle = settings->vehicle};
    settings->occupancy =
        (struct occupancy_config){.conf = (float)config->space_conf,
                                  .sure = (float)config->conf,
                                  .vehicle = settings->vehicle,
                                  .occupy_ns = clock_seconds_ns(config->space_occupy_s),
                                  .free_ns = clock_seconds_ns(config->space_free_s)};
    settings_warn_of_no_vehicle(settings);
    return settings;
}

struct detection_settings *settings_acquire(struct detection_settings *settings)
{
    settings->references++;
    return settings;
}

void settings_release(struct detection_settings *settings)
{
    if (settings == NULL || --settings->references > 0) {
        return;
    }
    free(settings->wanted);
    free(settings->vehicle);
    free(settings);
}
