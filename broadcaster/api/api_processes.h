/* GET /api/processes: the processes of this instance, what they say of themselves, and how near the
 * broadcaster is to its limits. One thread. */
#ifndef BROADCASTER_API_PROCESSES_H
#define BROADCASTER_API_PROCESSES_H

#include "broadcaster/protocol/http_session.h"

struct services;

/* {"supervised", "processes": [{name, state, pid, since, restarts, exit_code, cpu_seconds,
 * resident_bytes, stats}], "limits": {…}}. A route handler (routes.c). */
void api_processes_handle(struct services *services, struct http_session *session,
                          const struct http_request *request, const char *camera);

#endif
