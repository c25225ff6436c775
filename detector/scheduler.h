/* Brings cameras and workers together: an idle worker takes the newest frame of the camera that has
 * waited longest. A frame is read from its ring at the moment it is handed over, never before, so
 * nothing grows old in a queue. Owns both. Everything runs on the loop's thread. */
#ifndef DETECTOR_SCHEDULER_H
#define DETECTOR_SCHEDULER_H

#include <event2/event.h>
#include <stddef.h>

#include "detector/camera.h"
#include "detector/frame_job.h"
#include "detector/pipeline.h"

struct scheduler;

/* A finished message; `output->body` is the receiver's. */
typedef void scheduler_output_fn(void *arg, const struct frame_output *output);

/* Starts a worker for each pipeline, which it takes. */
struct scheduler *scheduler_create(struct event_base *base, struct pipeline **pipelines,
                                   size_t count, scheduler_output_fn *output, void *arg);

/* Waits for the jobs in work. NULL is allowed. */
void scheduler_destroy(struct scheduler *scheduler);

/* camera_ready_fn of the cameras added here; `arg` is the scheduler. */
void scheduler_wake(void *arg);

void scheduler_add(struct scheduler *scheduler, struct camera *camera);     /* takes it */
void scheduler_remove(struct scheduler *scheduler, const char *id);         /* destroys it */
struct camera *scheduler_find(struct scheduler *scheduler, const char *id); /* or NULL */

/* The cameras by number, from 0; NULL behind the last. */
struct camera *scheduler_camera(struct scheduler *scheduler, size_t number);

#endif
