/* The detector process as a whole: networks, cameras, poster and control socket, put together from
 * a configuration, and a reload of it. Everything runs on the loop's thread. */
#ifndef DETECTOR_DETECTOR_H
#define DETECTOR_DETECTOR_H

#include "common/program.h"

struct detector;

/* Loads the networks and serves its socket. Ends the process with EXIT_CONFIG when a network cannot
 * run, and says why. Without detector.model it serves its socket and does nothing. */
struct detector *detector_create(struct program *program);
void detector_destroy(struct detector *detector); /* NULL is allowed */

/* SIGHUP: cameras, thresholds, classes and the default rendering change at once. Whatever a network
 * or the poster was made of (model, layout, backend, workers, threads, post_url …) cannot: then the
 * loop ends with 0, and the supervisor starts the process anew. `arg` is the detector. */
void detector_reload(void *arg);

#endif
