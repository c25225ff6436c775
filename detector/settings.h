/* What the stages need to know of the configuration, class names resolved. Constant once
 * made, so the workers read it without a lock; a reload makes another one, and a job keeps
 * the one it began with. */
#ifndef DETECTOR_SETTINGS_H
#define DETECTOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "detector/demand.h"
#include "detector/names.h"
#include "detector/occupancy.h"
#include "detector/tracker.h"

#define SETTINGS_ERROR_SIZE 256

struct detection_settings {
    float conf, iou;
    size_t max_detections;
    const struct names *names;
    bool *wanted;  /* by class id; NULL: all classes */
    bool *vehicle; /* by class id: counted by vehicle_count */
    struct tracker_config tracker;
    struct occupancy_config occupancy;
    struct rendering rendering; /* the camera's default rendering, id 0 */
    size_t references;          /* of the loop's thread */
};

/* `names` must outlive it. NULL when detector.classes names a class that the network does not have,
 * with the cause in `error`. Made with one reference, the caller's. */
struct detection_settings *settings_create(const struct config_detector *config,
                                           const struct names *names,
                                           char error[SETTINGS_ERROR_SIZE]);

/* Only on the loop's thread. */
struct detection_settings *settings_acquire(struct detection_settings *settings);
void settings_release(struct detection_settings *settings); /* NULL is allowed */

#endif
