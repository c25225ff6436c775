/* One camera as the detector sees it: its feed, which frames are taken, who wants them, the last
 * result. At most one frame of a camera is in work, so results come in order. Everything runs
 * on the loop's thread. */
#ifndef DETECTOR_CAMERA_H
#define DETECTOR_CAMERA_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"
#include "detector/camera_counts.h"
#include "detector/demand.h"
#include "detector/frame_job.h"
#include "detector/settings.h"

struct camera;

/* There may be a job for a worker now. */
typedef void camera_ready_fn(void *arg);

/* `id` is the camera's, whatever `config` is called (config.h: guest). `id` is copied; `config` and
 * `settings` are not kept beyond the next camera_configure(): the first is copied, of the
 * second a reference is taken. */
struct camera *camera_create(struct event_base *base, const char *run_dir, const char *id,
                             const struct config_camera *config,
                             struct detection_settings *settings, camera_ready_fn *ready,
                             void *arg);
void camera_destroy(struct camera *camera); /* NULL is allowed */

/* A reload. */
void camera_configure(struct camera *camera, const struct config_camera *config,
                      struct detection_settings *settings);

/* The whole of what the broadcaster wants of this camera; NULL: nothing. */
void camera_set_demand(struct camera *camera, const struct demand_wish *wish);

const char *camera_id(const struct camera *camera);
uint64_t camera_serial(const struct camera *camera); /* never the same for two objects */

/* Since when a job has been waiting (CLOCK_MONOTONIC ns); 0: there is none. */
uint64_t camera_waiting_since(const struct camera *camera);

/* Fills a job that was reset with the newest frame, or with the last one to be drawn for a new
 * rendering. False when there was nothing to read after all. A filled job must come back to
 * camera_finish(). */
bool camera_fill(struct camera *camera, struct frame_job *job);
void camera_finish(struct camera *camera, struct frame_job *job);

void camera_count_post(struct camera *camera, const struct post_outcome *outcome);

/* Its part of `stats`; the caller owns the reference. */
json_t *camera_stats(const struct camera *camera);

#endif
