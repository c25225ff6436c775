#include "common/ctl_processes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ctl_question.h"
#include "common/log.h"
#include "common/memory.h"

#define SLOTS_MOST   2    /* questions to one process */
#define VIEWERS_MOST 2000 /* of whom so many are asked for, page by page */

/* A question and where its answer goes. */
struct inquiry_slot {
    struct ctl_inquiry *inquiry;
    struct ctl_question *question; /* NULL: answered */
    const char *process;
    json_t **answer;
};

struct ctl_inquiry {
    struct event_base *base;
    const char *run_dir;
    struct inquiry_slot *slots;
    size_t used, waiting;
    double timeout_s;
    struct event *finished; /* so that `done` is always called from the loop */
    ctl_inquiry_done_fn *done;
    void *arg;
};

int ctl_processes_read(const char *run_dir, struct ctl_processes *processes)
{
    struct supervisor_state state;
    int result = supervisor_state_read(run_dir, &state);
    *processes = (struct ctl_processes){
        .supervisor_pid = state.pid,
        .started_s = state.started_s,
        .items = xcalloc(state.count + 1, sizeof *processes->items),
        .count = state.count,
    };
    for (size_t i = 0; i < state.count; i++) {
        processes->items[i].entry = state.items[i];
    }
    supervisor_state_finish(&state);
    return result;
}

void ctl_processes_explain(int result, const char *run_dir, FILE *out)
{
    if (result == -ENOENT) {
        fprintf(out, "ringcast is not running run_dir=%s\n", run_dir);
    } else {
        fprintf(out, "the supervisor's state cannot be read path=%s/supervisor.state: %s\n",
                run_dir, strerror(-result));
    }
}

void ctl_processes_finish(struct ctl_processes *processes)
{
    for (size_t i = 0; i < processes->count; i++) {
        json_decref(processes->items[i].stats);
        json_decref(processes->items[i].status);
        json_decref(processes->items[i].viewers);
    }
    free(processes->items);
    *processes = (struct ctl_processes){0};
}

const char *ctl_process_id(const struct ctl_process *process, const char *kind)
{
    size_t size = strlen(kind);
    return strncmp(process->entry.name, kind, size) == 0 ? process->entry.name + size : NULL;
}

/* --- the processes' own answers --- */

static void inquiry_send(struct inquiry_slot *slot, json_t *request);

/* Puts a further page of viewers behind those that there are. True when the
 * next one was asked for. */
static bool inquiry_turn_page(struct inquiry_slot *slot, json_t *page)
{
    json_t *viewers = json_object_get(*slot->answer, "viewers");
    const char *next = json_string_value(json_object_get(page, "next"));
    if (*slot->answer != page) {
        json_array_extend(viewers, json_object_get(page, "viewers"));
    }
    if (next == NULL || json_array_size(viewers) >= VIEWERS_MOST) {
        return false;
    }
    inquiry_send(
        slot, json_pack("{s:s,s:s,s:i}", "type", "viewers", "after", next, "limit", VIEWERS_MOST));
    return slot->question != NULL;
}

static void inquiry_answered(void *arg, json_t *answer, const char *mistake)
{
    struct inquiry_slot *slot = arg;
    struct ctl_question *question = slot->question;
    (void)mistake; /* a process that does not answer shows as such */
    if (*slot->answer == NULL) {
        *slot->answer = json_incref(answer);
    }
    bool more =
        json_is_array(json_object_get(answer, "viewers")) && inquiry_turn_page(slot, answer);
    ctl_question_destroy(question);
    if (!more) {
        slot->question = NULL;
        if (--slot->inquiry->waiting == 0) {
            event_active(slot->inquiry->finished, EV_TIMEOUT, 0);
        }
    }
}

static void inquiry_send(struct inquiry_slot *slot, json_t *request)
{
    struct ctl_inquiry *inquiry = slot->inquiry;
    char *mistake = NULL;
    char *name = xasprintf("%s.sock", slot->process);
    slot->question = ctl_question_create(inquiry->base, inquiry->run_dir, name, request,
                                         inquiry->timeout_s, inquiry_answered, slot, &mistake);
    free(mistake);
    free(name);
}

static void inquiry_on_finished(evutil_socket_t fd, short what, void *arg)
{
    struct ctl_inquiry *inquiry = arg;
    (void)fd;
    (void)what;
    inquiry->done(inquiry->arg);
}

static void inquiry_ask(struct ctl_inquiry *inquiry, const char *process, json_t *request,
                        json_t **answer)
{
    struct inquiry_slot *slot = &inquiry->slots[inquiry->used++];
    *slot = (struct inquiry_slot){.inquiry = inquiry, .process = process, .answer = answer};
    inquiry_send(slot, request);
    inquiry->waiting += slot->question != NULL;
}

static void inquiry_ask_process(struct ctl_inquiry *inquiry, struct ctl_process *process,
                                bool viewers)
{
    if (strcmp(process->entry.state, "running") != 0) {
        return;
    }
    inquiry_ask(inquiry, process->entry.name, json_pack("{s:s}", "type", "stats"), &process->stats);
    if (ctl_process_id(process, "capture.") != NULL) {
        inquiry_ask(inquiry, process->entry.name, json_pack("{s:s}", "type", "status"),
                    &process->status);
    } else if (viewers && strcmp(process->entry.name, "broadcaster") == 0) {
        inquiry_ask(inquiry, process->entry.name,
                    json_pack("{s:s,s:i}", "type", "viewers", "limit", VIEWERS_MOST),
                    &process->viewers);
    }
}

struct ctl_inquiry *ctl_inquiry_create(struct event_base *base, const char *run_dir,
                                       struct ctl_processes *processes, bool viewers,
                                       double timeout_s, ctl_inquiry_done_fn *done, void *arg)
{
    struct ctl_inquiry *inquiry = xcalloc(1, sizeof *inquiry);
    inquiry->base = base;
    inquiry->run_dir = run_dir;
    inquiry->timeout_s = timeout_s;
    inquiry->done = done;
    inquiry->arg = arg;
    inquiry->slots = xcalloc(processes->count * SLOTS_MOST + 1, sizeof *inquiry->slots);
    inquiry->finished = evtimer_new(base, inquiry_on_finished, inquiry);
    if (inquiry->finished == NULL) {
        die("out of memory for an event");
    }
    for (size_t i = 0; i < processes->count; i++) {
        inquiry_ask_process(inquiry, &processes->items[i], viewers);
    }
    if (inquiry->waiting == 0) {
        event_active(inquiry->finished, EV_TIMEOUT, 0);
    }
    return inquiry;
}

void ctl_inquiry_destroy(struct ctl_inquiry *inquiry)
{
    if (inquiry == NULL) {
        return;
    }
    for (size_t i = 0; i < inquiry->used; i++) {
        ctl_question_destroy(inquiry->slots[i].question);
    }
    event_free(inquiry->finished);
    free(inquiry->slots);
    free(inquiry);
}
