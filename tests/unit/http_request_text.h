/* Requests for tests of what only reads them: a text becomes a struct http_request
 * by the real reader. */
#ifndef TESTS_UNIT_HTTP_REQUEST_TEXT_H
#define TESTS_UNIT_HTTP_REQUEST_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broadcaster/protocol/http_reader.h"
#include "common/memory.h"

/* Reads the head of the request that `text` begins with. The request lives as long as the reader,
 * which is the caller's. */
static inline struct http_reader *http_request_read(const char *text)
{
    struct http_reader *reader = http_reader_create();
    struct http_text body;
    size_t consumed;
    enum http_event event =
        http_reader_feed(reader, (const uint8_t *)text, strlen(text), &consumed, &body);
    if (event != HTTP_REQUEST) {
        fail_msg("no request: %s", text);
    }
    return reader;
}

/* The same of GET `target` with `fields` (whole lines). */
static inline struct http_reader *http_request_text(const char *target, const char *fields)
{
    char *text = xasprintf("GET %s HTTP/1.1\r\nHost: here\r\n%s\r\n", target, fields);
    struct http_reader *reader = http_request_read(text);
    free(text);
    return reader;
}

#endif
