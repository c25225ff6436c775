#include "tests/camsim/scene_cast.h"

#include <stdlib.h>

#include "common/memory.h"

#define HULL_MAX      16
#define SOFT_SHADOW   0.10 /* metres from light to dark */
#define CONTACT_REACH 0.45 /* metres beyond the body that it darkens */
#define CONTACT_MOST  0.78
#define LOWEST_SUN    0.09 /* the sine of the height at which shadows grow no longer */
#define BEAM_REACH    15.0
#define BEAM_HALF     4.5
#define BEAM_BLOCK    2 /* pixels that get the same light, in each direction */

/* A convex outline on the ground, against the clock, and its edges as half planes: a point is
 * outside of an edge when x * point.x + y * point.y > reach. */
struct hull {
    struct scene_point points[HULL_MAX];
    double x[HULL_MAX], y[HULL_MAX], reach[HULL_MAX];
    int count;
};

static double hull_turn(struct scene_point a, struct scene_point b, struct scene_point c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

static int hull_compare(const void *a, const void *b)
{
    const struct scene_point *p = a, *q = b;
    if (p->x != q->x) {
        return p->x < q->x ? -1 : 1;
    }
    return p->y < q->y ? -1 : p->y > q->y;
}

/* Andrew's monotone chain. At most HULL_MAX / 2 points. */
static void hull_init(struct hull *hull, struct scene_point *points, int count)
{
    qsort(points, (size_t)count, sizeof *points, hull_compare);
    hull->count = 0;
    for (int pass = 0; pass < 2; pass++) {
        int base = hull->count;
        for (int i = 0; i < count; i++) {
            struct scene_point point = points[pass == 0 ? i : count - 1 - i];
            while (hull->count >= base + 2 &&
                   hull_turn(hull->points[hull->count - 2], hull->points[hull->count - 1], point) <=
                       0) {
                hull->count--;
            }
            hull->points[hull->count++] = point;
        }
        hull->count--; /* the last one is the first of the other half */
    }
}

static void hull_measure_edges(struct hull *hull)
{
    for (int i = 0; i < hull->count; i++) {
        struct scene_point a = hull->points[i], b = hull->points[(i + 1) % hull->count];
        double x = b.y - a.y, y = a.x - b.x, length = sqrt(x * x + y * y);
        hull->x[i] = x / length;
        hull->y[i] = y / length;
        hull->reach[i] = hull->x[i] * a.x + hull->y[i] * a.y;
    }
}

/* How far outside a point lies; below 0: inside. */
static double hull_distance(const struct hull *hull, struct scene_point point)
{
    double distance = -1e9;
    for (int i = 0; i < hull->count; i++) {
        double outside = hull->x[i] * point.x + hull->y[i] * point.y - hull->reach[i];
        distance = outside > distance ? outside : distance;
    }
    return distance;
}

static struct scene_point stance_point(const struct scene_stance *stance, double along,
                                       double aside)
{
    double cosine = scene_cosine(stance->heading), sine = scene_sine(stance->heading);
    return (struct scene_point){stance->place.x + along * cosine - aside * sine,
                                stance->place.y + along * sine + aside * cosine};
}

/* The shadow of a block from the ground up. */
static void hull_of_block(struct hull *hull, const struct scene_stance *stance, double rear,
                          double front, double half, double height, struct scene_vector to_sun)
{
    double reach = height / fmax(to_sun.z, LOWEST_SUN);
    struct scene_point points[HULL_MAX / 2];
    for (int i = 0; i < 4; i++) {
        points[i] = stance_point(stance, (i & 1) != 0 ? front : rear, (i & 2) != 0 ? half : -half);
        points[i + 4] =
            (struct scene_point){points[i].x - to_sun.x * reach, points[i].y - to_sun.y * reach};
    }
    hull_init(hull, points, HULL_MAX / 2);
    hull_measure_edges(hull);
}

/* The box of pixels around points of the ground and `margin` metres. */
static struct scene_box cast_bound(const struct scene_view *view, const struct scene_point *points,
                                   int count, double margin)
{
    double left = view->width, right = 0, top = view->height, bottom = 0;
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < 4; k++) {
            struct scene_vector corner = {points[i].x + ((k & 1) != 0 ? margin : -margin),
                                          points[i].y + ((k & 2) != 0 ? margin : -margin), 0};
            struct scene_pixel seen = scene_view_project(view, corner);
            if (seen.depth < 1) {
                continue;
            }
            left = fmin(left, seen.x);
            right = fmax(right, seen.x);
            top = fmin(top, seen.y);
            bottom = fmax(bottom, seen.y);
        }
    }
    if (right <= left || bottom <= top || left > view->width || top > view->height) {
        return (struct scene_box){0};
    }
    int x = (int)fmax(left, 0), y = (int)fmax(top, 0);
    struct scene_box box = {x, y, (int)fmin(right + 2, view->width) - x,
                            (int)fmin(bottom + 2, view->height) - y};
    return scene_box_clip(box, view->width, view->height);
}

