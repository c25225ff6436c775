/* A thread with a pipeline. The loop hands it one job and gets the same one back; a mutex guards
 * that slot and nothing else is shared. All functions are the loop's. */
#ifndef DETECTOR_WORKER_H
#define DETECTOR_WORKER_H

#include <stdbool.h>

#include "detector/frame_job.h"
#include "detector/pipeline.h"

struct worker;

/* Takes the pipeline. `done_fd` is an eventfd that is written to whenever a job is done; it stays
 * the caller's and must outlive the worker. Dies when no thread can be started. */
struct worker *worker_create(struct pipeline *pipeline, int done_fd);

/* Waits for the job in work, which is lost. NULL is allowed. */
void worker_destroy(struct worker *worker);

bool worker_idle(struct worker *worker);

/* Only when idle. The job belongs to the worker until worker_collect() returns it. */
void worker_submit(struct worker *worker, struct frame_job *job);

/* The job that is done, after which the worker is idle; or NULL. */
struct frame_job *worker_collect(struct worker *worker);

#endif
