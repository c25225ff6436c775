/* Brings finished frames to the broadcaster by HTTP POST. For each camera and rendering there is
 * one message on its way and one waiting, the newest: a slow or absent broadcaster costs frames,
 * never memory or time. Everything runs on the loop's thread. */
#ifndef DETECTOR_POSTER_H
#define DETECTOR_POSTER_H

#include <event2/event.h>

#include "common/config.h"
#include "detector/camera_counts.h"
#include "detector/frame_job.h"

struct poster;

/* What became of a message; valid during the call. */
typedef void poster_result_fn(void *arg, const struct post_outcome *outcome);

/* Posts to detector.post_url, or to the HTTP socket of the broadcaster in the run directory.
 * `config` is not kept. */
struct poster *poster_create(struct event_base *base, const struct config *config,
                             poster_result_fn *result, void *arg);
void poster_destroy(struct poster *poster); /* breaks off what is on its way; NULL is allowed */

/* Takes output->body. */
void poster_post(struct poster *poster, const struct frame_output *output);

#endif
