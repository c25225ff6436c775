#include "detector/poster.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/curl_loop.h"
#include "common/log.h"
#include "common/memory.h"

#define POST_PATH       "/api/broadcast-detection"
#define POST_SOCKET     "broadcaster.http.sock"
#define POST_TIMEOUT_MS 5000L

/* An error is a short object; of anything longer the status must do. */
#define ANSWER_BYTES_MAX 1024

/* The way of one camera's rendering. Exists while something is on its way. */
struct post_slot {
    struct poster *poster;
    struct post_slot *next; /* poster::slots */
    CURL *easy;
    struct frame_output sending; /* its body is libcurl's until the transfer is over */
    struct frame_output waiting; /* body NULL: none */
    char answer[ANSWER_BYTES_MAX];
    size_t answer_size; /* above ANSWER_BYTES_MAX: there was more */
};

struct poster {
    struct curl_loop *curl;
    char *url;
    char *socket_path; /* NULL: a broadcaster on another machine */
    struct curl_slist *headers;
    struct post_slot *slots;
    bool lost; /* the last message had no answer */
    poster_result_fn *result;
    void *arg;
};

/* --- one transfer --- */

static size_t slot_take_answer(char *data, size_t one, size_t size, void *arg)
{
    struct post_slot *slot = arg;
    (void)one;
    if (slot->answer_size <= ANSWER_BYTES_MAX && size <= ANSWER_BYTES_MAX - slot->answer_size) {
        memcpy(slot->answer + slot->answer_size, data, size);
        slot->answer_size += size;
    } else {
        slot->answer_size = ANSWER_BYTES_MAX + 1;
    }
    return size;
}

static CURL *poster_make_easy(const struct poster *poster, struct post_slot *slot)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        die("libcurl cannot make a transfer");
    }
    curl_easy_setopt(easy, CURLOPT_URL, poster->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, poster->headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, slot_take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, POST_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A transfer that is given up does not wait for a name server that is silent. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    if (poster->socket_path != NULL) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, poster->socket_path);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    }
    return easy;
}

static void slot_done(void *arg, CURL *easy, CURLcode result);

static void slot_send(struct post_slot *slot, const struct frame_output *output)
{
    slot->answer_size = 0;
    slot->sending = *output;
    slot->sending.header.sent_ns = clock_realtime_ns();
    frame_container_write_header(&slot->sending.header, slot->sending.body);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, (char *)slot->sending.body);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)slot->sending.size);
    curl_loop_add(slot->poster->curl, slot->easy, slot_done, slot);
}

static void slot_unlink(const struct post_slot *slot)
{
    struct post_slot **link = &slot->poster->slots;
    while (*link != slot) {
        link = &(*link)->next;
    }
    *link = slot->next;
}

static void slot_destroy(struct post_slot *slot)
{
    curl_easy_cleanup(slot->easy);
    free(slot->sending.body);
    free(slot->waiting.body);
    free(slot);
}

/* --- results --- */

/* One line when the broadcaster goes and one when it is back. */
static void poster_note_reach(struct poster *poster, CURLcode result)
{
    const char *where = poster->socket_path != NULL ? poster->socket_path : poster->url;
    bool lost = result != CURLE_OK;
    if (lost == poster->lost) {
        return;
    }
    poster->lost = lost;
    if (lost) {
        log_warn("no answer from the broadcaster at %s: %s; frames are dropped until it is back",
                 where, curl_easy_strerror(result));
    } else {
        log_info("the broadcaster at %s answers again", where);
    }
}

static void poster_tell(const struct poster *poster, const struct frame_container *header,
                        enum post_result result, const char *cause, size_t viewers)
{
    struct post_outcome outcome = {.camera = header->camera,
                                   .rendering = header->rendering,
                                   .result = result,
                                   .cause = cause,
                                   .viewers = viewers};
    poster->result(poster->arg, &outcome);
}

/* The broadcaster says who watches; of a refusal it knows best what is wrong, and
 * says it in `detail`. */
