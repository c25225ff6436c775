#include "tests/camsim/scene_mesh.h"

#include <stdlib.h>

#include "common/memory.h"

#define LIMB_SIDES 8
#define BALL_SIDES 10
#define BALL_RINGS 6
#define DISC_SIDES 14

void scene_mesh_finish(struct scene_mesh *mesh)
{
    free(mesh->triangles);
    *mesh = (struct scene_mesh){0};
}

static struct scene_triangle *mesh_add(struct scene_mesh *mesh)
{
    if (mesh->count == mesh->capacity) {
        mesh->capacity = mesh->capacity > 0 ? 2 * mesh->capacity : 256;
        mesh->triangles = xreallocarray(mesh->triangles, mesh->capacity, sizeof *mesh->triangles);
    }
    return &mesh->triangles[mesh->count++];
}

static void mesh_add_smooth(struct scene_mesh *mesh, const struct scene_vector corners[3],
                            const struct scene_vector normals[3], struct scene_surface surface,
                            bool two_sided)
{
    struct scene_triangle *triangle = mesh_add(mesh);
    for (int i = 0; i < 3; i++) {
        triangle->corners[i] = corners[i];
        triangle->normals[i] = normals[i];
    }
    triangle->surface = surface;
    triangle->two_sided = two_sided;
}

void scene_mesh_quad_smooth(struct scene_mesh *mesh, const struct scene_vector corners[4],
                            const struct scene_vector normals[4], struct scene_surface surface)
{
    struct scene_vector first[3] = {corners[0], corners[1], corners[2]};
    struct scene_vector second[3] = {corners[0], corners[2], corners[3]};
    struct scene_vector first_normals[3] = {normals[0], normals[1], normals[2]};
    struct scene_vector second_normals[3] = {normals[0], normals[2], normals[3]};
    mesh_add_smooth(mesh, first, first_normals, surface, false);
    mesh_add_smooth(mesh, second, second_normals, surface, false);
}

void scene_mesh_quad(struct scene_mesh *mesh, const struct scene_vector corners[4],
                     struct scene_surface surface)
{
    struct scene_vector normal = scene_normal(scene_cross(scene_subtract(corners[2], corners[0]),
                                                          scene_subtract(corners[3], corners[1])));
    struct scene_vector normals[4] = {normal, normal, normal, normal};
    scene_mesh_quad_smooth(mesh, corners, normals, surface);
}

void scene_mesh_leaf(struct scene_mesh *mesh, const struct scene_vector corners[3],
                     struct scene_vector normal, struct scene_surface surface)
{
    struct scene_vector normals[3] = {normal, normal, normal};
    mesh_add_smooth(mesh, corners, normals, surface, true);
}

void scene_mesh_box(struct scene_mesh *mesh, struct scene_vector low, struct scene_vector high,
                    struct scene_surface surface)
{
    struct scene_vector corner[8];
    for (int i = 0; i < 8; i++) {
        corner[i] =
            (struct scene_vector){(i & 1) != 0 ? high.x : low.x, (i & 2) != 0 ? high.y : low.y,
                                  (i & 4) != 0 ? high.z : low.z};
    }
    static const int faces[5][4] = {
        {0, 1, 5, 4}, {1, 3, 7, 5}, {3, 2, 6, 7}, {2, 0, 4, 6}, {4, 5, 7, 6}};
    for (int i = 0; i < 5; i++) {
        const int *face = faces[i];
        struct scene_vector corners[4] = {corner[face[0]], corner[face[1]], corner[face[2]],
                                          corner[face[3]]};
        scene_mesh_quad(mesh, corners, surface);
    }
}

void scene_mesh_limb(struct scene_mesh *mesh, struct scene_vector from, struct scene_vector to,
                     double from_radius, double to_radius, struct scene_surface surface)
{
    struct scene_vector along = scene_normal(scene_subtract(to, from));
    struct scene_vector aside =
        fabs(along.x) < 0.7 ? (struct scene_vector){1, 0, 0} : (struct scene_vector){0, 1, 0};
    struct scene_vector u = scene_normal(scene_cross(along, aside)), v = scene_cross(along, u);
    for (int i = 0; i < LIMB_SIDES; i++) {
        struct scene_vector corners[4], normals[4];
        for (int k = 0; k < 2; k++) {
            double angle = 2 * SCENE_PI * (i + k) / LIMB_SIDES;
            struct scene_vector out =
                scene_add(scene_scale(u, scene_cosine(angle)), scene_scale(v, scene_sine(angle)));
            corners[k] = scene_add(from, scene_scale(out, from_radius));
            corners[3 - k] = scene_add(to, scene_scale(out, to_radius));
            normals[k] = normals[3 - k] = out;
        }
        scene_mesh_quad_smooth(mesh, corners, normals, surface);
    }
}

static struct scene_vector ball_direction(int ring, int side)
{
    double height = SCENE_PI * ring / BALL_RINGS, angle = 2 * SCENE_PI * side / BALL_SIDES;
    return (struct scene_vector){scene_sine(height) * scene_cosine(angle),
                                 scene_sine(height) * scene_sine(angle), -scene_cosine(height)};
}

void scene_mesh_ball(struct scene_mesh *mesh, struct scene_vector centre,
                     struct scene_vector radius, struct scene_surface surface)
{
    for (int ring = 0; ring < BALL_RINGS; ring++) {
        for (int side = 0; side < BALL_SIDES; side++) {
            struct scene_vector normals[4] = {
                ball_direction(ring, side), ball_direction(ring, side + 1),
                ball_direction(ring + 1, side + 1), ball_direction(ring + 1, side)};
            struct scene_vector corners[4];
            for (int i = 0; i < 4; i++) {
                corners[i] = (struct scene_vector){centre.x + normals[i].x * radius.x,
                                                   centre.y + normals[i].y * radius.y,
                                                   centre.z + normals[i].z * radius.z};
            }
            scene_mesh_quad_smooth(mesh, corners, normals, surface);
        }
    }
}

void scene_mesh_disc(struct scene_mesh *mesh, struct scene_vector centre, double radius,
                     double facing, struct scene_surface surface)
{
    struct scene_vector normal = {0, facing, 0}, normals[3] = {normal, normal, normal};
    for (int i = 0; i < DISC_SIDES; i++) {
        double from = 2 * SCENE_PI * i / DISC_SIDES, to = 2 * SCENE_PI * (i + 1) / DISC_SIDES;
        struct scene_vector a = {centre.x + radius * scene_cosine(from), centre.y,
                                 centre.z + radius * scene_sine(from)};
        struct scene_vector b = {centre.x + radius * scene_cosine(to), centre.y,
                                 centre.z + radius * scene_sine(to)};
        struct scene_vector corners[3] = {centre, a, b};
        if (facing > 0) {
            corners[1] = b;
            corners[2] = a;
        }
        mesh_add_smooth(mesh, corners, normals, surface, false);
    }
}
