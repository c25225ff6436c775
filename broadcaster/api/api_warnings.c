#include "broadcaster/api/api_warnings.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/streams/camera_watch.h"
#include "broadcaster/streams/detector_watch.h"
#include "common/log_tail.h"
#include "common/memory.h"

#define WARNINGS_MOST 100
#define PROCESS_SIZE  (CAMERA_ID_SIZE + 16)

/* Of many processes, in no order. */
struct warnings {
    json_t **items; /* references */
    size_t count, capacity;
};

static void warnings_add(struct warnings *warnings, const char *process, const json_t *lines)
{
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line)
    {
        if (!json_is_object(line)) {
            continue;
        }
        if (warnings->count == warnings->capacity) {
            warnings->capacity = warnings->capacity * 2 + LOG_TAIL_LINES;
            warnings->items = xreallocarray(warnings->items, warnings->capacity, sizeof(json_t *));
        }
        json_t *item = json_copy(line); /* the process's answer stays as it is */
        json_object_set_new(item, "process", json_string(process));
        warnings->items[warnings->count++] = item;
    }
}

static void warnings_gather(struct warnings *warnings, const struct services *services)
{
    const struct config *config = services->config;
    char process[PROCESS_SIZE];
    json_t *own = log_tail_json(WARNINGS_MOST);
    warnings_add(warnings, "broadcaster", own);
    json_decref(own);
    for (size_t i = 0; i < config->camera_count; i++) {
        const json_t *stats = camera_watch_stats(services->cameras, config->cameras[i].id);
        snprintf(process, sizeof process, "capture.%s", config->cameras[i].id);
        warnings_add(warnings, process, json_object_get(stats, "warnings"));
    }
    for (size_t i = 0; i < detector_watch_count(services->detectors); i++) {
        const json_t *stats = detector_watch_stats(services->detectors, i);
        snprintf(process, sizeof process, "detector.%zu", i);
        warnings_add(warnings, process, json_object_get(stats, "warnings"));
    }
}

static int warnings_newest_first(const void *left, const void *right)
{
    double a = json_number_value(json_object_get(*(json_t *const *)left, "time"));
    double b = json_number_value(json_object_get(*(json_t *const *)right, "time"));
    return (a < b) - (a > b);
}

void api_warnings_handle(struct services *services, struct http_session *session,
                         const struct http_request *request, const char *camera)
{
    struct warnings warnings = {0};
    json_t *newest = json_array();
    (void)request;
    (void)camera;
    warnings_gather(&warnings, services);
    if (warnings.count > 0) {
        qsort(warnings.items, warnings.count, sizeof(json_t *), warnings_newest_first);
    }
    for (size_t i = 0; i < warnings.count && i < WARNINGS_MOST; i++) {
        json_array_append(newest, warnings.items[i]);
    }
    for (size_t i = 0; i < warnings.count; i++) {
        json_decref(warnings.items[i]);
    }
    free(warnings.items);
    api_json_respond(session, 200, API_NOT_STORED, json_pack("{s:o}", "warnings", newest));
}
