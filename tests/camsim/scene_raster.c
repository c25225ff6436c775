#include "tests/camsim/scene_raster.h"

#include <limits.h>
#include <stdlib.h>

#include "common/memory.h"

#define SAMPLES       3 /* per pixel, in each direction */
#define NEAREST       0.5
#define SPRITE_MARGIN 0.5 /* of the picture's width: further outside nothing is drawn */
#define COVERED       128

/* A corner as it is drawn. */
struct raster_vertex {
    float x, y, nearness; /* samples; 1 / depth */
    float colour[3];      /* as shown, 0 to 255 */
};

/* What a sprite is drawn into, SAMPLES times as wide and high. */
struct raster_target {
    int x, y, width, height; /* samples */
    float *nearness;         /* 0: nothing yet */
    uint32_t *colours;
};

struct scene_box scene_box_clip(struct scene_box box, int width, int height)
{
    int left = box.x > 0 ? box.x : 0, top = box.y > 0 ? box.y : 0;
    int right = box.x + box.width < width ? box.x + box.width : width;
    int bottom = box.y + box.height < height ? box.y + box.height : height;
    if (right <= left || bottom <= top) {
        return (struct scene_box){0};
    }
    return (struct scene_box){left, top, right - left, bottom - top};
}

/* The outermost pixels of a set. */
struct raster_extent {
    int left, right, top, bottom;
};

#define RASTER_EXTENT_NONE                                                                         \
    {                                                                                              \
        INT_MAX, INT_MIN, INT_MAX, INT_MIN                                                         \
    }

static void raster_extend(struct raster_extent *extent, int x, int y)
{
    extent->left = x < extent->left ? x : extent->left;
    extent->right = x > extent->right ? x : extent->right;
    extent->top = y < extent->top ? y : extent->top;
    extent->bottom = y > extent->bottom ? y : extent->bottom;
}

static struct scene_box raster_extent_box(const struct raster_extent *extent)
{
    if (extent->right < extent->left) {
        return (struct scene_box){0};
    }
    return (struct scene_box){extent->left, extent->top, extent->right - extent->left + 1,
                              extent->bottom - extent->top + 1};
}

static struct scene_vector stance_turn(struct scene_vector vector, double cosine, double sine)
{
    return (struct scene_vector){vector.x * cosine - vector.y * sine,
                                 vector.x * sine + vector.y * cosine, vector.z};
}

/* Projects and lights one triangle. False: it shows its back, or is behind the camera. */
static bool raster_prepare(const struct scene_triangle *triangle, const struct scene_stance *stance,
                           double cosine, double sine, const struct scene_view *view,
                           const struct scene_light *light, struct raster_vertex out[3])
{
    for (int i = 0; i < 3; i++) {
        struct scene_vector point = stance_turn(triangle->corners[i], cosine, sine);
        point.x += stance->place.x;
        point.y += stance->place.y;
        struct scene_vector normal = stance_turn(triangle->normals[i], cosine, sine);
        struct scene_vector to_eye = scene_normal(scene_subtract(view->position, point));
        struct scene_pixel seen = scene_view_project(view, point);
        if (seen.depth < NEAREST) {
            return false;
        }
        struct scene_colour colour = scene_light_shade(light, &triangle->surface, normal, to_eye);
        out[i] = (struct raster_vertex){
            (float)(seen.x * SAMPLES),
            (float)(seen.y * SAMPLES),
            (float)(1 / seen.depth),
            {(float)scene_colour_shown(colour.red), (float)scene_colour_shown(colour.green),
             (float)scene_colour_shown(colour.blue)},
        };
    }
    float area = (out[1].x - out[0].x) * (out[2].y - out[0].y) -
                 (out[2].x - out[0].x) * (out[1].y - out[0].y);
    if (area > 0 && triangle->two_sided) {
        struct raster_vertex swapped = out[1];
        out[1] = out[2];
        out[2] = swapped;
    }
    return triangle->two_sided ? fabsf(area) > 1e-6F : area < -1e-6F;
}

/* How a value changes over a triangle: at (x, y) it is start + right * x + down * y. */
struct raster_plane {
    float start, right, down;
};

