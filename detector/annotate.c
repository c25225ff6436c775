#include "detector/annotate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "detector/draw.h"
#include "detector/font.h"

#define LABEL_MAX 96

/* Cameras of different sizes take turns at a worker, and making a font takes longer than drawing. */
#define FONTS_KEPT 4

struct annotator {
    struct font *fonts[FONTS_KEPT]; /* NULL: not made yet */
    size_t oldest;                  /* of them; the next to give way */
    const struct font *font;        /* the one for this picture */
    int line;                       /* pixels */
};

/* A rectangle of whole pixels: left and top inside, right and bottom outside. */
struct area {
    int left, top, right, bottom;
};

/* Neighbours in the list differ clearly, and all stand out from asphalt, grass and sky. The order puts
 * friendly colours on the first classes of COCO: person, bicycle, car, motorbike … */
static const uint8_t class_colours[][3] = {
    {255, 167, 38}, {38, 198, 218},  {102, 224, 92},  {236, 64, 122},  {171, 130, 255},
    {255, 238, 88}, {77, 148, 255},  {29, 209, 161},  {255, 112, 67},  {198, 255, 79},
    {240, 98, 255}, {128, 222, 234}, {255, 138, 128}, {149, 165, 255}, {212, 190, 120},
};

static const uint8_t dark[3] = {16, 20, 24};
static const uint8_t light[3] = {255, 255, 255};

struct annotator *annotator_create(void)
{
    return xcalloc(1, sizeof(struct annotator));
}

void annotator_destroy(struct annotator *annotator)
{
    if (annotator == NULL) {
        return;
    }
    for (size_t i = 0; i < FONTS_KEPT; i++) {
        font_destroy(annotator->fonts[i]);
    }
    free(annotator);
}

static int annotate_clamp(int value, int low, int high)
{
    return value < low ? low : (value > high ? high : value);
}

static const struct font *annotator_get_font(struct annotator *annotator, int cap_height)
{
    for (size_t i = 0; i < FONTS_KEPT; i++) {
        struct font *font = annotator->fonts[i];
        if (font != NULL && font_cap_height(font) == cap_height) {
            return font;
        }
    }
    struct font **place = &annotator->fonts[annotator->oldest];
    annotator->oldest = (annotator->oldest + 1) % FONTS_KEPT;
    font_destroy(*place);
    *place = font_create(cap_height);
    return *place;
}

/* Sizes that suit a picture. */
static void annotator_prepare(struct annotator *annotator, int height)
{
    annotator->font =
        annotator_get_font(annotator, annotate_clamp((int)lround(height / 54.0), 9, 60));
    annotator->line = annotate_clamp((int)lround(height / 250.0), 2, 12);
}

static const uint8_t *annotate_colour(int class_id)
{
    return class_colours[(size_t)class_id % (sizeof class_colours / sizeof class_colours[0])];
}

/* Blends a colour over an area, as far as it lies in the picture. opacity: 0 to 256. */
static void annotate_fill(struct picture *picture, struct area area, const uint8_t colour[3],
                          int opacity)
{
    int left = annotate_clamp(area.left, 0, picture->width);
    int right = annotate_clamp(area.right, 0, picture->width);
    int top = annotate_clamp(area.top, 0, picture->height);
    int bottom = annotate_clamp(area.bottom, 0, picture->height);
    for (int y = top; y < bottom; y++) {
        uint8_t *pixel = picture->pixels + ((size_t)y * (size_t)picture->width + (size_t)left) * 3;
        for (int x = left; x < right; x++, pixel += 3) {
            for (int i = 0; i < 3; i++) {
                pixel[i] = (uint8_t)((pixel[i] * (256 - opacity) + colour[i] * opacity) >> 8);
            }
        }
    }
}

/* The four sides of a frame that is `line` wide and lies within `area`. */
static void annotate_frame(struct picture *picture, struct area area, int line,
                           const uint8_t colour[3], int opacity)
{
    if (area.right - area.left <= 2 * line || area.bottom - area.top <= 2 * line) {
        annotate_fill(picture, area, colour, opacity);
        return;
    }
    struct area side = {area.left, area.top, area.right, area.top + line};
    annotate_fill(picture, side, colour, opacity);
    side = (struct area){area.left, area.bottom - line, area.right, area.bottom};
    annotate_fill(picture, side, colour, opacity);
    side = (struct area){area.left, area.top + line, area.left + line, area.bottom - line};
    annotate_fill(picture, side, colour, opacity);
    side = (struct area){area.right - line, area.top + line, area.right, area.bottom - line};
    annotate_fill(picture, side, colour, opacity);
}

static struct area annotate_box_area(const struct box *box)
{
    return (struct area){.left = (int)lroundf(box->x),
                         .top = (int)lroundf(box->y),
                         .right = (int)lroundf(box->x + box->width),
                         .bottom = (int)lroundf(box->y + box->height)};
}

/* A thin dark rim makes the line readable on bright ground. */
static void annotate_draw_box(const struct annotator *annotator, struct picture *picture,
                              const struct box *box)
{
    struct area area = annotate_box_area(box);
    struct area rim = {area.left - 1, area.top - 1, area.right + 1, area.bottom + 1};
    annotate_frame(picture, rim, 1, dark, 110);
    annotate_frame(picture, area, annotator->line, annotate_colour(box->class_id), 256);
}

static const uint8_t *annotate_text_colour(const uint8_t background[3])
{
    int luma = (299 * background[0] + 587 * background[1] + 114 * background[2]) / 1000;
    return luma > 120 ? dark : light;
}

