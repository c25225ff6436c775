/* The stages of one worker: its network, its codecs, its memory. A pipeline belongs to
 * one thread at a time. */
#ifndef DETECTOR_PIPELINE_H
#define DETECTOR_PIPELINE_H

#include "common/config.h"
#include "detector/frame_job.h"
#include "detector/layout.h"
#include "detector/model.h"

struct pipeline;

/* Loads the network, runs it once on zeros and recognises its layout. NULL with one line in `error`
 * that names the file and what to do. */
struct pipeline *pipeline_create(const struct config_detector *config,
                                 char error[MODEL_ERROR_SIZE]);
void pipeline_destroy(struct pipeline *pipeline); /* NULL is allowed */

const struct layout *pipeline_layout(const struct pipeline *pipeline);
/* As model_describe_cures(). */
void pipeline_describe_cures(const struct pipeline *pipeline, char *out, size_t out_size);

uint64_t pipeline_warm_up_ns(const struct pipeline *pipeline); /* how long the first forward took */

/* Takes a job through all its stages. Whatever goes wrong stands in the job. */
void pipeline_run(struct pipeline *pipeline, struct frame_job *job);

#endif
