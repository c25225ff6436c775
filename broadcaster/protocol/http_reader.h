/* A small, strict HTTP/1.1 reader: bytes in, requests out, no I/O, no clock, no heap but itself.
 * Sources: RFC 9110, RFC 9112. What is ambiguous is refused, because what two programs read in two
 * ways is how requests are smuggled: a repeated Content-Length even when both agree, a bare LF, a
 * folded line, an encoded slash. Pure; one reader per connection, made for a request and thrown
 * away with it: about 24 kB, of which only touched pages count. */
#ifndef BROADCASTER_HTTP_READER_H
#define BROADCASTER_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX   16384 /* request line and fields together, bytes (431 beyond) */
#define HTTP_TARGET_MAX 4096  /* 414 beyond */
#define HTTP_FIELDS_MAX 100
#define HTTP_METHOD_MAX 32 /* 501 beyond */

/* Behind a chunked body, and in all the lines between its chunks together. */
#define HTTP_TRAILERS_MAX   4096
#define HTTP_EXTENSIONS_MAX 16384

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, /* a token that we have no use for: http_session answers 501 */
};

struct http_text {
    const char *data; /* not NUL-terminated */
    size_t size;
};

struct http_field {
    struct http_text name, value; /* value without the white space around it */
};

enum http_framing { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

/* One request's head. Everything points into the reader and lives until the next request begins. */
struct http_request {
    enum http_method method;
    struct http_text method_name;
    /* Percent-decoded UTF-8 without control characters, NUL-terminated; begins with '/' and has no
     * "." or ".." part. Or "*", with OPTIONS only: http_session answers that. */
    const char *path;
    struct http_text query; /* raw, behind '?'; empty: none */
    /* With its port; of the absolute target, else the Host field; may be empty in HTTP/1.0. */
    struct http_text host;
    int minor_version; /* 0 or 1 */
    bool keep_alive;
    bool expect_continue;
    enum http_framing framing;
    uint64_t content_length; /* with HTTP_BODY_LENGTH */
    const struct http_field *fields;
    size_t field_count;
};

/* The field's value when it is there exactly once; NULL otherwise. Names are
 * compared without case. */
const struct http_text *http_request_field(const struct http_request *request, const char *name);
size_t http_request_field_count(const struct http_request *request, const char *name);
/* True when the comma-separated list in all fields of that name has the token (without case). */
bool http_request_has_token(const struct http_request *request, const char *name,
                            const char *token);

/* True when the Content-Type is `type`, whatever parameters follow. */
bool http_request_has_type(const struct http_request *request, const char *type);

/* True when it comes from a browser that is about to show a page: its Accept names text/html. That
 * of an <img> or a script does not. */
bool http_request_wants_page(const struct http_request *request);

/* A parameter of the query, percent- and plus-decoded into `out` (NUL-terminated). 0; -ENOENT when
 * it is missing; -EINVAL when it is malformed, given twice, holds a NUL or does not fit. */
int http_request_parameter(const struct http_request *request, const char *name, char *out,
                           size_t out_size);

enum http_event {
    HTTP_NEED_MORE, /* everything given was consumed, nothing to report */
    HTTP_REQUEST,   /* a head is complete: http_reader_request() */
    HTTP_BODY,      /* bytes of the body: *body, within the bytes given */
    HTTP_END,       /* the body (perhaps empty) is complete; the next byte begins a new request */
    HTTP_ERROR,     /* http_reader_error(); nothing more can be read from this connection */
};

struct http_reader;

struct http_reader *http_reader_create(void);
void http_reader_destroy(struct http_reader *reader); /* NULL is allowed */

/* Takes bytes from `data`; *consumed says how many. Call again with the rest until HTTP_NEED_MORE.
 * After HTTP_REQUEST the following calls give HTTP_BODY (any number) and one HTTP_END, whatever the
 * framing. The bytes may be cut anywhere. */
enum http_event http_reader_feed(struct http_reader *reader, const uint8_t *data, size_t size,
                                 size_t *consumed, struct http_text *body);

/* Takes the first `bytes` off the request's path; what is left begins with '/'. */
void http_reader_enter_path(struct http_reader *reader, size_t bytes);

const struct http_request *http_reader_request(const struct http_reader *reader);

/* The status to answer with (400, 413, 414, 417, 431, 501, 505) and why, in words (a literal). */
int http_reader_error(const struct http_reader *reader, const char **message);

/* True between the first byte of a head and its end; what the head's deadline watches. Empty lines
 * before a request do not count. */
bool http_reader_in_head(const struct http_reader *reader);

/* True when not a byte of the next request has arrived: nothing is lost with the reader. */
bool http_reader_is_idle(const struct http_reader *reader);

#endif
