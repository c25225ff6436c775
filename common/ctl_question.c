#include "common/ctl_question.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/messages.h"

struct ctl_question {
    ctl_question_done_fn *done;
    void *arg;
    struct control_client *client;
    struct event *deadline;
    json_t *request;
    enum message_type type; /* of the request; MESSAGE_STATUS: nothing is sent */
};

static void ctl_question_opened(void *arg, struct control_peer *peer)
{
    struct ctl_question *question = arg;
    if (question->type != MESSAGE_STATUS) {
        control_send(peer, question->type, json_incref(question->request), NULL);
    }
}

static void ctl_question_message(void *arg, struct control_peer *peer, enum message_type type,
                                 json_t *body, const int *descriptors)
{
    struct ctl_question *question = arg;
    (void)peer;
    control_drop_descriptors(type, descriptors);
    if (type != MESSAGE_STATUS || question->type == MESSAGE_STATUS) {
        question->done(question->arg, body, NULL);
    }
}

static void ctl_question_closed(void *arg, struct control_peer *peer)
{
    struct ctl_question *question = arg;
    (void)peer;
    question->done(question->arg, NULL, "the connection was closed without an answer");
}

static void ctl_question_late(evutil_socket_t fd, short events, void *arg)
{
    struct ctl_question *question = arg;
    (void)fd;
    (void)events;
    question->done(question->arg, NULL, "nobody answers");
}

/* Who serves a socket of this name; 0: no socket of ours is called so. */
static unsigned service_of(const char *name)
{
    static const struct {
        const char *beginning;
        enum message_service service;
    } services[] = {
        {"capture.", MESSAGE_SERVICE_CAPTURE},
        {"detector.", MESSAGE_SERVICE_DETECTOR},
        {"broadcaster.sock", MESSAGE_SERVICE_BROADCASTER},
    };
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        if (strncmp(name, services[i].beginning, strlen(services[i].beginning)) == 0) {
            return services[i].service;
        }
    }
    return 0;
}

/* The type of a request that the table allows on such a socket; -1 with *mistake. */
static int request_type(json_t *request, unsigned service, char **mistake)
{
    char error[MESSAGE_ERROR_SIZE];
    json_t *body = NULL;
    const char *name = json_string_value(json_object_get(request, "type"));
    if (service == MESSAGE_SERVICE_CAPTURE && name != NULL && strcmp(name, "status") == 0) {
        return MESSAGE_STATUS;
    }
    char *text = json_dumps(request, JSON_COMPACT);
    int type = message_parse(text, strlen(text), MESSAGE_TO_SERVER, (enum message_service)service,
                             0, &body, error);
    free(text);
    json_decref(body);
    if (type < 0) {
        *mistake = xstrdup(error);
    }
    return type;
}

struct ctl_question *ctl_question_create(struct event_base *base, const char *directory,
                                         const char *name, json_t *request, double timeout_s,
                                         ctl_question_done_fn *done, void *arg, char **mistake)
{
    static const struct control_handlers handlers = {
        .opened = ctl_question_opened,
        .message = ctl_question_message,
        .closed = ctl_question_closed,
    };
    unsigned service = service_of(name);
    if (service == 0) {
        *mistake = xasprintf("no socket is called %s: capture.ID.sock, detector.N.sock or "
                             "broadcaster.sock",
                             name);
        json_decref(request);
        return NULL;
    }
    int type = request_type(request, service, mistake);
    if (type < 0) {
        json_decref(request);
        return NULL;
    }
    struct ctl_question *question = xcalloc(1, sizeof *question);
    question->done = done;
    question->arg = arg;
    question->request = request;
    question->type = (enum message_type)type;
    question->client = control_client_create(base, directory, name, (enum message_service)service,
                                             &handlers, question);
    question->deadline = evtimer_new(base, ctl_question_late, question);
    struct timeval wait = clock_timeval(clock_seconds_ns(timeout_s));
    if (question->deadline == NULL || evtimer_add(question->deadline, &wait) < 0) {
        die("cannot make a timer");
    }
    return question;
}

void ctl_question_destroy(struct ctl_question *question)
{
    if (question == NULL) {
        return;
    }
    control_client_destroy(question->client);
    event_free(question->deadline);
    json_decref(question->request);
    free(question);
}