/* A point as the body sees it. */
struct body_frame {
    struct scene_point place;
    double cosine, sine;
};

static struct body_frame body_frame_of(const struct scene_stance *stance)
{
    return (struct body_frame){stance->place, scene_cosine(stance->heading),
                               scene_sine(stance->heading)};
}

static struct scene_point body_point(const struct body_frame *frame, struct scene_point point)
{
    double x = point.x - frame->place.x, y = point.y - frame->place.y;
    return (struct scene_point){x * frame->cosine + y * frame->sine,
                                y * frame->cosine - x * frame->sine};
}

/* How dark it is below and beside a body. */
static double contact_at(const struct scene_block *block, struct scene_point point)
{
    double along = fabs(point.x) - block->length * 0.46;
    double aside = fabs(point.y) - block->width * 0.44;
    if (along > CONTACT_REACH || aside > CONTACT_REACH) {
        return 0;
    }
    double out_along = fmax(along, 0), out_aside = fmax(aside, 0);
    double distance =
        sqrt(out_along * out_along + out_aside * out_aside) + fmin(fmax(along, aside), 0);
    return CONTACT_MOST * scene_step(CONTACT_REACH, -0.2, distance);
}

void scene_cast_draw(struct scene_cast *cast, const struct scene_block *block,
                     const struct scene_stance *stance, const struct scene_view *view,
                     const struct scene_light *light)
{
    struct hull lower, upper;
    double half = block->width * 0.46;
    hull_of_block(&lower, stance, -block->length * 0.48, block->length * 0.48, half,
                  block->shoulder, light->to_sun);
    hull_of_block(&upper, stance, block->cabin_rear, block->cabin_front, half * 0.85, block->height,
                  light->to_sun);
    struct scene_point all[2 * HULL_MAX];
    int count = 0;
    for (int i = 0; i < lower.count; i++) {
        all[count++] = lower.points[i];
    }
    for (int i = 0; i < upper.count; i++) {
        all[count++] = upper.points[i];
    }
    const struct body_frame frame = body_frame_of(stance);
    bool sun = light->to_sun.z > 0 && light->sun.red > 0;
    double soft = SOFT_SHADOW + 0.05 / fmax(light->to_sun.z, LOWEST_SUN);
    scene_cast_finish(cast);
    cast->box = cast_bound(view, all, count, CONTACT_REACH);
    cast->masks = xmalloc((size_t)cast->box.width * (size_t)cast->box.height * 2 + 1);
    uint8_t *mask = cast->masks;
    for (int row = 0; row < cast->box.height; row++) {
        for (int column = 0; column < cast->box.width; column++, mask += 2) {
            struct scene_point point;
            mask[0] = mask[1] = 0;
            if (!scene_view_ground(view, cast->box.x + column + 0.5, cast->box.y + row + 0.5, 200,
                                   &point)) {
                continue;
            }
            double distance = fmin(hull_distance(&lower, point), hull_distance(&upper, point));
            mask[0] = sun ? (uint8_t)(255 * scene_step(soft * 0.5, -soft, distance)) : 0;
            mask[1] = (uint8_t)(255 * contact_at(block, body_point(&frame, point)));
        }
    }
}

