#include "detector/scheduler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"
#include "detector/worker.h"

struct scheduler {
    struct worker **workers;
    struct frame_job **spare; /* one job for each idle worker */
    size_t worker_count, spare_count;
    struct camera **cameras;
    size_t camera_count;
    int done_fd; /* workers ring it */
    struct event *done;
    struct event *look; /* cameras have something to do: seen to from the loop, once for all */
    scheduler_output_fn *output;
    void *arg;
};

static struct worker *scheduler_idle_worker(struct scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->worker_count; i++) {
        if (worker_idle(scheduler->workers[i])) {
            return scheduler->workers[i];
        }
    }
    return NULL;
}

static struct camera *scheduler_longest_waiting(struct scheduler *scheduler)
{
    struct camera *longest = NULL;
    uint64_t oldest_ns = UINT64_MAX;
    for (size_t i = 0; i < scheduler->camera_count; i++) {
        uint64_t since_ns = camera_waiting_since(scheduler->cameras[i]);
        if (since_ns > 0 && since_ns < oldest_ns) {
            oldest_ns = since_ns;
            longest = scheduler->cameras[i];
        }
    }
    return longest;
}

/* Hands out work while there are a waiting camera and an idle worker. A camera that had nothing to
 * read no longer waits, so this ends. */
static void scheduler_assign(struct scheduler *scheduler)
{
    struct worker *worker;
    struct camera *camera;
    while ((worker = scheduler_idle_worker(scheduler)) != NULL &&
           (camera = scheduler_longest_waiting(scheduler)) != NULL) {
        struct frame_job *job = scheduler->spare[scheduler->spare_count - 1];
        if (camera_fill(camera, job)) {
            scheduler->spare_count--;
            worker_submit(worker, job);
        } else {
            frame_job_reset(job);
        }
    }
}

static void scheduler_hand_on(struct scheduler *scheduler, struct frame_job *job)
{
    for (size_t i = 0; !job->failed && i < job->output_count; i++) {
        scheduler->output(scheduler->arg, &job->outputs[i]);
        job->outputs[i].body = NULL;
    }
}

static void scheduler_take_back(struct scheduler *scheduler, struct frame_job *job)
{
    struct camera *camera = scheduler_find(scheduler, job->camera);
    /* A reload may have removed the camera, or replaced it by another of the same name. Its frame
     * would only bring its stream back to life. */
    if (camera != NULL && camera_serial(camera) == job->camera_serial) {
        scheduler_hand_on(scheduler, job);
        camera_finish(camera, job);
    }
    frame_job_reset(job);
    scheduler->spare[scheduler->spare_count++] = job;
}

static void scheduler_on_done(evutil_socket_t fd, short events, void *arg)
{
    struct scheduler *scheduler = arg;
    eventfd_t rings;
    struct frame_job *job;
    (void)events;
    /* Drain, then look: a worker stores its state, then rings. */
    eventfd_read(fd, &rings);
    for (size_t i = 0; i < scheduler->worker_count; i++) {
        if ((job = worker_collect(scheduler->workers[i])) != NULL) {
            scheduler_take_back(scheduler, job);
        }
    }
    scheduler_assign(scheduler);
}

static void scheduler_on_look(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    scheduler_assign(arg);
}

void scheduler_wake(void *arg)
{
    struct scheduler *scheduler = arg;
    event_active(scheduler->look, EV_TIMEOUT, 0);
}

struct scheduler *scheduler_create(struct event_base *base, struct pipeline **pipelines,
                                   size_t count, scheduler_output_fn *output, void *arg)
{
    struct scheduler *scheduler = xcalloc(1, sizeof *scheduler);
    scheduler->output = output;
    scheduler->arg = arg;
    scheduler->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (scheduler->done_fd < 0) {
        die("cannot make an eventfd: %s", strerror(errno));
    }
    scheduler->done =
        event_new(base, scheduler->done_fd, EV_READ | EV_PERSIST, scheduler_on_done, scheduler);
    scheduler->look = evtimer_new(base, scheduler_on_look, scheduler);
    if (scheduler->done == NULL || scheduler->look == NULL ||
        event_add(scheduler->done, NULL) < 0) {
        die("out of memory for an event");
    }
    scheduler->workers = xcalloc(count, sizeof(struct worker *));
    scheduler->spare = xcalloc(count, sizeof(struct frame_job *));
    for (size_t i = 0; i < count; i++) {
        scheduler->workers[i] = worker_create(pipelines[i], scheduler->done_fd);
        scheduler->spare[i] = frame_job_create();
    }
    scheduler->worker_count = scheduler->spare_count = count;
    return scheduler;
}

void scheduler_destroy(struct scheduler *scheduler)
{
    if (scheduler == NULL) {
        return;
    }
    for (size_t i = 0; i < scheduler->worker_count; i++) {
        worker_destroy(scheduler->workers[i]);
    }
    for (size_t i = 0; i < scheduler->spare_count; i++) {
        frame_job_destroy(scheduler->spare[i]);
    }
    for (size_t i = 0; i < scheduler->camera_count; i++) {
        camera_destroy(scheduler->cameras[i]);
    }
    event_free(scheduler->done);
    event_free(scheduler->look);
    fd_close(&scheduler->done_fd);
    free(scheduler->workers);
    free(scheduler->spare);
    free(scheduler->cameras);
    free(scheduler);
}

void scheduler_add(struct scheduler *scheduler, struct camera *camera)
{
    scheduler->cameras =
        xreallocarray(scheduler->cameras, scheduler->camera_count + 1, sizeof(struct camera *));
    scheduler->cameras[scheduler->camera_count++] = camera;
    scheduler_wake(scheduler);
}

void scheduler_remove(struct scheduler *scheduler, const char *id)
{
    for (size_t i = 0; i < scheduler->camera_count; i++) {
        if (strcmp(camera_id(scheduler->cameras[i]), id) == 0) {
            camera_destroy(scheduler->cameras[i]);
            scheduler->cameras[i] = scheduler->cameras[--scheduler->camera_count];
            return;
        }
    }
}

struct camera *scheduler_find(struct scheduler *scheduler, const char *id)
{
    for (size_t i = 0; i < scheduler->camera_count; i++) {
        if (strcmp(camera_id(scheduler->cameras[i]), id) == 0) {
            return scheduler->cameras[i];
        }
    }
    return NULL;
}

struct camera *scheduler_camera(struct scheduler *scheduler, size_t number)
{
    return number < scheduler->camera_count ? scheduler->cameras[number] : NULL;
}
