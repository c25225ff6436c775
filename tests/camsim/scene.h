/* The simulated car park as a source of pictures that knows the truth about them. The same options
 * give the same bytes: frame N depends on nothing but them and N. One thread. */
#ifndef TESTS_CAMSIM_SCENE_H
#define TESTS_CAMSIM_SCENE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/camsim/picture.h"

#define SCENE_SIDE_MIN     64
#define SCENE_SIDE_MAX     4096
#define SCENE_TRUTH_WINDOW 1024 /* frames of which the truth is kept */

struct scene_options {
    uint64_t seed;
    int width, height; /* pixels, SCENE_SIDE_MIN to SCENE_SIDE_MAX */
    double fps;        /* frames a second of the camera, */
    double speed;      /* in each of which this many seconds pass in the car park */
    double day;        /* seconds of the car park from one midday to the next */
    double light;      /* where in the day frame 1 is: 0 midday, 0.5 the deepest dusk */
    int quality;       /* of the JPEGs, 1 to 100 */
    bool shake;
    bool still; /* nobody comes, goes or walks */
};

struct scene;

/* `truth` gets a line of JSON for each frame when it is drawn, in that order; it stays the
 * caller's; NULL: none. */
struct scene *scene_create(const struct scene_options *options, FILE *truth);
void scene_destroy(struct scene *scene); /* NULL is allowed */

/* The picture of frame `number`, which counts from 1. The caller releases it. Going back is allowed
 * and slow. */
struct picture *scene_take(struct scene *scene, uint64_t number);

/* The truth of a frame that was taken and is not too long ago, as JSON: valid until the next
 * scene_take(). NULL: there is none. */
const char *scene_truth_of(const struct scene *scene, uint64_t number);

/* The spaces as a camera's configuration wants them, as JSON. */
const char *scene_spaces(const struct scene *scene);

/* Writes frames 1 to `frames` into a folder, which is made when there is none: 000001.jpg …,
 * truth.jsonl (a line a frame) and spaces.json. 0, or -errno. */
int scene_export(const struct scene_options *options, const char *folder, uint64_t frames);

#endif
