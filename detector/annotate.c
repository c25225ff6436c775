#include "detector/annotate.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/rectangle.h"
#include "detector/draw.h"
#include "detector/font.h"
#include "detector/label_places.h"
#include "detector/palette.h"

#define LABEL_MAX     96
#define LABEL_PER_BOX 1.6 /* so much wider than its box a label may be to say all */

/* Letters and lines, by the picture's shorter side. */
#define SIDE_PER_CAPITAL 54.0
#define SIDE_PER_LINE    270.0
#define CAPITAL_MIN      8
#define CAPITAL_SMALL    7 /* of a space's name that finds no room otherwise */
#define CAPITAL_MAX      60
#define LINE_MIN         1.5
#define LINE_MAX         12.0

/* Cameras of different sizes take turns at a worker, and making a font takes
 * longer than drawing. */
#define FONTS_KEPT 6

/* A box as it is drawn. */
struct mark {
    const struct box *box;
    struct rectangle place;
    const uint8_t *colour;
    size_t class_id; /* a track's is the one that it had most of the time: colours do not flicker */
    uint64_t track;  /* 0: none */
    double width;    /* of a track without its trembling: its label does not change to and fro */
};

struct annotator {
    struct font *fonts[FONTS_KEPT];       /* NULL: not made yet */
    size_t oldest;                        /* of them; the next to give way */
    const struct font *font, *small_font; /* those for this picture */
    double line;                          /* pixels */
    double scale_x, scale_y;              /* from the boxes' pixels to the picture's */
    struct mark *marks;
    size_t mark_count, mark_capacity;
    struct label_places labels;
};

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
    label_places_finish(&annotator->labels);
    free(annotator->marks);
    free(annotator);
}

/* --- what suits the picture --- */

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

static double annotate_clamp(double value, double low, double high)
{
    return value < low ? low : (value > high ? high : value);
}

static void annotator_prepare(struct annotator *annotator, const struct picture *picture,
                              const struct annotation *annotation)
{
    int side = picture->width < picture->height ? picture->width : picture->height;
    int capital = (int)annotate_clamp(round(side / SIDE_PER_CAPITAL), CAPITAL_MIN, CAPITAL_MAX);
    int small = (int)annotate_clamp(round(capital * 0.75), CAPITAL_SMALL, CAPITAL_MAX);
    annotator->font = annotator_get_font(annotator, capital);
    annotator->small_font = annotator_get_font(annotator, small);
    annotator->line = annotate_clamp(side / SIDE_PER_LINE, LINE_MIN, LINE_MAX);
    annotator->scale_x = (double)picture->width / annotation->width;
    annotator->scale_y = (double)picture->height / annotation->height;
}

/* --- spaces --- */

static void annotate_draw_space(const struct annotator *annotator, struct picture *picture,
                                const struct space *space)
{
    const uint8_t *colour = palette_of_state(space->state);
    struct draw_point outline[DRAW_POINTS_MAX];
    draw_polygon(picture, space->corners, space->corner_count, colour, 0.22);
    for (size_t i = 0; i <= space->corner_count; i++) {
        const struct config_point *corner = &space->corners[i % space->corner_count];
        outline[i] =
            (struct draw_point){corner->x * picture->width, corner->y * picture->height, 0.85};
    }
    draw_path(picture, outline, space->corner_count + 1, fmax(annotator->line * 0.6, 1), colour);
}

/* The one in which the name is not much wider than its space; NULL: none. */
static const struct font *annotate_font_of_name(const struct annotator *annotator, const char *name,
                                                double width)
{
    if (font_text_width(annotator->font, name) <= width) {
        return annotator->font;
    }
    return font_text_width(annotator->small_font, name) <= width * 1.15 ? annotator->small_font
                                                                        : NULL;
}

/* In the middle of the space, on a dark ground, where no label goes. */
static void annotate_name_space(struct annotator *annotator, struct picture *picture,
                                const struct space *space)
{
    const struct rectangle *bounds = &space->bounds;
    const struct font *font = annotate_font_of_name(
        annotator, space->name, (bounds->right - bounds->left) * picture->width);
    if (font == NULL) {
        return;
    }
    int width = font_text_width(font, space->name), height = font_cap_height(font);
    int x = (int)lround((bounds->left + bounds->right) / 2 * picture->width) - width / 2;
    int y = (int)lround((bounds->top + bounds->bottom) / 2 * picture->height) + height / 2;
    int padding = height / 3 + 1;
    const struct rectangle ground = {x - padding, y - height - padding, x + width + padding,
                                     y + padding};
    label_places_block(&annotator->labels, &ground);
    draw_plate(picture, &ground, padding, palette_dark, 0.6);
    font_draw(font, picture, x, y, space->name, palette_of_text(palette_dark));
}

/* --- trails --- */

/* How visible a trail is: what stands trembles a little and has none; it
 * comes with the way made. */
