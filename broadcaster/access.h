/* Who may do what: makes the identity of a request from its peer, its token and its `user_id`, by the
 * rules of the configuration. One thread. */
#ifndef BROADCASTER_ACCESS_H
#define BROADCASTER_ACCESS_H

#include "broadcaster/http_session.h"
#include "broadcaster/identity.h"
#include "common/config.h"

struct access;

struct access *access_create(void);
void access_destroy(struct access *access); /* NULL is allowed */

/* At the start and after every reload. */
void access_configure(struct access *access, const struct config_broadcaster *config);

/* The session gets the identity of whoever asks (http_session_identity()). False when that one may not
 * do what needs one of `roles` (ROLE_ANYBODY: nothing is needed); then the session has been answered:
 * 401 without a valid token, 403 where its role does not suffice. */
bool access_admit(struct access *access, struct http_session *session,
                  const struct http_request *request, unsigned roles);

#endif
