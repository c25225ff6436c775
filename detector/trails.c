#include "detector/trails.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define TRAIL_SMOOTHED 4 /* points to each side */

#define TRAIL_SETTLE_NS (NS_PER_SECOND / 2) /* the width follows within about so long */

void trails_finish(struct trails *trails)
{
    free(trails->items);
    *trails = (struct trails){0};
}

static void trail_drop_first(struct trail *trail, size_t count)
{
    trail->count -= count;
    memmove(trail->points, trail->points + count, trail->count * sizeof *trail->points);
}

static void trails_forget(struct trails *trails)
{
    size_t kept = 0;
    for (size_t i = 0; i < trails->count; i++) {
        struct trail *trail = &trails->items[i];
        size_t old = 0;
        while (old < trail->count &&
               clock_elapsed_ns(trail->points[old].time_ns, trails->time_ns) > TRAIL_LENGTH_NS) {
            old++;
        }
        trail_drop_first(trail, old);
        if (trail->count > 0 && kept++ < i) {
            trails->items[kept - 1] = *trail;
        }
    }
    trails->count = kept;
}

static struct trail *trails_find(const struct trails *trails, uint64_t id)
{
    for (size_t i = 0; i < trails->count; i++) {
        if (trails->items[i].id == id) {
            return &trails->items[i];
        }
    }
    return NULL;
}

static struct trail *trails_find_or_add(struct trails *trails, uint64_t id)
{
    struct trail *known = trails_find(trails, id);
    if (known != NULL) {
        return known;
    }
    if (trails->count == trails->capacity) {
        trails->capacity = 2 * trails->capacity + 16;
        trails->items = xreallocarray(trails->items, trails->capacity, sizeof *trails->items);
    }
    struct trail *trail = &trails->items[trails->count++];
    trail->id = id;
    trail->count = 0;
    return trail;
}

static void trail_settle(struct trail *trail, float width, uint64_t time_ns)
{
    if (trail->count == 0) {
        trail->width = width;
        return;
    }
    uint64_t since_ns = clock_elapsed_ns(trail->points[trail->count - 1].time_ns, time_ns);
    float share = fminf((float)since_ns / (float)TRAIL_SETTLE_NS, 1);
    trail->width += (width - trail->width) * share;
}

void trails_update(struct trails *trails, const struct track *tracks, size_t count,
                   uint64_t time_ns)
{
    trails->time_ns = time_ns;
    trails_forget(trails);
    for (size_t i = 0; i < count; i++) {
        const struct box *box = &tracks[i].box;
        struct trail *trail = trails_find_or_add(trails, tracks[i].id);
        trail_settle(trail, box->width, time_ns);
        if (trail->count == TRAIL_POINTS) {
            trail_drop_first(trail, 1);
        }
        trail->class_id = box->class_id;
        trail->size = sqrtf(box->width * box->height);
        trail->points[trail->count++] = (struct trail_point){.x = box->x + box->width / 2,
                                                             .y = box->y + box->height / 2,
                                                             .confidence = box->confidence,
                                                             .time_ns = time_ns};
    }
}

const struct trail *trails_of(const struct trails *trails, uint64_t id)
{
    return trails_find(trails, id);
}

float trail_recent_confidence(const struct trail *trail, uint64_t now_ns)
{
    float most = 0;
    for (size_t i = trail->count; i-- > 0;) {
        const struct trail_point *point = &trail->points[i];
        if (clock_elapsed_ns(point->time_ns, now_ns) > NS_PER_SECOND) {
            break;
        }
        most = point->confidence > most ? point->confidence : most;
    }
    return most;
}

struct trail_point trail_smooth(const struct trail *trail, size_t index)
{
    size_t behind = trail->count - 1 - index;
    size_t reach = index < behind ? index : behind;
    reach = reach < TRAIL_SMOOTHED ? reach : TRAIL_SMOOTHED;
    struct trail_point point = trail->points[index];
    float x = 0, y = 0, weights = 0;
    for (size_t i = index - reach; i <= index + reach; i++) {
        size_t away = i < index ? index - i : i - index;
        float weight = (float)(reach + 1 - away);
        x += trail->points[i].x * weight;
        y += trail->points[i].y * weight;
        weights += weight;
    }
    point.x = x / weights;
    point.y = y / weights;
    return point;
}
