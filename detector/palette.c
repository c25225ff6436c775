#include "detector/palette.h"

/* Eight by hand, after Okabe and Ito, "Color Universal Design", 2008, brightened for asphalt; each
 * further one is that which is farthest from all before it, until the sixteenth for colour-blind
 * eyes, too (Machado et al., "A Physiologically-based Model for Simulation of Color Vision
 * Deficiency", 2009). */
static const uint8_t class_colours[PALETTE_CLASSES][3] = {
    {242, 148, 10},  {0, 170, 120},   {86, 190, 245},  {214, 88, 178},  {250, 242, 110},
    {226, 62, 32},   {240, 240, 240}, {52, 110, 255},  {195, 240, 165}, {225, 30, 75},
    {240, 240, 15},  {105, 150, 255}, {240, 165, 90},  {165, 75, 195},  {105, 195, 180},
    {135, 225, 255}, {30, 135, 0},    {45, 240, 120},  {180, 30, 240},  {240, 135, 135},
    {210, 165, 210}, {150, 225, 60},  {150, 165, 60},  {0, 255, 195},   {105, 135, 90},
    {255, 30, 150},  {0, 135, 150},   {240, 45, 225},  {0, 195, 0},     {195, 180, 120},
    {195, 75, 120},  {225, 150, 240}, {195, 105, 60},  {15, 240, 240},  {240, 180, 150},
    {135, 135, 195}, {255, 195, 60},  {165, 105, 150}, {0, 120, 195},   {150, 255, 150},
    {120, 225, 165}, {255, 30, 0},    {150, 120, 225}, {0, 255, 90},    {105, 165, 90},
    {225, 105, 255}, {255, 165, 195}, {255, 105, 105}, {240, 210, 120}, {255, 90, 135},
    {120, 120, 45},  {0, 135, 120},   {225, 30, 180},  {165, 105, 75},  {120, 195, 75},
    {165, 135, 45},  {150, 75, 225},  {0, 195, 210},   {135, 240, 210}, {255, 225, 60},
    {225, 120, 180}, {210, 180, 60},  {165, 105, 15},  {255, 135, 105}, {210, 240, 120},
    {180, 90, 105},  {135, 255, 75},  {240, 120, 60},  {75, 135, 180},  {240, 15, 105},
    {255, 135, 225}, {0, 180, 75},    {75, 165, 195},  {240, 120, 15},  {0, 210, 150},
    {210, 135, 150}, {225, 0, 240},   {180, 195, 255}, {120, 105, 180}, {240, 105, 225},
};

const uint8_t palette_dark[3] = {16, 20, 24};
static const uint8_t palette_light[3] = {255, 255, 255};

const uint8_t *palette_of_class(size_t class_id)
{
    return class_colours[class_id % PALETTE_CLASSES];
}

const uint8_t *palette_of_state(enum space_state state)
{
    static const uint8_t free_green[3] = {0, 190, 130}, taken_red[3] = {228, 66, 40},
                         unknown_grey[3] = {170, 178, 186};
    return state == SPACE_FREE ? free_green : (state == SPACE_OCCUPIED ? taken_red : unknown_grey);
}

/* By relative luminance, with a gamma of 2: where black and white are read equally well. */
const uint8_t *palette_of_text(const uint8_t ground[3])
{
    double red = ground[0] / 255.0, green = ground[1] / 255.0, blue = ground[2] / 255.0;
    double luminance = 0.2126 * red * red + 0.7152 * green * green + 0.0722 * blue * blue;
    return luminance > 0.19 ? palette_dark : palette_light;
}
