/* Who may do what: makes the identity of a request from its peer, its token and its `user_id`, by
 * the rules of the configuration. One thread. */
#ifndef BROADCASTER_ACCESS_H
#define BROADCASTER_ACCESS_H

#include <stdint.h>

#include "broadcaster/access/forwarded.h"
#include "broadcaster/protocol/http_session.h"
#include "broadcaster/protocol/identity.h"
#include "common/config.h"

struct access;

struct access *access_create(void);
void access_destroy(struct access *access); /* NULL is allowed */

/* At the start and after every reload; `config` lives until the next call, or the end. */
void access_configure(struct access *access, const struct config_broadcaster *config);

/* Who stands behind the connection, as far as trusted proxies tell. */
void access_forwarded(const struct access *access, struct http_session *session,
                      const struct http_request *request, struct forwarded *forwarded);

/* The session gets the identity of whoever asks (http_session_identity()). False when that one may
 * not do what needs one of `roles` (ROLE_ANYBODY: nothing is needed); then the session has been
 * answered: 401 without a valid token, 403 where its role does not suffice. */
bool access_admit(const struct access *access, struct http_session *session,
                  const struct http_request *request, const struct forwarded *forwarded,
                  unsigned roles);

/* True while the configuration still allows all that it allowed when the identity was made. */
bool access_still_admits(const struct access *access, const struct identity *identity);

/* A token for addresses that stands for the identity, good for so long. The caller frees it; NULL:
 * it has too many cameras. */
char *access_sign(const struct access *access, const struct identity *identity, uint64_t life_ns);

#endif
