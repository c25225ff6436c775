#include "tests/camsim/scene_person_model.h"

#define HIP_SHARE      0.51 /* of the height */
#define SHOULDER_SHARE 0.82
#define SWING          0.42 /* radians that legs and arms swing to each side */

struct scene_person_look scene_person_look_make(struct scene_random *random)
{
    static const struct scene_colour skins[] = {
        {0.62, 0.40, 0.28}, {0.50, 0.30, 0.19}, {0.25, 0.13, 0.075}, {0.12, 0.06, 0.035}};
    static const struct scene_colour hairs[] = {
        {0.02, 0.015, 0.012}, {0.10, 0.05, 0.02}, {0.35, 0.24, 0.10}, {0.40, 0.40, 0.40}};
    static const struct scene_colour tops[] = {
        {0.60, 0.05, 0.04}, {0.05, 0.12, 0.42}, {0.70, 0.70, 0.68}, {0.04, 0.04, 0.05},
        {0.62, 0.45, 0.05}, {0.06, 0.30, 0.12}, {0.40, 0.42, 0.46}, {0.45, 0.12, 0.32},
        {0.08, 0.34, 0.40}, {0.50, 0.20, 0.05}};
    static const struct scene_colour legs[] = {{0.03, 0.04, 0.09}, {0.02, 0.02, 0.025},
                                               {0.28, 0.22, 0.14}, {0.15, 0.16, 0.18},
                                               {0.08, 0.12, 0.22}, {0.45, 0.43, 0.40}};
    struct scene_person_look look = {.shoes = {0.03, 0.03, 0.03}};
    look.height = scene_random_between(random, 1.55, 1.92);
    look.girth = scene_random_between(random, 0.88, 1.22);
    look.skin = skins[scene_random_below(random, 4)];
    look.hair = hairs[scene_random_below(random, 4)];
    look.top = tops[scene_random_below(random, 10)];
    look.legs = legs[scene_random_below(random, 6)];
    look.skirt = scene_random_below(random, 6) == 0;
    look.bag = scene_random_below(random, 3) == 0;
    return look;
}

static void person_add_leg(struct scene_mesh *mesh, const struct scene_person_look *look,
                           double side, double angle)
{
    const struct scene_surface cloth = {look->skirt ? look->skin : look->legs, 0, 0};
    const struct scene_surface shoe = {look->shoes, 0.1, 0};
    double length = look->height * HIP_SHARE;
    double bent = angle < 0 ? -angle * 0.9 : 0; /* the knee of the leg that is behind */
    struct scene_vector hip = {0, side * 0.085, length};
    struct scene_vector knee = {scene_sine(angle) * length * 0.5, side * 0.085,
                                length - scene_cosine(angle) * length * 0.5};
    double shin = angle - bent;
    struct scene_vector foot = {knee.x + scene_sine(shin) * length * 0.46, side * 0.085,
                                knee.z - scene_cosine(shin) * length * 0.46};
    scene_mesh_limb(mesh, knee, hip, 0.062 * look->girth, 0.088 * look->girth, cloth);
    scene_mesh_limb(mesh, foot, knee, 0.045 * look->girth, 0.062 * look->girth, cloth);
    struct scene_vector toe = {foot.x + 0.06, foot.y, foot.z > 0.05 ? foot.z : 0.05};
    scene_mesh_ball(mesh, toe, (struct scene_vector){0.13, 0.05, 0.05}, shoe);
}

static void person_add_arm(struct scene_mesh *mesh, const struct scene_person_look *look,
                           double side, double angle)
{
    const struct scene_surface sleeve = {look->top, 0, 0}, hand = {look->skin, 0, 0};
    double shoulder_z = look->height * SHOULDER_SHARE - 0.02, length = look->height * 0.34;
    struct scene_vector shoulder = {0, side * 0.205 * look->girth, shoulder_z};
    struct scene_vector elbow = {scene_sine(angle) * length * 0.5, side * 0.235 * look->girth,
                                 shoulder_z - scene_cosine(angle) * length * 0.5};
    double fore = angle + 0.35;
    struct scene_vector wrist = {elbow.x + scene_sine(fore) * length * 0.5, elbow.y,
                                 elbow.z - scene_cosine(fore) * length * 0.5};
    scene_mesh_limb(mesh, elbow, shoulder, 0.042, 0.055, sleeve);
    scene_mesh_limb(mesh, wrist, elbow, 0.034, 0.042, sleeve);
    scene_mesh_ball(mesh, wrist, (struct scene_vector){0.045, 0.04, 0.055}, hand);
    if (look->bag && side > 0) {
        const struct scene_surface leather = {{0.10, 0.05, 0.03}, 0.2, 0};
        scene_mesh_box(mesh, (struct scene_vector){wrist.x - 0.16, wrist.y - 0.05, wrist.z - 0.36},
                       (struct scene_vector){wrist.x + 0.16, wrist.y + 0.05, wrist.z - 0.06},
                       leather);
    }
}

void scene_person_model_add(struct scene_mesh *mesh, const struct scene_person_look *look,
                            double stride, double moving)
{
    double swing = scene_sine(stride * SCENE_PI) * SWING * moving;
    double hip = look->height * HIP_SHARE, shoulder = look->height * SHOULDER_SHARE;
    const struct scene_surface top = {look->top, 0, 0}, skin = {look->skin, 0, 0};
    const struct scene_surface hair = {look->hair, 0.1, 0}, legs = {look->legs, 0, 0};
    person_add_leg(mesh, look, 1, swing);
    person_add_leg(mesh, look, -1, -swing);
    person_add_arm(mesh, look, 1, -swing);
    person_add_arm(mesh, look, -1, swing);
    double middle = (hip + shoulder) / 2;
    scene_mesh_ball(
        mesh, (struct scene_vector){0, 0, middle + 0.04},
        (struct scene_vector){0.13 * look->girth, 0.205 * look->girth, (shoulder - hip) * 0.64},
        top);
    scene_mesh_ball(mesh, (struct scene_vector){0, 0, hip},
                    (struct scene_vector){0.12 * look->girth, 0.165 * look->girth, 0.13}, legs);
    if (look->skirt) {
        scene_mesh_limb(mesh, (struct scene_vector){0, 0, hip * 0.5},
                        (struct scene_vector){0, 0, hip + 0.08}, 0.24, 0.14, legs);
    }
    double head = look->height - 0.125;
    scene_mesh_limb(mesh, (struct scene_vector){0, 0, shoulder - 0.02},
                    (struct scene_vector){0, 0, head}, 0.055, 0.05, skin);
    scene_mesh_ball(mesh, (struct scene_vector){0.01, 0, head},
                    (struct scene_vector){0.095, 0.08, 0.12}, skin);
    scene_mesh_ball(mesh, (struct scene_vector){-0.022, 0, head + 0.035},
                    (struct scene_vector){0.095, 0.09, 0.105}, hair);
}
