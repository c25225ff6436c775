/* One change of the cameras, worked out and checked whole, not applied: that is camera_changes.h.
 * The configuration is read from disk as it stands. One thread. */
#ifndef BROADCASTER_CAMERA_EDIT_H
#define BROADCASTER_CAMERA_EDIT_H

#include <jansson.h>
#include <stdbool.h>

#include "broadcaster/protocol/identity.h"
#include "common/camera_id.h"
#include "common/config.h"

struct services;

enum camera_edit_kind { CAMERA_ADD, CAMERA_CHANGE, CAMERA_REMOVE };

struct camera_edit {
    enum camera_edit_kind kind;
    char camera[CAMERA_ID_SIZE];
    char user[IDENTITY_NAME_SIZE]; /* who asked for it, for the log; set by the caller */
    json_t *before, *after;        /* the overlay */
    struct config *config;         /* what it leads to; NULL when there are errors */
    struct config_errors errors;   /* "cameras.CAM1.fps: 100 is above 60" */
};

/* `fields` (changed; not used for CAMERA_REMOVE) are what the client says of the camera, which must
 * be configured, or for CAMERA_ADD must not be. */
void camera_edit_init(struct camera_edit *edit, const struct services *services,
                      enum camera_edit_kind kind, const char *camera, json_t *fields);
void camera_edit_finish(struct camera_edit *edit);

/* True when a capture process has to be started or ended for it. */
bool camera_edit_needs_supervisor(const struct camera_edit *edit, const struct services *services);

#endif