static struct raster_plane raster_plane_of(const struct raster_vertex corners[3], float a, float b,
                                           float c)
{
    float ux = corners[1].x - corners[0].x, uy = corners[1].y - corners[0].y;
    float vx = corners[2].x - corners[0].x, vy = corners[2].y - corners[0].y;
    float area = ux * vy - vx * uy;
    struct raster_plane plane = {.right = ((b - a) * vy - (c - a) * uy) / area,
                                 .down = ((c - a) * ux - (b - a) * vx) / area};
    plane.start = a - plane.right * corners[0].x - plane.down * corners[0].y;
    return plane;
}

static uint32_t raster_byte(float value)
{
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint32_t)(value + 0.5F);
}

/* The samples of one line that lie within all three edges. */
static void raster_span(const struct raster_plane edges[3], float y, float *left, float *right)
{
    for (int i = 0; i < 3; i++) {
        float at_zero = edges[i].start + edges[i].down * y;
        if (edges[i].right > 0) {
            *left = fmaxf(*left, -at_zero / edges[i].right);
        } else if (edges[i].right < 0) {
            *right = fminf(*right, -at_zero / edges[i].right);
        } else if (at_zero < 0) {
            *right = *left - 1;
        }
    }
}

static void raster_fill(struct raster_target *target, const struct raster_vertex corners[3])
{
    struct raster_plane edges[3], nearness, colours[3];
    for (int i = 0; i < 3; i++) {
        edges[i] = raster_plane_of(corners, i == 0, i == 1, i == 2);
        colours[i] = raster_plane_of(corners, corners[0].colour[i], corners[1].colour[i],
                                     corners[2].colour[i]);
    }
    nearness =
        raster_plane_of(corners, corners[0].nearness, corners[1].nearness, corners[2].nearness);
    float low = fminf(corners[0].y, fminf(corners[1].y, corners[2].y)) - 0.5F;
    float high = fmaxf(corners[0].y, fmaxf(corners[1].y, corners[2].y)) - 0.5F;
    int top = (int)fmaxf(ceilf(low), (float)target->y);
    int bottom = (int)fminf(floorf(high), (float)(target->y + target->height - 1));
    for (int row = top; row <= bottom; row++) {
        float y = (float)row + 0.5F;
        float left = (float)target->x + 0.5F, right = (float)(target->x + target->width) - 0.5F;
        raster_span(edges, y, &left, &right);
        int last = (int)floorf(right - 0.5F);
        size_t line = (size_t)(row - target->y) * (size_t)target->width;
        for (int column = (int)ceilf(left - 0.5F); column <= last; column++) {
            float x = (float)column + 0.5F;
            size_t at = line + (size_t)(column - target->x);
            float here = nearness.start + nearness.right * x + nearness.down * y;
            if (here <= target->nearness[at]) {
                continue;
            }
            target->nearness[at] = here;
            uint32_t colour = 0;
            for (int i = 0; i < 3; i++) {
                float value = colours[i].start + colours[i].right * x + colours[i].down * y;
                colour |= raster_byte(value) << (8 * i);
            }
            target->colours[at] = colour;
        }
    }
}

/* One pixel from its samples. */
static void raster_resolve_pixel(const struct raster_target *target, int x, int y, uint8_t out[4])
{
    unsigned sums[4] = {0};
    for (int row = 0; row < SAMPLES; row++) {
        size_t at = (size_t)(y * SAMPLES + row) * (size_t)target->width + (size_t)(x * SAMPLES);
        for (int column = 0; column < SAMPLES; column++, at++) {
            if (target->nearness[at] > 0) {
                uint32_t colour = target->colours[at];
                sums[0] += colour & 255;
                sums[1] += (colour >> 8) & 255;
                sums[2] += colour >> 16;
                sums[3] += 255;
            }
        }
    }
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)((sums[i] + SAMPLES * SAMPLES / 2) / (SAMPLES * SAMPLES));
    }
}

static void raster_resolve(const struct raster_target *target, struct scene_sprite *sprite)
{
    struct raster_extent extent = RASTER_EXTENT_NONE;
    uint8_t *pixel = sprite->pixels;
    sprite->solid = 0;
    for (int y = 0; y < sprite->box.height; y++) {
        for (int x = 0; x < sprite->box.width; x++, pixel += 4) {
            raster_resolve_pixel(target, x, y, pixel);
            if (pixel[3] >= COVERED) {
                sprite->solid++;
                raster_extend(&extent, sprite->box.x + x, sprite->box.y + y);
            }
        }
    }
    sprite->solid_box = raster_extent_box(&extent);
}

