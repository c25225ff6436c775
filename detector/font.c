#include "detector/font.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "detector/draw.h"

/* Glyphs are drawn on a grid: a capital is 20 units high (y 0 is its top, 20 the baseline), small
 * letters begin at 6, descenders end at 26. A coordinate is one character, 0-9 and a-z for 0 to 35;
 * a point is x and y. M starts a stroke at a point, L goes straight to each following point, Q
 * takes pairs of a control point and an end (a quadratic curve). */
#define GRID_CAP       20
#define GRID_BOTTOM    26
#define GRID_SPACING   5 /* between two glyphs */
#define GRID_HALF_LINE 1.35

#define FIRST_GLYPH ' '
#define LAST_GLYPH  '~'
#define GLYPHS      (LAST_GLYPH - FIRST_GLYPH + 1)

#define SEGMENTS_MAX 160
#define CURVE_STEPS  8

struct outline {
    uint8_t width; /* units, without spacing */
    const char *strokes;
};

static const struct outline outlines[GLYPHS] = {
    {5, ""},                                                     /* space */
    {0, "M00L0dM0kL0k"},                                         /* ! */
    {4, "M00L05M40L45"},                                         /* " */
    {12, "M40L2kMa0L8kM06Lc6M0eLce"},                            /* # */
    {12, "Mb4Qa0600005096acbcfck6k1k0gM60L6k"},                  /* $ */
    {15, "Md0L2kM30Q0004083868646030MccQ9c9g9kckfkfgfccc"},      /* % */
    {14, "MekL37Q2060a0a4a74b0d0g0k5kbkdb"},                     /* & */
    {0, "M00L05"},                                               /* ' */
    {5, "M50Q040b0i5m"},                                         /* ( */
    {5, "M00Q545b5i0m"},                                         /* ) */
    {10, "M50L5aM03La7Ma3L07"},                                  /* * */
    {12, "M64L6gM0aLca"},                                        /* + */
    {2, "M2jL0n"},                                               /* , */
    {7, "M0cL7c"},                                               /* - */
    {0, "M0kL0k"},                                               /* . */
    {9, "M90L0m"},                                               /* / */
    {12, "M60Q000a0k6kckcac060"},                                /* 0 */
    {12, "M35L707k"},                                            /* 1 */
    {12, "M05Q0060c0c5c97dL0kck"},                               /* 2 */
    {12, "M04Q1060b0b5ba5aM5aQcacfck6k1k0g"},                    /* 3 */
    {12, "M9kL900ece"},                                          /* 4 */
    {12, "Mb0L2019Q3767c7cdck6k1k0g"},                           /* 5 */
    {12, "Ma0Q020d0k6kckcec868080e"},                            /* 6 */
    {12, "M00Lc05k"},                                            /* 7 */
    {12, "M60Q10151969b9b5b060M69Q090f0k6kckcfc969"},            /* 8 */
    {12, "M2kQcic7c06000060c6cccc6"},                            /* 9 */
    {0, "M08L08M0kL0k"},                                         /* : */
    {2, "M28L28M2jL0n"},                                         /* ; */
    {11, "Mb4L0abg"},                                            /* < */
    {12, "M07Lc7M0dLcd"},                                        /* = */
    {11, "M04Lba0g"},                                            /* > */
    {10, "M04Q0050a0a5a95bL5eM5kL5k"},                           /* ? */
    {20, "Me6LedQeghgkgk9k0a0000b0mbmemhkMeaQe6a6666b6gagegeb"}, /* @ */
    {14, "M0kL70ekM3dLbd"},                                      /* A */
    {12, "M0aL0060Qb0b5ba6aL0a0k6kQckcfca6a"},                   /* B */
    {13, "Md5Qc070000a0k7kckdf"},                                /* C */
    {13, "M00L0k5kQdkdad050L00"},                                /* D */
    {11, "Mb0L000kbkM0aL9a"},                                    /* E */
    {11, "Mb0L000kM0aL9a"},                                      /* F */
    {14, "Md5Qc070000a0k7kekebL8b"},                             /* G */
    {13, "M00L0kMd0LdkM0aLda"},                                  /* H */
    {6, "M00L60M30L3kM0kL6k"},                                   /* I */
    {9, "M90L9eQ9k4k0k0f"},                                      /* J */
    {12, "M00L0kMb0L0cM48Lck"},                                  /* K */
    {10, "M00L0kak"},                                            /* L */
    {16, "M0kL008cg0gk"},                                        /* M */
    {13, "M0kL00dkd0"},                                          /* N */
    {14, "M70Q000a0k7kekeae070"},                                /* O */
    {12, "M0kL0060Qc0c5cb6bL0b"},                                /* P */
    {14, "M70Q000a0k7kekeae070M9eLfl"},                          /* Q */
    {12, "M0kL0060Qc0c5cb6bL0bM6bLck"},                          /* R */
    {12, "Mb4Qa0600005096acbcfck6k1k0g"},                        /* S */
    {12, "M00Lc0M60L6k"},                                        /* T */
    {12, "M00L0dQ0k6kckcdLc0"},                                  /* U */
    {14, "M00L7ke0"},                                            /* V */
    {20, "M00L5ka3fkk0"},                                        /* W */
    {13, "M00LdkMd0L0k"},                                        /* X */
    {12, "M00L6ac0M6aL6k"},                                      /* Y */
    {12, "M00Lc00kck"},                                          /* Z */
    {5, "M50L000m5m"},                                           /* [ */
    {9, "M00L9m"},                                               /* \ */
    {5, "M00L505m0m"},                                           /* ] */
    {10, "M09L50a9"},                                            /* ^ */
    {12, "M0nLcn"},                                              /* _ */
    {4, "M00L44"},                                               /* ` */
    {10, "M18Q2656a6abLakMacL5cQ0c0g0k4k9kag"},                  /* a */
    {10, "M00L0kM56Q060d0k5kakada656"},                          /* b */
    {9, "M99Q8656060d0k5k8k9h"},                                 /* c */
    {10, "M56Q060d0k5kakada656Ma0Lak"},                          /* d */
    {10, "M0dLadQa656060d0k5k9kah"},                             /* e */
    {7, "M70Q2025L2kM06L66"},                                    /* f */
    {10, "M56Q060d0k5kakada656Ma6LakQaq5q1q0o"},                 /* g */
    {10, "M00L0kM0dQ0656a6adLak"},                               /* h */
    {0, "M06L0kM00L00"},                                         /* i */
    {4, "M46L4lQ4q0qM40L40"},                                    /* j */
    {10, "M00L0kM96L0eM4bLak"},                                  /* k */
    {4, "M00L0gQ0k4k"},                                          /* l */
    {16, "M06L0kM0cQ0646868cL8kM8cQ86c6g6gcLgk"},                /* m */
    {10, "M06L0kM0dQ0656a6adLak"},                               /* n */
    {10, "M56Q060d0k5kakada656"},                                /* o */
    {10, "M06L0qM56Q060d0k5kakada656"},                          /* p */
    {10, "M56Q060d0k5kakada656Ma6Laq"},                          /* q */
    {7, "M06L0kM0cQ0676"},                                       /* r */
    {9, "M98Q8656060a0c5d9d9g9k4k1k0h"},                         /* s */
    {7, "M21L2fQ2k7kM06L76"},                                    /* t */
    {10, "M06L0dQ0k5kakadLa6Ma6Lak"},                            /* u */
    {10, "M06L5ka6"},                                            /* v */
    {16, "M06L4k87ckg6"},                                        /* w */
    {10, "M06LakMa6L0k"},                                        /* x */
    {10, "M06L5jMa6L4mQ3q0q"},                                   /* y */
    {9, "M06L960k9k"},                                           /* z */
    {7, "M70Q3034L38Q3b0b3b3eL3iQ3m7m"},                         /* { */
    {0, "M00L0m"},                                               /* | */
    {7, "M00Q4044L48Q4b7b4b4eL4iQ4m0m"},                         /* } */
    {12, "M0cQ386b9eca"},                                        /* ~ */
};

