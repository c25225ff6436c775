/* JSON that a client sends to be checked, and the answer when it has mistakes. One thread. */
#ifndef BROADCASTER_API_BODY_H
#define BROADCASTER_API_BODY_H

#include <jansson.h>
#include <stdbool.h>

#include "broadcaster/protocol/http_session.h"
#include "common/config.h"

/* Receives a body of application/json; another type is answered with 415. */
void api_body_receive(struct http_session *session, const struct http_request *request,
                      http_body_fn *done, void *arg);

/* In `done`: the document, a new reference. Takes `body`. NULL when it is no JSON, which has
 * been answered with 400. */
json_t *api_body_read(struct http_session *session, struct shared_bytes *body);

/* 422 with every mistake: "errors" lists {path, field, message}. `field` is the camera's: what a
 * form has a place for; "" where the mistake is not in one field of it. When none is about the
 * camera at all, the configuration file has to be mended first: 409. */
void api_respond_mistakes(struct http_session *session, const char *camera,
                          const struct config_errors *errors);

/* One mistake, in one field. */
void api_respond_mistake(struct http_session *session, const char *field, const char *message);

/* `id` is no camera id: 400, as everywhere. */
void api_respond_bad_id(struct http_session *session);

#endif