/* Above the box where there is room, else inside its upper edge; always within the picture. */
static struct area annotate_place_label(const struct annotator *annotator,
                                        const struct picture *picture, const struct box *box,
                                        int text_width, int padding)
{
    struct area frame = annotate_box_area(box);
    int width = text_width + 2 * padding;
    int height = font_cap_height(annotator->font) + font_descent(annotator->font) + padding + 1;
    int top = frame.top - height >= 0 ? frame.top - height : frame.top;
    int left = frame.left;
    if (left + width > picture->width) {
        left = picture->width - width;
    }
    if (top + height > picture->height) {
        top = picture->height - height;
    }
    left = left < 0 ? 0 : left;
    top = top < 0 ? 0 : top;
    return (struct area){left, top, left + width, top + height};
}

static void annotate_draw_label(const struct annotator *annotator, struct picture *picture,
                                const struct annotation *annotation, size_t index)
{
    const struct box *box = &annotation->boxes[index];
    const uint64_t *tracks = annotation->observation->box_tracks;
    char text[LABEL_MAX], track[24] = "";
    if (tracks != NULL && tracks[index] > 0) {
        snprintf(track, sizeof track, " #%" PRIu64, tracks[index]);
    }
    snprintf(text, sizeof text, "%.64s %d%%%s", names_get(annotation->names, (size_t)box->class_id),
             (int)lroundf(box->confidence * 100), track);
    int padding = font_cap_height(annotator->font) / 3 + 1;
    struct area label = annotate_place_label(annotator, picture, box,
                                             font_text_width(annotator->font, text), padding);
    const uint8_t *colour = annotate_colour(box->class_id);
    annotate_fill(picture, label, colour, 240);
    annotate_frame(picture, label, 1, dark, 60); /* where labels meet, each has its edge */
    font_draw(annotator->font, picture, label.left + padding,
              label.bottom - font_descent(annotator->font), text, annotate_text_colour(colour));
}

/* A line from where the object was to where it is, the older the fainter. What stands has none. */
static void annotate_draw_trail(const struct annotator *annotator, struct picture *picture,
                                const struct trail *trail, uint64_t now_ns)
{
    const struct trail_point *points = trail->points;
    size_t from = 0; /* steps shorter than the line is wide are put together */
    for (size_t i = 1; i < trail->count; i++) {
        float x = points[i].x - points[from].x, y = points[i].y - points[from].y;
        if (x * x + y * y < (float)(annotator->line * annotator->line) * 4) {
            continue;
        }
        double age = (double)clock_elapsed_ns(points[i].time_ns, now_ns) / (double)TRAIL_LENGTH_NS;
        draw_line(picture, (double)points[from].x, (double)points[from].y, (double)points[i].x,
                  (double)points[i].y, annotator->line, annotate_colour(trail->class_id),
                  0.9 * fmax(1 - age, 0));
        from = i;
    }
}

static const uint8_t *annotate_state_colour(enum space_state state)
{
    static const uint8_t free_green[3] = {46, 204, 113}, taken_red[3] = {235, 77, 75},
                         unknown_grey[3] = {160, 168, 176};
    return state == SPACE_FREE ? free_green : (state == SPACE_OCCUPIED ? taken_red : unknown_grey);
}

static void annotate_draw_space(const struct annotator *annotator, struct picture *picture,
                                const struct space *space)
{
    const uint8_t *colour = annotate_state_colour(space->state);
    double width = picture->width, height = picture->height;
    draw_polygon(picture, space->corners, space->corner_count, colour, 0.22);
    for (size_t i = 0; i < space->corner_count; i++) {
        const struct config_point *a = &space->corners[i];
        const struct config_point *b = &space->corners[(i + 1) % space->corner_count];
        draw_line(picture, a->x * width, a->y * height, b->x * width, b->y * height,
                  fmax(annotator->line / 2.0, 1), colour, 0.8);
    }
}

/* In the middle of the space, where it is wide enough. */
static void annotate_name_space(const struct annotator *annotator, struct picture *picture,
                                const struct space *space)
{
    const struct rectangle *bounds = &space->bounds;
    const struct font *font = annotator->font;
    int text_width = font_text_width(font, space->name), padding = font_cap_height(font) / 3 + 1;
    if (text_width > (bounds->right - bounds->left) * picture->width) {
        return;
    }
    int x = (int)lround((bounds->left + bounds->right) / 2 * picture->width) - text_width / 2;
    int y = (int)lround((bounds->top + bounds->bottom) / 2 * picture->height) +
            font_cap_height(font) / 2;
    struct area ground = {x - padding, y - font_cap_height(font) - padding,
                          x + text_width + padding, y + font_descent(font)};
    annotate_fill(picture, ground, dark, 130);
    font_draw(font, picture, x, y, space->name, light);
}

void annotator_draw(struct annotator *annotator, struct picture *picture,
                    const struct annotation *annotation)
{
    const struct observation *observation = annotation->observation;
    const struct trails *trails = annotation->show_trails ? observation->trails : NULL;
    size_t space_count = annotation->show_spaces ? observation->space_count : 0;
    annotator_prepare(annotator, picture->height);
    for (size_t i = 0; i < space_count; i++) {
        annotate_draw_space(annotator, picture, &observation->spaces[i]);
    }
    for (size_t i = 0; trails != NULL && i < trails->count; i++) {
        annotate_draw_trail(annotator, picture, &trails->items[i], trails->time_ns);
    }
    for (size_t i = annotation->box_count; i-- > 0;) {
        annotate_draw_box(annotator, picture, &annotation->boxes[i]);
    }
    for (size_t i = 0; i < space_count; i++) {
        annotate_name_space(annotator, picture, &observation->spaces[i]);
    }
    for (size_t i = annotation->show_labels ? annotation->box_count : 0; i-- > 0;) {
        annotate_draw_label(annotator, picture, annotation, i);
    }
}
