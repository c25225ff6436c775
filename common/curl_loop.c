#include "common/curl_loop.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"

/* As much as libcurl asks for at a time. */
#define OUT_OF_MEMORY_PROBE ((size_t)256 * 1024)

struct curl_loop {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
};

/* What a running transfer's CURLOPT_PRIVATE points to. */
struct transfer {
    curl_loop_done_fn *done;
    void *arg;
};

static struct transfer *transfer_of(CURL *easy)
{
    struct transfer *transfer = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
    return transfer;
}

static void transfer_detach(struct curl_loop *loop, CURL *easy)
{
    free(transfer_of(easy));
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    curl_multi_remove_handle(loop->multi, easy);
}

/* Tells the owners of all transfers that are over. A `done` may add and remove transfers, so the
 * list is asked anew each time; libcurl drops the news of a handle that is removed. */
static void curl_loop_report(struct curl_loop *loop)
{
    CURLMsg *news;
    int left;
    while ((news = curl_multi_info_read(loop->multi, &left)) != NULL) {
        if (news->msg != CURLMSG_DONE) {
            continue;
        }
        CURL *easy = news->easy_handle;
        CURLcode result = news->data.result;
        struct transfer transfer = *transfer_of(easy);
        if (result == CURLE_OUT_OF_MEMORY) {
            /* It says so of a peer's head that is too long, too. Where there is really no memory,
             * this ends us, as it does everywhere else. */
            free(xmalloc(OUT_OF_MEMORY_PROBE));
        }
        transfer_detach(loop, easy); /* `news` is invalid from here on */
        transfer.done(transfer.arg, easy, result);
    }
}

static void curl_loop_socket_ready(evutil_socket_t fd, short events, void *arg)
{
    struct curl_loop *loop = arg;
    int running;
    int action =
        (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(loop->multi, fd, action, &running);
    curl_loop_report(loop);
}

static void curl_loop_time_out(evutil_socket_t fd, short events, void *arg)
{
    struct curl_loop *loop = arg;
    int running;
    (void)fd;
    (void)events;
    curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    curl_loop_report(loop);
}

/* libcurl says what it waits for on a socket; the event hangs on the socket as its `assigned`. */
static int curl_loop_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    struct curl_loop *loop = arg;
    struct event *event = assigned;
    (void)easy;
    if (event != NULL) {
        event_free(event);
        event = NULL;
    }
    if (what != CURL_POLL_REMOVE) {
        short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
                               (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
        event = event_new(loop->base, fd, events, curl_loop_socket_ready, loop);
        if (event == NULL || event_add(event, NULL) < 0) {
            die("cannot watch a socket of libcurl fd=%d", (int)fd);
        }
    }
    curl_multi_assign(loop->multi, fd, event);
    return 0;
}

static int curl_loop_set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct curl_loop *loop = arg;
    (void)multi;
    if (timeout_ms < 0) {
        event_del(loop->timer);
    } else {
        struct timeval wait = clock_timeval((uint64_t)timeout_ms * NS_PER_MS);
        event_add(loop->timer, &wait);
    }
    return 0;
}

struct curl_loop *curl_loop_create(struct event_base *base)
{
    struct curl_loop *loop = xcalloc(1, sizeof *loop);
    loop->base = base;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        die("libcurl cannot be initialised");
    }
    loop->multi = curl_multi_init();
    loop->timer = event_new(base, -1, 0, curl_loop_time_out, loop);
    if (loop->multi == NULL || loop->timer == NULL) {
        die("libcurl's multi interface cannot be set up");
    }
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, curl_loop_watch);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, curl_loop_set_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return loop;
}

void curl_loop_destroy(struct curl_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    /* Closes the connections kept alive, which asks the two callbacks above once more. */
    curl_multi_cleanup(loop->multi);
    event_free(loop->timer);
    free(loop);
    curl_global_cleanup();
}

void curl_loop_add(struct curl_loop *loop, CURL *easy, curl_loop_done_fn *done, void *arg)
{
    struct transfer *transfer = xcalloc(1, sizeof *transfer);
    transfer->done = done;
    transfer->arg = arg;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    CURLMcode code = curl_multi_add_handle(loop->multi, easy);
    if (code != CURLM_OK) {
        die("libcurl does not take a transfer: %s", curl_multi_strerror(code));
    }
}

void curl_loop_remove(struct curl_loop *loop, CURL *easy)
{
    transfer_detach(loop, easy);
}
