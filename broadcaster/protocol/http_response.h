/* The head of an answer: pure text, no I/O. */
#ifndef BROADCASTER_HTTP_RESPONSE_H
#define BROADCASTER_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_response {
    int status;
    const char *content_type; /* NULL: none */
    const char *fields;       /* further whole lines, each with its CRLF; NULL: none */
    const char *more_fields;  /* and more of them, behind; NULL: none */
    uint64_t content_length;
    int minor_version; /* of the request: HTTP/1.0 has to be told that the connection stays */
    bool keep_alive;
    bool endless; /* the body has no length: it ends with the connection */
};

/* Status line, Date, Content-Type, Content-Length (not where the status has no body), Connection
 * and the further fields. The text is the caller's to free(); *size does not count its NUL. */
char *http_response_head(const struct http_response *response, size_t *size);

/* True for a status that never has a body: 1xx, 204, 304. */
bool http_status_is_bodiless(int status);

/* {"error":{"code":"…","message":"…"},"detail":"…"}; the caller's to free(). Bytes of the message
 * that are not UTF-8 become '?'. */
char *http_error_json(const char *code, const char *message);

#endif
