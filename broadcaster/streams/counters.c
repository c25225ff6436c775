#include "broadcaster/streams/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

const char *latency_stage_name(enum latency_stage stage)
{
    static const char *const names[LATENCY_STAGES] = {
        [LATENCY_RECEIVED] = "received", [LATENCY_PUBLISHED] = "published",
        [LATENCY_TAKEN] = "taken",       [LATENCY_INFERRED] = "inferred",
        [LATENCY_ENCODED] = "encoded",   [LATENCY_POSTED] = "posted",
        [LATENCY_SENT] = "sent",         [LATENCY_TOTAL] = "total",
    };
    return names[stage];
}

void counters_finish(struct counters *counters)
{
    for (size_t i = 0; i < counters->cameras.count; i++) {
        free(counters->cameras.items[i]);
    }
    sorted_finish(&counters->cameras);
    free(counters->other_cameras);
    *counters = (struct counters){0};
}

static struct camera_counters *camera_counters_create(const char *camera)
{
    struct camera_counters *made = xcalloc(1, sizeof *made);
    snprintf(made->camera, sizeof made->camera, "%s", camera);
    return made;
}

static int camera_counters_compare(const void *item, const void *key)
{
    return strcmp(((const struct camera_counters *)item)->camera, key);
}

struct camera_counters *counters_camera(struct counters *counters, const char *camera)
{
    bool found;
    size_t at = sorted_place(&counters->cameras, camera, camera_counters_compare, &found);
    if (found) {
        return counters->cameras.items[at];
    }
    if (counters->cameras.count == COUNTERS_CAMERAS_MOST) {
        if (counters->other_cameras == NULL) {
            counters->other_cameras = camera_counters_create(COUNTERS_OTHER_CAMERAS);
        }
        return counters->other_cameras;
    }
    struct camera_counters *made = camera_counters_create(camera);
    sorted_insert(&counters->cameras, at, made);
    return made;
}

uint64_t connections_open(const struct connection_counters *connections)
{
    uint64_t open = connections->opened;
    for (enum connection_end end = 0; end < CONNECTION_ENDS; end++) {
        open -= connections->closed[end];
    }
    return open;
}

void counters_closed(struct connection_counters *connections, enum connection_end end, bool kicked)
{
    connections->closed[end]++;
    connections->kicked += kicked;
}