static double annotate_trail_presence(const struct trail *trail)
{
    const struct trail_point *first = &trail->points[0], *last = &trail->points[trail->count - 1];
    double way = hypot((double)(last->x - first->x), (double)(last->y - first->y));
    return annotate_clamp((way / fmax((double)trail->size, 1) - 0.2) / 0.3, 0, 1);
}

/* A line from where the object was to where it is, the older the fainter. */
static void annotate_draw_trail(const struct annotator *annotator, struct picture *picture,
                                const struct trail *trail, uint64_t now_ns)
{
    static_assert(TRAIL_POINTS <= DRAW_POINTS_MAX, "a trail is one path");
    struct draw_point path[TRAIL_POINTS], rim[TRAIL_POINTS];
    double presence = annotate_trail_presence(trail);
    size_t count = 0;
    for (size_t i = 0; presence > 0 && i < trail->count; i++) {
        struct trail_point point = trail_smooth(trail, i);
        double age = (double)clock_elapsed_ns(point.time_ns, now_ns) / (double)TRAIL_LENGTH_NS;
        struct draw_point place = {(double)point.x * annotator->scale_x,
                                   (double)point.y * annotator->scale_y,
                                   fmax(1 - age, 0) * presence};
        /* Steps shorter than the line is wide are put together. */
        if (count > 0 &&
            hypot(place.x - path[count - 1].x, place.y - path[count - 1].y) < annotator->line) {
            continue;
        }
        path[count] = rim[count] = place;
        rim[count++].opacity *= 0.4;
    }
    if (count > 1) {
        draw_path(picture, rim, count, annotator->line * 1.3 + 2, palette_dark);
        draw_path(picture, path, count, annotator->line * 1.3,
                  palette_of_class((size_t)trail->class_id));
    }
}

/* --- boxes --- */

static struct rectangle annotator_place(const struct annotator *annotator, const struct box *box)
{
    struct rectangle place = boxes_rectangle(box);
    return (struct rectangle){place.left * annotator->scale_x, place.top * annotator->scale_y,
                              place.right * annotator->scale_x, place.bottom * annotator->scale_y};
}

/* The longest tracked first, then the others as they come, the most confident first: so what lies
 * over what does not change from frame to frame. */
static int compare_marks(const void *a, const void *b)
{
    const struct mark *left = a, *right = b;
    if (left->track != right->track) {
        /* 0 comes last. */
        return left->track - 1 < right->track - 1 ? -1 : 1;
    }
    return left->box < right->box ? -1 : left->box > right->box;
}

/* Whether a box is drawn. */
static bool annotate_shows(const struct annotation *annotation, size_t index)
{
    const struct observation *observation = annotation->observation;
    const uint64_t *tracks = observation->box_tracks;
    if (annotation->elders != NULL && annotation->elders[index] != index) {
        return false;
    }
    if (annotation->boxes[index].confidence >= annotation->conf) {
        return true;
    }
    const struct trail *trail = tracks != NULL && tracks[index] > 0 && observation->trails != NULL
                                    ? trails_of(observation->trails, tracks[index])
                                    : NULL;
    return trail != NULL &&
           trail_recent_confidence(trail, observation->trails->time_ns) >= annotation->conf;
}

static void annotator_add_mark(struct annotator *annotator, const struct annotation *annotation,
                               size_t index)
{
    const struct box *box = &annotation->boxes[index];
    const uint64_t *tracks = annotation->observation->box_tracks;
    annotator->marks[annotator->mark_count++] =
        (struct mark){.box = box,
                      .place = annotator_place(annotator, box),
                      .class_id = (size_t)box->class_id,
                      .track = tracks != NULL ? tracks[index] : 0};
}

/* The track may have gone to the twin that is not drawn. */
static void annotator_inherit_tracks(struct annotator *annotator,
                                     const struct annotation *annotation)
{
    const uint64_t *tracks = annotation->observation->box_tracks;
    if (annotation->elders == NULL || tracks == NULL) {
        return;
    }
    for (size_t i = 0; i < annotation->box_count; i++) {
        const struct box *elder = &annotation->boxes[annotation->elders[i]];
        for (size_t m = 0; tracks[i] > 0 && m < annotator->mark_count; m++) {
            struct mark *mark = &annotator->marks[m];
            if (mark->box == elder && mark->track == 0) {
                mark->track = tracks[i];
            }
        }
    }
}

static double annotator_width(const struct annotator *annotator,
                              const struct observation *observation, const struct mark *mark)
{
    const struct trail *trail = mark->track > 0 && observation->trails != NULL
                                    ? trails_of(observation->trails, mark->track)
                                    : NULL;
    return trail != NULL ? (double)trail->width * annotator->scale_x
                         : mark->place.right - mark->place.left;
}