/* The box around all corners, within sight or a little outside of it. */
static struct scene_box raster_bound(struct raster_vertex (*vertices)[3], size_t count,
                                     const struct scene_view *view)
{
    float margin = (float)(view->width * SPRITE_MARGIN);
    float left = (float)view->width + margin, top = (float)view->height + margin;
    float right = -margin, bottom = -margin;
    float most_right = left, most_down = top;
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < 3; k++) {
            float x = vertices[i][k].x / SAMPLES, y = vertices[i][k].y / SAMPLES;
            left = fminf(left, x);
            right = fmaxf(right, x);
            top = fminf(top, y);
            bottom = fmaxf(bottom, y);
        }
    }
    left = floorf(fmaxf(left, -margin));
    top = floorf(fmaxf(top, -margin));
    right = ceilf(fminf(right, most_right));
    bottom = ceilf(fminf(bottom, most_down));
    if (right <= left || bottom <= top) {
        return (struct scene_box){0};
    }
    return (struct scene_box){(int)left, (int)top, (int)(right - left), (int)(bottom - top)};
}

void scene_sprite_draw(struct scene_sprite *sprite, const struct scene_mesh *mesh,
                       const struct scene_stance *stance, const struct scene_view *view,
                       const struct scene_light *light)
{
    struct raster_vertex(*vertices)[3] = xmalloc((mesh->count + 1) * sizeof *vertices);
    double cosine = scene_cosine(stance->heading), sine = scene_sine(stance->heading);
    size_t count = 0;
    for (size_t i = 0; i < mesh->count; i++) {
        count +=
            raster_prepare(&mesh->triangles[i], stance, cosine, sine, view, light, vertices[count]);
    }
    scene_sprite_finish(sprite);
    sprite->box = raster_bound(vertices, count, view);
    struct raster_target target = {
        .x = sprite->box.x * SAMPLES,
        .y = sprite->box.y * SAMPLES,
        .width = sprite->box.width * SAMPLES,
        .height = sprite->box.height * SAMPLES,
    };
    size_t samples = (size_t)target.width * (size_t)target.height;
    if (samples > 0) {
        target.nearness = xcalloc(samples, sizeof *target.nearness);
        target.colours = xmalloc(samples * sizeof *target.colours);
        sprite->pixels = xmalloc(samples / (SAMPLES * SAMPLES) * 4);
        for (size_t i = 0; i < count; i++) {
            raster_fill(&target, vertices[i]);
        }
        raster_resolve(&target, sprite);
        free(target.nearness);
        free(target.colours);
    }
    free(vertices);
}

void scene_sprite_finish(struct scene_sprite *sprite)
{
    free(sprite->pixels);
    *sprite = (struct scene_sprite){0};
}

void scene_sprite_lay(const struct scene_sprite *sprite, struct scene_canvas *canvas, uint8_t *ids,
                      uint8_t id)
{
    struct scene_box box = scene_box_clip(sprite->box, canvas->width, canvas->height);
    for (int y = box.y; y < box.y + box.height; y++) {
        size_t row = (size_t)y * (size_t)canvas->width + (size_t)box.x;
        uint8_t *out = canvas->pixels + row * 4;
        const uint8_t *in =
            sprite->pixels + ((size_t)(y - sprite->box.y) * (size_t)sprite->box.width +
                              (size_t)(box.x - sprite->box.x)) *
                                 4;
        for (int x = 0; x < box.width; x++, in += 4, out += 4) {
            unsigned rest = 255U - in[3];
            if (rest == 255) {
                continue;
            }
            for (int i = 0; i < 3; i++) {
                out[i] = (uint8_t)(in[i] + (out[i] * rest + 127) / 255);
            }
            if (ids != NULL && in[3] >= COVERED) {
                ids[row + (size_t)x] = id;
            }
        }
    }
}

int scene_ids_count(const uint8_t *ids, size_t stride, struct scene_box box, uint8_t id,
                    struct scene_box *found)
{
    struct raster_extent extent = RASTER_EXTENT_NONE;
    int count = 0;
    for (int y = box.y; y < box.y + box.height; y++) {
        const uint8_t *row = ids + (size_t)y * stride;
        for (int x = box.x; x < box.x + box.width; x++) {
            if (row[x] == id) {
                count++;
                raster_extend(&extent, x, y);
            }
        }
    }
    *found = raster_extent_box(&extent);
    return count;
}
