/* A clip played as if it were a camera: picture n of the loop at start + n periods. A late loop
 * skips pictures, so a clip of a minute takes a minute whatever happens. */
#include "capture/source.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/clip.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

struct source {
    struct source_settings settings;
    char *path;
    struct clip *clip;   /* NULL before it is opened */
    struct event *event; /* the next piece of work: opening, indexing, a picture */
    uint64_t period_ns;
    uint64_t started_ns; /* of picture 0; 0: not playing yet */
    uint64_t next_slot;
};

static void file_end(struct source *source, const char *problem)
{
    char reason[64];
    snprintf(reason, sizeof reason, "%s", problem);
    reason[0] = (char)tolower((unsigned char)reason[0]);
    source->settings.handlers->ended(source->settings.arg, reason);
}

static void file_again(struct source *source, uint64_t wait_ns)
{
    struct timeval wait = clock_timeval(wait_ns);
    event_add(source->event, &wait);
}

/* Shows the picture that is due and waits for the next one. */
static void file_play(struct source *source)
{
    const struct source_handlers *handlers = source->settings.handlers;
    uint64_t now = clock_monotonic_ns();
    uint64_t slot = clock_elapsed_ns(source->started_ns, now) / source->period_ns;
    /* A timer counts in microseconds and may be one early; no picture is shown twice for that. */
    slot = slot > source->next_slot ? slot : source->next_slot;
    size_t position = (size_t)(slot % clip_count(source->clip));
    struct jpeg_info jpeg;
    const uint8_t *bytes;
    enum jpeg_fault fault = clip_read(source->clip, position, &jpeg, &bytes);
    if (fault == JPEG_WHOLE) {
        struct frame_info info = {.captured_ns = now,
                                  .received_ns = clock_monotonic_ns(),
                                  .source_number = position + 1,
                                  .size = (uint32_t)jpeg.size,
                                  .width = jpeg.width,
                                  .height = jpeg.height};
        handlers->picture(source->settings.arg, &info, bytes);
    } else {
        handlers->bad(source->settings.arg, fault);
    }
    source->next_slot = slot + 1;
    uint64_t next = source->started_ns + source->next_slot * source->period_ns;
    file_again(source, clock_elapsed_ns(clock_monotonic_ns(), next));
}

static void file_index(struct source *source)
{
    const struct source_handlers *handlers = source->settings.handlers;
    int result = clip_index(source->clip, handlers->bad, source->settings.arg);
    if (result > 0) {
        handlers->alive(source->settings.arg);
        file_again(source, 0);
    } else if (result < 0) {
        file_end(source, strerror(-result));
    } else if (clip_count(source->clip) == 0) {
        file_end(source, "there is no JPEG in it");
    } else {
        source->started_ns = clock_monotonic_ns();
        handlers->opened(source->settings.arg);
        file_play(source);
    }
}

static void file_on_event(evutil_socket_t fd, short events, void *arg)
{
    struct source *source = arg;
    (void)fd;
    (void)events;
    if (source->clip == NULL) {
        int result = clip_open(&source->clip, source->path, source->settings.max_frame_bytes);
        if (result < 0) {
            file_end(source, strerror(-result));
            return;
        }
    }
    if (source->started_ns == 0) {
        file_index(source);
    } else {
        file_play(source);
    }
}

static struct source *file_create(const struct source_settings *settings)
{
    struct source *source = xcalloc(1, sizeof *source);
    source->settings = *settings;
    source->path = xstrdup(settings->camera->path);
    source->period_ns = (uint64_t)((double)NS_PER_SECOND / settings->camera->source_fps);
    source->event = evtimer_new(settings->base, file_on_event, source);
    if (source->event == NULL) {
        die("libevent cannot make a timer");
    }
    file_again(source, 0); /* its owner is not told of anything before it has it */
    return source;
}

static void file_destroy(struct source *source)
{
    event_free(source->event);
    clip_close(source->clip);
    free(source->path);
    free(source);
}

static const char *file_framing(const struct source *source)
{
    (void)source;
    return "file";
}

const struct source_type file_source = {
    .create = file_create, .destroy = file_destroy, .framing = file_framing};
