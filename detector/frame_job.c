#include "detector/frame_job.h"

#include <stdlib.h>

#include "common/memory.h"

const char *frame_stage_name(enum frame_stage stage)
{
    static const char *const names[FRAME_STAGES] = {
        [STAGE_DECODE] = "decode",     [STAGE_PREPROCESS] = "preprocess", [STAGE_INFER] = "infer",
        [STAGE_BOXES] = "boxes",       [STAGE_TRACK] = "track",           [STAGE_SPACES] = "spaces",
        [STAGE_SCALE] = "scale",       [STAGE_ANNOTATE] = "annotate",     [STAGE_ENCODE] = "encode",
        [STAGE_METADATA] = "metadata",
    };
    return names[stage];
}

struct frame_job *frame_job_create(void)
{
    return xcalloc(1, sizeof(struct frame_job));
}

void frame_job_reset(struct frame_job *job)
{
    for (size_t i = 0; i < job->output_count; i++) {
        free(job->outputs[i].body);
    }
    settings_release(job->settings);
    view_release(job->view);
    observer_destroy(job->observer);
    struct frame_buffer jpeg = job->jpeg;
    struct boxes boxes = job->boxes;
    boxes.count = 0;
    *job = (struct frame_job){.jpeg = jpeg, .boxes = boxes};
}

void frame_job_destroy(struct frame_job *job)
{
    if (job == NULL) {
        return;
    }
    frame_job_reset(job);
    free(job->jpeg.bytes);
    boxes_finish(&job->boxes);
    free(job);
}
