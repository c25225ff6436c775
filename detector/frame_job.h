/* One frame on its way through the detector. The loop fills a job, hands it to a worker and gets it
 * back; in between only the worker touches it, so nothing in it needs a lock. Jobs and their
 * buffers are used again. */
#ifndef DETECTOR_FRAME_JOB_H
#define DETECTOR_FRAME_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/camera_feed.h"
#include "common/camera_id.h"
#include "common/frame_container.h"
#include "detector/boxes.h"
#include "detector/demand.h"
#include "detector/observer.h"
#include "detector/settings.h"
#include "detector/view.h"

/* The stages, in their order. Annotating to metadata happen once for each rendering. */
enum frame_stage {
    STAGE_DECODE,     /* JPEG to pixels */
    STAGE_PREPROCESS, /* pixels to the input of the network */
    STAGE_INFER,      /* the network */
    STAGE_BOXES,      /* its output to boxes */
    STAGE_TRACK,      /* boxes to tracks */
    STAGE_SPACES,     /* boxes to parking spaces */
    STAGE_SCALE,      /* the picture to the size in which it goes out */
    STAGE_ANNOTATE,   /* boxes into the pixels */
    STAGE_ENCODE,     /* pixels to JPEG */
    STAGE_METADATA,   /* JSON, and all of it into one message */
    FRAME_STAGES
};

const char *frame_stage_name(enum frame_stage stage);

/* What a camera's pictures look like, whoever watches. */
struct look {
    bool show_boxes, show_trails, show_spaces;
    int output_width; /* pixels; 0: as the camera sends them */
};

/* One finished message, `application/vnd.ringcast.frame`. */
struct frame_output {
    struct frame_container header; /* sent_ns is still 0 */
    uint8_t *body;                 /* header, metadata, JPEG; free() */
    size_t size;
};

struct frame_job {
    /* Set by the loop. */
    char camera[CAMERA_ID_SIZE];
    uint64_t camera_serial; /* which object of that camera gave it */
    struct detection_settings *settings;
    struct view *view;         /* where the camera is looked at */
    struct observer *observer; /* the camera's, lent; the job's own when that is gone; or NULL */
    struct frame_info info;
    struct frame_buffer jpeg;
    uint64_t taken_ns;    /* CLOCK_MONOTONIC */
    bool boxes_are_known; /* only drawn again: `boxes` are those of an earlier job */
    bool blind;           /* the camera is away or frozen: what is in its spaces cannot be known */
    bool repeated;        /* the JPEG of the frame before it: says nothing of what stands where */
    bool metadata_only;   /* a message of rendering 0 without a picture is wanted too */
    struct look look;
    int quality_limit; /* of the chain: no rendering is encoded better */
    struct rendering renderings[DEMAND_RENDERINGS_MAX];
    size_t rendering_count;

    /* Set by the worker. */
    struct boxes boxes;
    int width, height; /* pixels */
    size_t vehicle_count;
    struct observation observation; /* the observer's */
    bool flawed;                    /* the JPEG had errors and was used */
    bool failed;                    /* no result, as `error` says */
    bool unreadable;                /* failed because the JPEG could not be decoded */
    char error[MODEL_ERROR_SIZE];
    uint64_t inferred_ns; /* CLOCK_MONOTONIC; the boxes are known */
    uint64_t stage_ns[FRAME_STAGES];
    struct frame_output outputs[DEMAND_RENDERINGS_MAX + 1]; /* `body` goes to whoever posts it */
    size_t output_count;
};

struct frame_job *frame_job_create(void);
void frame_job_destroy(struct frame_job *job); /* NULL is allowed */

/* Forgets the last frame, keeps the buffers. */
void frame_job_reset(struct frame_job *job);

#endif
