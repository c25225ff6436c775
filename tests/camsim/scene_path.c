#include "tests/camsim/scene_path.h"

#define BRAKING 1.6 /* metres a second, each second */

static void path_add(struct scene_path *path, double speed, bool reverse)
{
    if (path->count < SCENE_PATH_MAX) {
        path->poses[path->count++] =
            (struct scene_pose){(float)path->pen.place.x, (float)path->pen.place.y,
                                (float)path->pen.heading, (float)speed, reverse};
    }
}

void scene_path_begin(struct scene_path *path, struct scene_stance start)
{
    path->count = 0;
    path->pen = start;
}

static void path_move(struct scene_path *path, double distance, bool reverse)
{
    double signed_distance = reverse ? -distance : distance;
    path->pen.place.x += scene_cosine(path->pen.heading) * signed_distance;
    path->pen.place.y += scene_sine(path->pen.heading) * signed_distance;
}

void scene_path_straight(struct scene_path *path, double length, double speed, bool reverse)
{
    int steps = length > 0 ? (int)(length / SCENE_PATH_STEP + 0.5) : 0;
    for (int i = 0; i < steps; i++) {
        path_add(path, speed, reverse);
        path_move(path, length / steps, reverse);
    }
}

void scene_path_turn(struct scene_path *path, double heading, double radius, double speed,
                     bool reverse)
{
    double turns = (heading - path->pen.heading) / (2 * SCENE_PI);
    double angle = (turns - floor(turns + 0.5)) * 2 * SCENE_PI;
    double length = fabs(angle) * radius;
    int steps = (int)(length / SCENE_PATH_STEP + 1);
    for (int i = 0; i < steps; i++) {
        path_add(path, speed, reverse);
        path->pen.heading += angle / steps * 0.5;
        path_move(path, length / steps, reverse);
        path->pen.heading += angle / steps * 0.5;
    }
}

void scene_path_finish(struct scene_path *path, bool stop)
{
    path_add(path, stop ? 0 : 1e3, path->count > 0 && path->poses[path->count - 1].reverse);
    for (int i = path->count - 2; i >= 0; i--) {
        struct scene_pose *pose = &path->poses[i];
        const struct scene_pose *next = &path->poses[i + 1];
        double ahead = next->reverse != pose->reverse ? 0 : next->speed;
        double most = sqrt(ahead * ahead + 2 * BRAKING * SCENE_PATH_STEP);
        pose->speed = (float)(pose->speed < most ? pose->speed : most);
    }
}

struct scene_pose scene_path_at(const struct scene_path *path, double distance)
{
    double at = scene_clamp(distance / SCENE_PATH_STEP, 0, path->count - 1);
    int before = (int)at;
    if (before + 1 >= path->count) {
        return path->poses[path->count - 1];
    }
    const struct scene_pose *from = &path->poses[before], *to = &path->poses[before + 1];
    float share = (float)(at - before);
    struct scene_pose pose = *from;
    pose.x += (to->x - from->x) * share;
    pose.y += (to->y - from->y) * share;
    pose.heading += (to->heading - from->heading) * share;
    return pose;
}

double scene_path_length(const struct scene_path *path)
{
    return (path->count - 1) * SCENE_PATH_STEP;
}
