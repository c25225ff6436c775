/* libcurl's multi interface on a libevent loop. Everything runs on the loop's thread. */
#ifndef COMMON_CURL_LOOP_H
#define COMMON_CURL_LOOP_H

#include <curl/curl.h>
#include <event2/event.h>

struct curl_loop;

/* A transfer that is over. The easy handle is no longer in the multi handle: it may be added again
 * or cleaned up from here. */
typedef void curl_loop_done_fn(void *arg, CURL *easy, CURLcode result);

struct curl_loop *curl_loop_create(struct event_base *base);
/* All transfers must have been removed. NULL is allowed. */
void curl_loop_destroy(struct curl_loop *loop);

/* Starts a transfer. `done` is called once, from the loop, unless curl_loop_remove() comes first.
 * CURLOPT_PRIVATE of the handle belongs to this module. */
void curl_loop_add(struct curl_loop *loop, CURL *easy, curl_loop_done_fn *done, void *arg);

/* Breaks a transfer off; its connection is closed. Not from inside a curl callback. */
void curl_loop_remove(struct curl_loop *loop, CURL *easy);

#endif
