/* libcurl on the loop, against a server on the same loop that answers as a test wants. */
#include "common/curl_loop.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/memory.h"

#define CLIENTS_MAX 16
#define ANSWER      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

struct client {
    struct server *server;
    struct event *readable;
};

/* Sends `answer` for whatever it reads. */
struct server {
    struct event_base *base;
    struct curl_loop *loop;
    struct event *listener;
    struct client clients[CLIENTS_MAX];
    size_t client_count;
    const char *answer;
    char url[64];
    int open, ended; /* connections */
};

/* A transfer as a test sees it. */
struct fetch {
    struct server *server;
    CURL *easy;
    char body[64];
    size_t size;
    int done;
    CURLcode result;
    int again;            /* how often it is started again from its end */
    struct fetch *victim; /* removed from the end of this one */
};

static void client_readable(evutil_socket_t fd, short events, void *arg)
{
    struct client *client = arg;
    struct server *server = client->server;
    char request[1024];
    (void)events;
    ssize_t got = recv(fd, request, sizeof request, 0);
    if (got > 0) {
        send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
        return;
    }
    event_free(client->readable);
    client->readable = NULL;
    close(fd);
    server->open--;
    server->ended++;
    event_base_loopbreak(server->base);
}

static void client_accept(evutil_socket_t fd, short events, void *arg)
{
    struct server *server = arg;
    struct client *client = &server->clients[server->client_count++];
    (void)events;
    assert_true(server->client_count <= CLIENTS_MAX);
    int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(connection >= 0);
    client->server = server;
    client->readable =
        event_new(server->base, connection, EV_READ | EV_PERSIST, client_readable, client);
    event_add(client->readable, NULL);
    server->open++;
}

static int server_create(void **state)
{
    struct server *server = xcalloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
        return -1;
    }
    server->base = event_base_new();
    server->loop = curl_loop_create(server->base);
    server->listener = event_new(server->base, fd, EV_READ | EV_PERSIST, client_accept, server);
    event_add(server->listener, NULL);
    server->answer = ANSWER;
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    *state = server;
    return 0;
}

static void server_close_listener(struct server *server)
{
    if (server->listener != NULL) {
        close(event_get_fd(server->listener));
        event_free(server->listener);
        server->listener = NULL;
    }
}

static int server_destroy(void **state)
{
    struct server *server = *state;
    curl_loop_destroy(server->loop);
    server_close_listener(server);
    for (size_t i = 0; i < server->client_count; i++) {
        if (server->clients[i].readable != NULL) {
            close(event_get_fd(server->clients[i].readable));
            event_free(server->clients[i].readable);
        }
    }
    event_base_free(server->base);
    free(server);
    return 0;
}

static size_t fetch_write(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    size *= count;
    assert_true(fetch->size + size < sizeof fetch->body);
    memcpy(fetch->body + fetch->size, bytes, size);
    fetch->size += size;
    event_base_loopbreak(fetch->server->base);
    return size;
}

static void fetch_done(void *arg, CURL *easy, CURLcode result)
{
    struct fetch *fetch = arg;
    assert_ptr_equal(easy, fetch->easy);
    fetch->done++;
    fetch->result = result;
    if (fetch->victim != NULL) {
        curl_loop_remove(fetch->server->loop, fetch->victim->easy);
    }
    if (fetch->again > 0) {
        fetch->again--;
        fetch->size = 0;
        curl_loop_add(fetch->server->loop, easy, fetch_done, fetch);
    } else {
        curl_easy_cleanup(easy);
        fetch->easy = NULL;
        event_base_loopbreak(fetch->server->base);
    }
}

static void fetch_start(struct fetch *fetch, struct server *server)
{
    fetch->server = server;
    fetch->easy = curl_easy_init();
    curl_easy_setopt(fetch->easy, CURLOPT_URL, server->url);
    curl_easy_setopt(fetch->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, fetch_write);
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
    curl_loop_add(server->loop, fetch->easy, fetch_done, fetch);
}

static void test_a_transfer(void **state)
{
    struct server *server = *state;
    struct fetch fetch = {0};
    fetch_start(&fetch, server);
    assert_int_equal(fetch.done, 0); /* never from curl_loop_add() itself */
    while (fetch.done == 0) {
        event_base_dispatch(server->base);
    }
    assert_int_equal(fetch.result, CURLE_OK);
    assert_int_equal(fetch.size, 5);
    assert_memory_equal(fetch.body, "hello", 5);
}

static void test_several_at_once(void **state)
{
    struct server *server = *state;
    struct fetch fetches[5] = {0};
    for (size_t i = 0; i < 5; i++) {
        fetch_start(&fetches[i], server);
    }
    for (size_t i = 0; i < 5; i++) {
        while (fetches[i].done == 0) {
            event_base_dispatch(server->base);
        }
        assert_int_equal(fetches[i].result, CURLE_OK);
        assert_int_equal(fetches[i].done, 1);
    }
}

static void test_again_from_its_end_on_one_connection(void **state)
{
    struct server *server = *state;
    struct fetch fetch = {.again = 3};
    fetch_start(&fetch, server);
    while (fetch.done < 4) {
        event_base_dispatch(server->base);
    }
    assert_int_equal(fetch.result, CURLE_OK);
    assert_int_equal(server->client_count, 1);
}

static void test_refused(void **state)
{
    struct server *server = *state;
    struct fetch fetch = {0};
    server_close_listener(server);
    fetch_start(&fetch, server);
    while (fetch.done == 0) {
        event_base_dispatch(server->base);
    }
    assert_int_equal(fetch.result, CURLE_COULDNT_CONNECT);
}

static void test_time_limit(void **state)
{
    struct server *server = *state;
    struct fetch fetch = {0};
    server->answer = "HTTP/1.1 200 OK\r\n";
    fetch_start(&fetch, server);
    curl_easy_setopt(fetch.easy, CURLOPT_TIMEOUT_MS, 50L);
    while (fetch.done == 0) {
        event_base_dispatch(server->base);
    }
    assert_int_equal(fetch.result, CURLE_OPERATION_TIMEDOUT);
}

/* The server sees the end, and nobody is called. */
static void test_broken_off(void **state)
{
    struct server *server = *state;
    struct fetch fetch = {0};
    server->answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
    fetch_start(&fetch, server);
    while (fetch.size < 5) {
        event_base_dispatch(server->base);
    }
    assert_int_equal(server->open, 1);
    curl_loop_remove(server->loop, fetch.easy);
    curl_easy_cleanup(fetch.easy);
    while (server->ended == 0) {
        event_base_dispatch(server->base);
    }
    assert_int_equal(fetch.done, 0);
}

/* Whichever of two ends first takes the other with it, even if that one is over as well by then. */
static void test_removed_from_the_end_of_another(void **state)
{
    struct server *server = *state;
    struct fetch first = {0}, second = {0};
    server_close_listener(server);
    fetch_start(&first, server);
    fetch_start(&second, server);
    first.victim = &second;
    second.victim = &first;
    while (first.done + second.done == 0) {
        event_base_dispatch(server->base);
    }
    event_base_loop(server->base, EVLOOP_NONBLOCK);
    assert_int_equal(first.done + second.done, 1);
    curl_easy_cleanup(first.easy);
    curl_easy_cleanup(second.easy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_create, server_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_transfer),
        TEST(test_several_at_once),
        TEST(test_again_from_its_end_on_one_connection),
        TEST(test_refused),
        TEST(test_time_limit),
        TEST(test_broken_off),
        TEST(test_removed_from_the_end_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
