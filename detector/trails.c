#include "detector/trails.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

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

static struct trail *trails_find(struct trails *trails, uint64_t id)
{
    for (size_t i = 0; i < trails->count; i++) {
        if (trails->items[i].id == id) {
            return &trails->items[i];
        }
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

void trails_update(struct trails *trails, const struct track *tracks, size_t count,
                   uint64_t time_ns)
{
    trails->time_ns = time_ns;
    trails_forget(trails);
    for (size_t i = 0; i < count; i++) {
        const struct box *box = &tracks[i].box;
        struct trail *trail = trails_find(trails, tracks[i].id);
        if (trail->count == TRAIL_POINTS) {
            trail_drop_first(trail, 1);
        }
        trail->class_id = box->class_id;
        trail->points[trail->count++] = (struct trail_point){
            .x = box->x + box->width / 2, .y = box->y + box->height / 2, .time_ns = time_ns};
    }
}
