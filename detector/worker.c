#include "detector/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/log.h"
#include "common/memory.h"

/*   idle ──submit──▶ given ──(thread)──▶ done ──collect──▶ idle
 *     └────────────── stopping ◀── destroy, from any        */
enum worker_state { WORKER_IDLE, WORKER_GIVEN, WORKER_DONE, WORKER_STOPPING };

struct worker {
    struct pipeline *pipeline; /* the thread's while a job is given */
    int done_fd;
    pthread_t thread;
    pthread_mutex_t lock; /* of the two below */
    pthread_cond_t given;
    enum worker_state state;
    struct frame_job *job; /* NULL when idle */
};

/* Waits for a job; NULL: the end. */
static struct frame_job *worker_wait(struct worker *worker)
{
    struct frame_job *job = NULL;
    pthread_mutex_lock(&worker->lock);
    while (worker->state != WORKER_GIVEN && worker->state != WORKER_STOPPING) {
        pthread_cond_wait(&worker->given, &worker->lock);
    }
    if (worker->state == WORKER_GIVEN) {
        job = worker->job;
    }
    pthread_mutex_unlock(&worker->lock);
    return job;
}

static void worker_finish(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    if (worker->state == WORKER_GIVEN) {
        worker->state = WORKER_DONE;
    }
    pthread_mutex_unlock(&worker->lock);
    eventfd_write(worker->done_fd, 1);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct frame_job *job;
    while ((job = worker_wait(worker)) != NULL) {
        pipeline_run(worker->pipeline, job);
        worker_finish(worker);
    }
    return NULL;
}

struct worker *worker_create(struct pipeline *pipeline, int done_fd)
{
    struct worker *worker = xcalloc(1, sizeof *worker);
    sigset_t all, before;
    worker->pipeline = pipeline;
    worker->done_fd = done_fd;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->given, NULL);
    /* Signals are the loop's; the thread inherits a mask that blocks them all. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        die("cannot start a worker thread: %s", strerror(error));
    }
    return worker;
}

void worker_destroy(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->state = WORKER_STOPPING;
    pthread_cond_signal(&worker->given);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    frame_job_destroy(worker->job);
    pipeline_destroy(worker->pipeline);
    pthread_cond_destroy(&worker->given);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

bool worker_idle(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool idle = worker->state == WORKER_IDLE;
    pthread_mutex_unlock(&worker->lock);
    return idle;
}

void worker_submit(struct worker *worker, struct frame_job *job)
{
    pthread_mutex_lock(&worker->lock);
    worker->job = job;
    worker->state = WORKER_GIVEN;
    pthread_cond_signal(&worker->given);
    pthread_mutex_unlock(&worker->lock);
}

struct frame_job *worker_collect(struct worker *worker)
{
    struct frame_job *job = NULL;
    pthread_mutex_lock(&worker->lock);
    if (worker->state == WORKER_DONE) {
        job = worker->job;
        worker->job = NULL;
        worker->state = WORKER_IDLE;
    }
    pthread_mutex_unlock(&worker->lock);
    return job;
}
