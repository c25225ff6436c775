/* The requests that the simulated camera understands: a plain HTTP/1.1 head and, where it says so,
 * a body. It serves tests, not strangers: what it does not need it does not check. */
#ifndef TESTS_CAMSIM_REQUEST_H
#define TESTS_CAMSIM_REQUEST_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#define REQUEST_FIELD_SIZE 1024

struct request {
    char method[16];
    char target[REQUEST_FIELD_SIZE]; /* as it came, query included */
    char path[REQUEST_FIELD_SIZE];   /* without the query */
    char authorization[REQUEST_FIELD_SIZE];
    char if_none_match[REQUEST_FIELD_SIZE];
    bool close; /* the client wants the connection ended */
    size_t body_size;
    unsigned char *body; /* NULL: none */
};

enum request_result { REQUEST_MORE, REQUEST_WHOLE, REQUEST_BAD };

/* Takes one request out of `input`. On REQUEST_WHOLE request_finish() frees what it holds. */
enum request_result request_take(struct request *request, struct evbuffer *input);
void request_finish(struct request *request);

#endif
