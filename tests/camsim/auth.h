/* 401 and what lifts it: HTTP basic (RFC 7617) and digest (RFC 7616, MD5 with qop=auth, as cameras
 * still do it). */
#ifndef TESTS_CAMSIM_AUTH_H
#define TESTS_CAMSIM_AUTH_H

#include <stdbool.h>

#include "tests/camsim/request.h"

/* `scheme` is "basic" or "digest", `credentials` is "user:password". */
bool auth_granted(const char *scheme, const char *credentials, const struct request *request);

/* The value of WWW-Authenticate. */
const char *auth_challenge(const char *scheme);

#endif
