#include "tests/camsim/scene_view.h"

#define POSE_TRIES  800
#define EDGE        0.012 /* of the picture: nothing of a space is nearer to it */
#define LOW_ENOUGH  0.86  /* how far down the nearest row should reach, */
#define WIDE_ENOUGH 0.80  /* and how much of the width the spaces should take */

struct pose {
    double x, y, height, turn, tilt, half_width; /* angles in radians; half_width: a tangent */
};

static void view_set_pose(struct scene_view *view, const struct pose *pose, int width, int height)
{
    double sine = scene_sine(pose->tilt), cosine = scene_cosine(pose->tilt);
    struct scene_vector ahead = {scene_sine(pose->turn), scene_cosine(pose->turn), 0};
    view->position = (struct scene_vector){pose->x, pose->y, pose->height};
    view->forward = (struct scene_vector){ahead.x * cosine, ahead.y * cosine, -sine};
    view->right = (struct scene_vector){ahead.y, -ahead.x, 0};
    view->up = scene_cross(view->right, view->forward);
    view->width = width;
    view->height = height;
    view->centre_x = width * 0.5;
    view->centre_y = height * 0.5;
    view->focal = width * 0.5 / pose->half_width;
}

struct scene_pixel scene_view_project(const struct scene_view *view, struct scene_vector point)
{
    struct scene_vector ray = scene_subtract(point, view->position);
    double depth = scene_dot(ray, view->forward);
    double scale = view->focal / (depth > 1e-6 ? depth : 1e-6);
    return (struct scene_pixel){view->centre_x + scene_dot(ray, view->right) * scale,
                                view->centre_y - scene_dot(ray, view->up) * scale, depth};
}

bool scene_view_ground(const struct scene_view *view, double x, double y, double limit,
                       struct scene_point *point)
{
    double across = (x - view->centre_x) / view->focal;
    double down = (y - view->centre_y) / view->focal;
    struct scene_vector ray =
        scene_add(view->forward,
                  scene_subtract(scene_scale(view->right, across), scene_scale(view->up, down)));
    if (ray.z >= -1e-6) {
        return false;
    }
    double length = -view->position.z / ray.z;
    *point =
        (struct scene_point){view->position.x + ray.x * length, view->position.y + ray.y * length};
    return length < limit;
}

double scene_view_distance(const struct scene_view *view, struct scene_vector point)
{
    struct scene_vector ray = scene_subtract(point, view->position);
    return sqrt(scene_dot(ray, ray));
}

/* How well the spaces fill the picture: 1 is well enough; below 0: not all of them are in it. */
static double view_rate(const struct scene_view *view, const struct scene_layout *layout)
{
    double lowest = 0, left = 1, right = 0;
    for (int i = 0; i < layout->space_count; i++) {
        for (int k = 0; k < 4; k++) {
            struct scene_point corner = layout->spaces[i].corners[k];
            struct scene_pixel seen =
                scene_view_project(view, (struct scene_vector){corner.x, corner.y, 0});
            double x = seen.x / view->width, y = seen.y / view->height;
            if (seen.depth <= 0 || x < EDGE || x > 1 - EDGE || y < EDGE || y > 1 - EDGE) {
                return -1;
            }
            lowest = fmax(lowest, y);
            left = fmin(left, x);
            right = fmax(right, x);
        }
    }
    return fmin(fmin(lowest / LOW_ENOUGH, (right - left) / WIDE_ENOUGH), 1);
}

void scene_view_init(struct scene_view *view, const struct scene_layout *layout, int width,
                     int height)
{
    struct scene_random random = scene_random_make(layout->seed, 2);
    double degree = SCENE_PI / 180, best_rate = -1;
    struct pose best = {.y = -3, .height = 9, .tilt = 20 * degree, .half_width = 0.85};
    for (int i = 0; i < POSE_TRIES && best_rate < 1; i++) {
        struct pose pose = {0};
        pose.x = scene_random_between(&random, -7, 7);
        pose.y = scene_random_between(&random, -2, 4);
        pose.height = scene_random_between(&random, 7, 10.5);
        pose.turn = scene_random_between(&random, -20, 20) * degree;
        pose.tilt = scene_random_between(&random, 15, 26) * degree;
        pose.half_width = scene_random_between(&random, 0.52, 0.82);
        view_set_pose(view, &pose, width, height);
        double rate = view_rate(view, layout);
        if (rate > best_rate) {
            best_rate = rate;
            best = pose;
        }
    }
    view_set_pose(view, &best, width, height);
}