static void annotator_collect(struct annotator *annotator, const struct annotation *annotation)
{
    const struct observation *observation = annotation->observation;
    annotator->mark_count = 0;
    if (annotation->box_count > annotator->mark_capacity) {
        annotator->mark_capacity = 2 * annotation->box_count;
        annotator->marks =
            xreallocarray(annotator->marks, annotator->mark_capacity, sizeof *annotator->marks);
    }
    for (size_t i = 0; i < annotation->box_count; i++) {
        if (annotate_shows(annotation, i)) {
            annotator_add_mark(annotator, annotation, i);
        }
    }
    annotator_inherit_tracks(annotator, annotation);
    for (size_t i = 0; i < observation->track_count; i++) {
        const struct track *track = &observation->tracks[i];
        for (size_t m = 0; m < annotator->mark_count; m++) {
            if (annotator->marks[m].track == track->id) {
                annotator->marks[m].class_id = (size_t)track->box.class_id;
            }
        }
    }
    for (size_t m = 0; m < annotator->mark_count; m++) {
        struct mark *mark = &annotator->marks[m];
        mark->colour = palette_of_class(mark->class_id);
        mark->width = annotator_width(annotator, observation, mark);
    }
    if (annotator->mark_count > 0) {
        qsort(annotator->marks, annotator->mark_count, sizeof *annotator->marks, compare_marks);
    }
}

/* A thin dark rim makes the line readable on bright ground. */
static void annotate_draw_box(const struct annotator *annotator, struct picture *picture,
                              const struct mark *mark)
{
    double line = annotator->line, rim_line = fmax(line / 2, 1);
    struct rectangle rim = {mark->place.left - rim_line, mark->place.top - rim_line,
                            mark->place.right + rim_line, mark->place.bottom + rim_line};
    draw_frame(picture, &rim, 2 * line + rim_line, rim_line + 0.5, palette_dark, 0.45);
    draw_frame(picture, &mark->place, 2 * line, line, mark->colour, 1);
}

/* What a label says depends on the width of its box alone, so that it does not change with the
 * neighbours: all of it where that is not much wider, else less. */
static void annotate_label_text(const struct font *font, const struct mark *mark,
                                const struct names *names, char text[LABEL_MAX])
{
    const char *name = names_get(names, mark->class_id);
    int percent = (int)lroundf(mark->box->confidence * 100);
    double room = mark->width * LABEL_PER_BOX;
    snprintf(text, LABEL_MAX, "%.64s %d%%", name, percent);
    if (mark->track > 0) {
        snprintf(text, LABEL_MAX, "%.64s %d%% #%" PRIu64, name, percent, mark->track);
        if (font_text_width(font, text) > room) {
            snprintf(text, LABEL_MAX, "%.64s %d%%", name, percent);
        }
    }
    if (font_text_width(font, text) > room) {
        snprintf(text, LABEL_MAX, "%.64s", name);
    }
}

static void annotate_draw_label(struct annotator *annotator, struct picture *picture,
                                const struct mark *mark, const struct names *names)
{
    char text[LABEL_MAX];
    const struct font *font = annotator->font;
    annotate_label_text(font, mark, names, text);
    int capital = font_cap_height(font), padding = capital / 3 + 1;
    struct rectangle plate;
    if (!label_places_take(&annotator->labels, &mark->place,
                           font_text_width(font, text) + 2 * padding, capital + 2 * padding,
                           picture->width, picture->height, &plate)) {
        return;
    }
    /* Letters stand on whole pixels; half of one is not worth a blurred line. */
    double left = round(plate.left), top = round(plate.top);
    plate = (struct rectangle){left, top, left + plate.right - plate.left,
                               top + plate.bottom - plate.top};
    draw_plate(picture, &plate, annotator->line, mark->colour, 0.94);
    draw_frame(picture, &plate, annotator->line, 1, palette_dark, 0.25);
    font_draw(font, picture, (int)left + padding, (int)top + padding + capital, text,
              palette_of_text(mark->colour));
}

void annotator_draw(struct annotator *annotator, struct picture *picture,
                    const struct annotation *annotation)
{
    const struct observation *observation = annotation->observation;
    const struct trails *trails = annotation->show_trails ? observation->trails : NULL;
    size_t space_count = annotation->show_spaces ? observation->space_count : 0;
    annotator_prepare(annotator, picture, annotation);
    annotator_collect(annotator, annotation);
    for (size_t i = 0; i < space_count; i++) {
        annotate_draw_space(annotator, picture, &observation->spaces[i]);
    }
    for (size_t i = 0; trails != NULL && i < trails->count; i++) {
        annotate_draw_trail(annotator, picture, &trails->items[i], trails->time_ns);
    }
    for (size_t i = annotation->show_boxes ? annotator->mark_count : 0; i-- > 0;) {
        annotate_draw_box(annotator, picture, &annotator->marks[i]);
    }
    label_places_clear(&annotator->labels);
    for (size_t i = 0; i < space_count; i++) {
        annotate_name_space(annotator, picture, &observation->spaces[i]);
    }
    for (size_t i = 0; annotation->show_labels && i < annotator->mark_count; i++) {
        annotate_draw_label(annotator, picture, &annotator->marks[i], annotation->names);
    }
}
