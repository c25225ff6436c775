/* One question to one control socket, for the small tools. Runs on the loop of
 * `base`, one thread. */
#ifndef COMMON_CTL_QUESTION_H
#define COMMON_CTL_QUESTION_H

#include <event2/event.h>
#include <jansson.h>

struct ctl_question;

/* Called once, from the loop: `answer` is what came back, or NULL with the cause in `mistake`; both
 * belong to the question. It may destroy the question. */
typedef void ctl_question_done_fn(void *arg, json_t *answer, const char *mistake);

/* Sends `request` (an object with a "type"; taken) to `<directory>/<name>` and waits `timeout_s`
 * for the answer, also for the socket to appear. The type "status" sends nothing: capture sockets
 * say it by themselves. NULL with the cause in *mistake when the request is not one that this
 * socket could take; the caller frees that. */
struct ctl_question *ctl_question_create(struct event_base *base, const char *directory,
                                         const char *name, json_t *request, double timeout_s,
                                         ctl_question_done_fn *done, void *arg, char **mistake);
void ctl_question_destroy(struct ctl_question *question); /* NULL is allowed */

#endif