/* A rendered glyph: how much of each pixel the strokes cover, 0 to 255. */
struct glyph {
    uint8_t *coverage;
    int width;
    int advance;
};

struct font {
    int cap_height;
    int margin; /* pixels around the grid, for half the line */
    int height; /* of every glyph's bitmap */
    struct glyph glyphs[GLYPHS];
};

struct point {
    double x, y;
};

struct segments {
    struct point from[SEGMENTS_MAX], to[SEGMENTS_MAX];
    size_t count;
};

static double font_grid_number(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct point font_read_point(const char *text)
{
    return (struct point){font_grid_number(text[0]), font_grid_number(text[1])};
}

static void font_add_segment(struct segments *segments, struct point from, struct point to)
{
    if (segments->count < SEGMENTS_MAX) {
        segments->from[segments->count] = from;
        segments->to[segments->count++] = to;
    }
}

static struct point font_add_curve(struct segments *segments, struct point from,
                                   struct point control, struct point to)
{
    struct point last = from;
    for (int i = 1; i <= CURVE_STEPS; i++) {
        double t = (double)i / CURVE_STEPS, s = 1 - t;
        struct point next = {s * s * from.x + 2 * s * t * control.x + t * t * to.x,
                             s * s * from.y + 2 * s * t * control.y + t * t * to.y};
        font_add_segment(segments, last, next);
        last = next;
    }
    return to;
}

/* The strokes of a glyph as straight pieces, in units of the grid. */
static void font_flatten(const char *strokes, struct segments *segments)
{
    char command = 'M';
    struct point last = {0, 0};
    segments->count = 0;
    while (*strokes != '\0') {
        if (*strokes >= 'A' && *strokes <= 'Z') {
            command = *strokes++;
        }
        struct point point = font_read_point(strokes);
        strokes += 2;
        if (command == 'L') {
            font_add_segment(segments, last, point);
        } else if (command == 'Q') {
            point = font_add_curve(segments, last, point, font_read_point(strokes));
            strokes += 2;
        }
        last = point;
    }
}

static double font_distance(struct point p, struct point from, struct point to)
{
    double dx = to.x - from.x, dy = to.y - from.y;
    double length = dx * dx + dy * dy;
    double along = length > 0 ? ((p.x - from.x) * dx + (p.y - from.y) * dy) / length : 0;
    along = fmin(fmax(along, 0), 1);
    return hypot(p.x - from.x - along * dx, p.y - from.y - along * dy);
}

/* Coverage from the distance to the nearest stroke: a pixel fades over its own width. */
static void font_render(const struct font *font, struct glyph *glyph,
                        const struct segments *segments)
{
    double scale = (double)font->cap_height / GRID_CAP;
    double half_line = fmax(GRID_HALF_LINE * scale, 0.6);
    for (int y = 0; y < font->height; y++) {
        for (int x = 0; x < glyph->width; x++) {
            struct point p = {(x - font->margin + 0.5) / scale, (y - font->margin + 0.5) / scale};
            double nearest = GRID_BOTTOM * 2;
            for (size_t i = 0; i < segments->count; i++) {
                nearest = fmin(nearest, font_distance(p, segments->from[i], segments->to[i]));
            }
            double cover = fmin(fmax(half_line + 0.5 - nearest * scale, 0), 1);
            glyph->coverage[y * glyph->width + x] = (uint8_t)lround(cover * 255);
        }
    }
}

struct font *font_create(int cap_height)
{
    struct font *font = xcalloc(1, sizeof *font);
    struct segments segments;
    double scale = (double)cap_height / GRID_CAP;
    font->cap_height = cap_height;
    font->margin = (int)ceil(GRID_HALF_LINE * scale) + 1;
    font->height = (int)ceil(GRID_BOTTOM * scale) + 2 * font->margin;
    for (size_t i = 0; i < GLYPHS; i++) {
        struct glyph *glyph = &font->glyphs[i];
        glyph->width = (int)ceil(outlines[i].width * scale) + 2 * font->margin;
        glyph->advance = (int)lround((outlines[i].width + GRID_SPACING) * scale);
        glyph->coverage = xcalloc((size_t)glyph->width * (size_t)font->height, 1);
        font_flatten(outlines[i].strokes, &segments);
        font_render(font, glyph, &segments);
    }
    return font;
}

void font_destroy(struct font *font)
{
    if (font == NULL) {
        return;
    }
    for (size_t i = 0; i < GLYPHS; i++) {
        free(font->glyphs[i].coverage);
    }
    free(font);
}

int font_cap_height(const struct font *font)
{
    return font->cap_height;
}

/* The glyph of the character at *text, and past it. */
static const struct glyph *font_next_glyph(const struct font *font, const char **text)
{
    unsigned char c = (unsigned char)*(*text)++;
    if (c >= FIRST_GLYPH && c <= LAST_GLYPH) {
        return &font->glyphs[c - FIRST_GLYPH];
    }
    while (((unsigned char)**text & 0xc0) == 0x80) { /* the rest of a UTF-8 character */
        (*text)++;
    }
    return &font->glyphs['?' - FIRST_GLYPH];
}

int font_text_width(const struct font *font, const char *text)
{
    int width = 0;
    int spacing = (int)lround(GRID_SPACING * (double)font->cap_height / GRID_CAP);
    while (*text != '\0') {
        width += font_next_glyph(font, &text)->advance;
    }
    return width > spacing ? width - spacing : 0;
}

void font_draw(const struct font *font, struct picture *picture, int x, int y, const char *text,
               const uint8_t colour[3])
{
    int top = y - font->cap_height - font->margin;
    while (*text != '\0' && x < picture->width) {
        const struct glyph *glyph = font_next_glyph(font, &text);
        draw_coverage(picture, x - font->margin, top, glyph->width, font->height, glyph->coverage,
                      colour);
        x += glyph->advance;
    }
}