static void slot_tell_answer(struct post_slot *slot, long status)
{
    char cause[256] = "";
    json_t *answer = slot->answer_size <= ANSWER_BYTES_MAX
                         ? json_loadb(slot->answer, slot->answer_size, 0, NULL)
                         : NULL;
    bool accepted = status / 100 == 2;
    json_int_t viewers = json_integer_value(json_object_get(answer, "viewers"));
    if (!accepted) {
        const char *detail = json_string_value(json_object_get(answer, "detail"));
        snprintf(cause, sizeof cause, "http_status=%ld%s%s", status, detail != NULL ? ": " : "",
                 detail != NULL ? detail : "");
    }
    poster_tell(slot->poster, &slot->sending.header, accepted ? POST_ACCEPTED : POST_REFUSED, cause,
                viewers > 0 ? (size_t)viewers : 0);
    json_decref(answer);
}

static void slot_done(void *arg, CURL *easy, CURLcode result)
{
    struct post_slot *slot = arg;
    struct poster *poster = slot->poster;
    long status = 0;
    poster_note_reach(poster, result);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK) {
        poster_tell(poster, &slot->sending.header, POST_FAILED, "", 0);
    } else {
        slot_tell_answer(slot, status);
    }
    free(slot->sending.body);
    slot->sending.body = NULL;
    if (slot->waiting.body == NULL) {
        slot_unlink(slot);
        slot_destroy(slot);
        return;
    }
    struct frame_output next = slot->waiting;
    slot->waiting.body = NULL;
    slot_send(slot, &next);
}

/* --- the poster --- */

/* A post_url that names only a host gets the usual path. */
static char *poster_complete_url(const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    const char *path = strchr(host, '/');
    if (path != NULL && path[1] != '\0') {
        return xstrdup(url);
    }
    return xasprintf("%.*s%s", path != NULL ? (int)(path - url) : (int)strlen(url), url, POST_PATH);
}

static void poster_add_header(struct poster *poster, const char *line)
{
    struct curl_slist *longer = curl_slist_append(poster->headers, line);
    if (longer == NULL) {
        die("out of memory for HTTP headers");
    }
    poster->headers = longer;
}

struct poster *poster_create(struct event_base *base, const struct config *config,
                             poster_result_fn *result, void *arg)
{
    struct poster *poster = xcalloc(1, sizeof *poster);
    poster->curl = curl_loop_create(base);
    poster->result = result;
    poster->arg = arg;
    if (config->detector.post_url != NULL) {
        poster->url = poster_complete_url(config->detector.post_url);
    } else {
        poster->url = xstrdup("http://localhost" POST_PATH);
        poster->socket_path = xasprintf("%s/%s", config->run_dir, POST_SOCKET);
    }
    poster_add_header(poster, "Content-Type: " FRAME_CONTAINER_TYPE);
    poster_add_header(poster, "Expect:"); /* asking first costs a round trip per frame */
    if (config->detector.post_token != NULL) {
        char *line = xasprintf("Authorization: Bearer %s", config->detector.post_token);
        poster_add_header(poster, line);
        free(line);
    }
    return poster;
}

void poster_destroy(struct poster *poster)
{
    if (poster == NULL) {
        return;
    }
    for (struct post_slot *slot = poster->slots, *next; slot != NULL; slot = next) {
        next = slot->next;
        curl_loop_remove(poster->curl, slot->easy);
        slot_destroy(slot);
    }
    curl_loop_destroy(poster->curl);
    curl_slist_free_all(poster->headers);
    free(poster->socket_path);
    free(poster->url);
    free(poster);
}

static struct post_slot *poster_find(struct poster *poster, const struct frame_container *header)
{
    struct post_slot *slot = poster->slots;
    while (slot != NULL && (slot->sending.header.rendering != header->rendering ||
                            strcmp(slot->sending.header.camera, header->camera) != 0)) {
        slot = slot->next;
    }
    return slot;
}

void poster_post(struct poster *poster, const struct frame_output *output)
{
    struct post_slot *slot = poster_find(poster, &output->header);
    if (slot == NULL) {
        slot = xcalloc(1, sizeof *slot);
        slot->poster = poster;
        slot->easy = poster_make_easy(poster, slot);
        slot->next = poster->slots;
        poster->slots = slot;
        slot_send(slot, output);
        return;
    }
    if (slot->waiting.body != NULL) {
        poster_tell(poster, &output->header, POST_REPLACED, "", 0);
        free(slot->waiting.body);
    }
    slot->waiting = *output;
}