void scene_cast_finish(struct scene_cast *cast)
{
    free(cast->masks);
    *cast = (struct scene_cast){0};
}

void scene_cast_lay(const struct scene_cast *cast, const struct scene_light *light,
                    struct scene_canvas *canvas)
{
    struct scene_colour left = scene_light_in_shadow(light);
    /* Roots, since the canvas shows roots of light. */
    const double kept[3] = {sqrt(left.red), sqrt(left.green), sqrt(left.blue)};
    unsigned shares[256][3]; /* of 256, by how much of the sun is gone */
    for (int gone = 0; gone < 256; gone++) {
        for (int i = 0; i < 3; i++) {
            shares[gone][i] = (unsigned)(256 * scene_mix(1, kept[i], gone / 255.0));
        }
    }
    const uint8_t *mask = cast->masks;
    for (int row = 0; row < cast->box.height; row++) {
        uint8_t *pixel =
            canvas->pixels +
            ((size_t)(cast->box.y + row) * (size_t)canvas->width + (size_t)cast->box.x) * 4;
        for (int column = 0; column < cast->box.width; column++, mask += 2, pixel += 4) {
            if ((mask[0] | mask[1]) == 0) {
                continue;
            }
            unsigned sun_gone = mask[0] * pixel[3] / 255U, rest = 256U - mask[1];
            for (int i = 0; i < 3; i++) {
                pixel[i] = (uint8_t)(pixel[i] * shares[sun_gone][i] * rest >> 16);
            }
            pixel[3] = (uint8_t)(pixel[3] - sun_gone);
        }
    }
}

/* How bright the beam is, in bytes of the picture. */
static int beam_at(double length, double strength, struct scene_point point)
{
    double ahead = point.x - length * 0.5, aside = point.y;
    if (ahead < 0 || ahead > BEAM_REACH) {
        return 0;
    }
    double wide = 0.85 + 0.20 * ahead, off = aside / wide;
    double across = 1 / (1 + off * off * off * off * 2);
    double along = scene_step(0, 1.6, ahead) * scene_step(BEAM_REACH, 1, ahead);
    return (int)(105 * strength * across * along);
}

static void canvas_brighten(struct scene_canvas *canvas, int x, int y, int light)
{
    static const int share[3] = {256, 240, 200};
    for (int row = y; row < y + BEAM_BLOCK && row < canvas->height; row++) {
        for (int column = x; column < x + BEAM_BLOCK && column < canvas->width; column++) {
            uint8_t *pixel =
                canvas->pixels + ((size_t)row * (size_t)canvas->width + (size_t)column) * 4;
            for (int i = 0; i < 3; i++) {
                int bright = pixel[i] + light * share[i] / 256 * (40 + pixel[i]) / 128;
                pixel[i] = (uint8_t)(bright < 255 ? bright : 255);
            }
        }
    }
}

void scene_cast_headlights(const struct scene_stance *stance, double length, double strength,
                           const struct scene_view *view, struct scene_canvas *canvas)
{
    const struct scene_point reach[4] = {
        stance_point(stance, length * 0.5, -1), stance_point(stance, length * 0.5, 1),
        stance_point(stance, BEAM_REACH, -BEAM_HALF), stance_point(stance, BEAM_REACH, BEAM_HALF)};
    const struct body_frame frame = body_frame_of(stance);
    struct scene_box box = cast_bound(view, reach, 4, 0);
    for (int y = box.y; y < box.y + box.height; y += BEAM_BLOCK) {
        for (int x = box.x; x < box.x + box.width; x += BEAM_BLOCK) {
            struct scene_point point;
            if (scene_view_ground(view, x + BEAM_BLOCK * 0.5, y + BEAM_BLOCK * 0.5, 150, &point)) {
                int light = beam_at(length, strength, body_point(&frame, point));
                if (light > 0) {
                    canvas_brighten(canvas, x, y, light);
                }
            }
        }
    }
}
