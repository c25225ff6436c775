/* Applies changes of the cameras (camera_edit.h) without a restart, one at a time: the overlay is
 * written (by a child, so that nobody waits for the disk), the supervisor is told to reload, and
 * every process is waited for until it works with the result.
 *
 *   IDLE -> STORING -> RELOADING -> FOLLOWING -> IDLE      applied
 *                          |            \-> IDLE           in force, but some processes lag behind
 *                          \-> RESTORING -> IDLE           not reloaded: the overlay is what it was
 *
 * Without a supervisor only this process reloads. One that is killed in between leaves the old
 * overlay or the new one, whole, and a mark in the run directory: the next one has everybody
 * reload. One thread. */
#ifndef BROADCASTER_CAMERA_CHANGES_H
#define BROADCASTER_CAMERA_CHANGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "broadcaster/cameras/camera_edit.h"

struct camera_changes;

#define CAMERA_REVISION_SIZE 32

enum camera_change_end {
    CHANGE_APPLIED, /* every process works with it */
    CHANGE_LAGGING, /* it is in force; the processes `missing` do not work with it yet */
    CHANGE_FAILED,  /* nothing has changed: `reason` */
};

struct camera_change_result {
    enum camera_change_end end;
    const json_t *missing; /* their names; NULL but for CHANGE_LAGGING */
    const char *reason;    /* in words; NULL but for CHANGE_FAILED */
};

/* Called once, from the loop. */
typedef void camera_change_done_fn(void *arg, const struct camera_change_result *result);

struct camera_changes *camera_changes_create(struct services *services);
/* A change in work is left as it is; `done` is not called. NULL is allowed. */
void camera_changes_destroy(struct camera_changes *changes);

/* When the process is ready: finishes what one before it has begun. */
void camera_changes_resume(struct camera_changes *changes);

/* The process works with services->config from now on. */
void camera_changes_reloaded(struct camera_changes *changes);

/* True when the supervisor is our parent. */
bool camera_changes_are_supervised(const struct camera_changes *changes);

/* True while a change is being applied: no other may begin. */
bool camera_changes_are_busy(const struct camera_changes *changes);

/* Names the cameras as they are configured: another one after every change. */
void camera_changes_revision(const struct camera_changes *changes,
                             char revision[CAMERA_REVISION_SIZE]);

/* Begins to apply `edit`, which has no errors; its content is taken. Not while busy. `done` may be
 * called before it returns. */
void camera_changes_start(struct camera_changes *changes, struct camera_edit *edit,
                          camera_change_done_fn *done, void *arg);

/* Nobody waits for `done` any more; the change goes on. */
void camera_changes_forget(struct camera_changes *changes);

#endif
