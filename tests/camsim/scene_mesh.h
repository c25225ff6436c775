/* Bodies made of triangles, in metres: x forward, y to the left, z up, the origin on the ground. */
#ifndef TESTS_CAMSIM_SCENE_MESH_H
#define TESTS_CAMSIM_SCENE_MESH_H

#include <stddef.h>

#include "tests/camsim/scene_light.h"

struct scene_triangle {
    struct scene_vector corners[3];
    struct scene_vector normals[3]; /* of length 1 */
    struct scene_surface surface;
    bool two_sided; /* seen from behind too */
};

struct scene_mesh {
    struct scene_triangle *triangles;
    size_t count, capacity;
};

void scene_mesh_finish(struct scene_mesh *mesh); /* frees what it holds */

/* Corners are given against the clock as seen from outside. */
void scene_mesh_quad(struct scene_mesh *mesh, const struct scene_vector corners[4],
                     struct scene_surface surface);

/* The same with a normal for each corner, for bodies that are meant to be round. */
void scene_mesh_quad_smooth(struct scene_mesh *mesh, const struct scene_vector corners[4],
                            const struct scene_vector normals[4], struct scene_surface surface);

/* One triangle with a normal of its own, seen from both sides: a leaf. */
void scene_mesh_leaf(struct scene_mesh *mesh, const struct scene_vector corners[3],
                     struct scene_vector normal, struct scene_surface surface);

void scene_mesh_box(struct scene_mesh *mesh, struct scene_vector low, struct scene_vector high,
                    struct scene_surface surface);

/* A round, upright or slanting limb from one point to another. */
void scene_mesh_limb(struct scene_mesh *mesh, struct scene_vector from, struct scene_vector to,
                     double from_radius, double to_radius, struct scene_surface surface);

void scene_mesh_ball(struct scene_mesh *mesh, struct scene_vector centre,
                     struct scene_vector radius, struct scene_surface surface);

/* A flat disc that faces along y. */
void scene_mesh_disc(struct scene_mesh *mesh, struct scene_vector centre, double radius,
                     double facing, struct scene_surface surface);

#endif
