/* The command line of the simulated camera. */
#ifndef TESTS_CAMSIM_ARGUMENTS_H
#define TESTS_CAMSIM_ARGUMENTS_H

#include "tests/camsim/camera.h"
#include "tests/camsim/scene.h"

struct arguments {
    struct camera_options camera;
    struct faults faults;
    const char *path; /* NULL: a scene */
    struct scene_options scene;
    uint64_t frames;           /* 0: without end */
    const char *truth_path;    /* NULL: none */
    const char *export_folder; /* NULL: serve */
    int ready_fd;
};

/* Ends the process when something is wrong with them, or they ask for help. */
void arguments_parse(struct arguments *arguments, int argc, char **argv);

#endif
