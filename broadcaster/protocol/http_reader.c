#include "broadcaster/protocol/http_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/protocol/http_head.h"
#include "broadcaster/protocol/http_syntax.h"
#include "common/memory.h"

/* Method, target and version with their spaces. */
#define HTTP_REQUEST_LINE_MAX (HTTP_METHOD_MAX + HTTP_TARGET_MAX + 10)
#define HTTP_CHUNK_LINE_MAX   256
#define HTTP_CHUNK_DIGITS_MAX 15 /* of 4 bits each, leading zeros apart: cannot overflow */
#define HTTP_EMPTY_LINES_MAX  2

/*            +-------------------------- next request -------------------------------+
 *            v                                                                       |
 * START -> HEAD -+-> LENGTH -------------------------------------------------> END --+
 *                +-> CHUNK_SIZE -> CHUNK_DATA -> CHUNK_CRLF -> CHUNK_SIZE       ^
 *                |       +-> TRAILERS ------------------------------------------+
 *                +--------------------------------------------------------------+     */
enum http_state {
    HTTP_AT_START,
    HTTP_IN_HEAD,
    HTTP_IN_LENGTH,
    HTTP_AT_CHUNK_SIZE,
    HTTP_IN_CHUNK,
    HTTP_AT_CHUNK_CRLF,
    HTTP_IN_TRAILERS,
    HTTP_AT_END,
    HTTP_IS_BROKEN,
};

/* Lines as they arrive: without their CRLF, each ended by a NUL. */
struct http_lines {
    char *bytes;
    size_t size;  /* stored */
    size_t begin; /* of the line being received */
    size_t taken; /* bytes received for all lines, line ends included */
    bool after_cr;
};

struct http_reader {
    enum http_state state;
    unsigned empty_lines; /* before the request */
    bool has_request_line;
    struct http_lines head;
    struct http_lines line; /* of the chunked framing */
    uint64_t left;          /* of the body, or of the chunk */
    size_t extensions;      /* bytes of chunk lines so far */
    size_t trailers;        /* their number */
    int status;             /* when broken */
    const char *message;    /* a literal */
    struct http_request request;
    struct http_field fields[HTTP_FIELDS_MAX];
    char line_bytes[HTTP_TRAILERS_MAX + 1];
    char head_bytes[HTTP_HEAD_MAX + 1];
};

static void http_lines_clear(struct http_lines *lines)
{
    lines->size = lines->begin = lines->taken = 0;
    lines->after_cr = false;
}

/* Takes bytes up to the end of the line. 1: a line is complete, from `begin` to `size - 1` (a NUL);
 * 0: more is needed; -EBADMSG: a byte that may not be; -E2BIG: more than `limit` bytes in all. */
static int http_lines_add(struct http_lines *lines, const uint8_t *data, size_t size, size_t limit,
                          size_t *used)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t c = data[i];
        *used = i + 1;
        if (++lines->taken > limit) {
            return -E2BIG;
        }
        if (lines->after_cr) {
            if (c != '\n') {
                return -EBADMSG;
            }
            lines->after_cr = false;
            lines->bytes[lines->size++] = '\0';
            return 1;
        }
        if (c == '\r') {
            lines->after_cr = true;
        } else if ((c < ' ' && c != '\t') || c == 0x7f) {
            return -EBADMSG;
        } else {
            lines->bytes[lines->size++] = (char)c;
        }
    }
    return 0;
}

struct http_reader *http_reader_create(void)
{
    struct http_reader *reader = xmalloc(sizeof *reader);
    /* The big arrays stay untouched until something is stored in them. */
    memset(reader, 0, offsetof(struct http_reader, fields));
    reader->head.bytes = reader->head_bytes;
    reader->line.bytes = reader->line_bytes;
    return reader;
}

void http_reader_destroy(struct http_reader *reader)
{
    free(reader);
}

static enum http_event http_fail(struct http_reader *reader, int status, const char *message)
{
    reader->state = HTTP_IS_BROKEN;
    reader->status = status;
    reader->message = message;
    return HTTP_ERROR;
}

/* --- head --- */

static void http_begin(struct http_reader *reader)
{
    reader->state = HTTP_IN_HEAD;
    reader->has_request_line = false;
    reader->extensions = reader->trailers = 0;
    http_lines_clear(&reader->head);
    http_lines_clear(&reader->line);
    memset(&reader->request, 0, sizeof reader->request);
    reader->request.fields = reader->fields;
}

static enum http_event http_head_complete(struct http_reader *reader)
{
    const char *message = NULL;
    int status = http_head_finish(&reader->request, &message);
    if (status != 0) {
        return http_fail(reader, status, message);
    }
    reader->left = reader->request.content_length;
    reader->state = reader->request.framing == HTTP_BODY_CHUNKED  ? HTTP_AT_CHUNK_SIZE
                    : reader->request.framing == HTTP_BODY_LENGTH ? HTTP_IN_LENGTH
                                                                  : HTTP_AT_END;
    return HTTP_REQUEST;
}

static enum http_event http_head_line(struct http_reader *reader, char *line, size_t size)
{
    struct http_request *request = &reader->request;
    const char *message = NULL;
    int status = 0;
    if (!reader->has_request_line && size == 0) {
        if (++reader->empty_lines > HTTP_EMPTY_LINES_MAX) {
            return http_fail(reader, 400, "empty lines instead of a request");
        }
        http_lines_clear(&reader->head);
        reader->state = HTTP_AT_START;
        return HTTP_NEED_MORE;
    }
    if (!reader->has_request_line) {
        reader->has_request_line = true;
        status = http_head_request_line(line, size, request, &message);
    } else if (size == 0) {
        return http_head_complete(reader);
    } else if (request->field_count == HTTP_FIELDS_MAX) {
        return http_fail(reader, 431, "too many fields");
    } else {
        status = http_head_field(line, size, &reader->fields[request->field_count++], &message);
    }
    return status != 0 ? http_fail(reader, status, message) : HTTP_NEED_MORE;
}

static enum http_event http_head_too_large(struct http_reader *reader)
{
    if (reader->has_request_line) {
        return http_fail(reader, 431, "the head is too large");
    }
    size_t first =
        reader->head.size < HTTP_METHOD_MAX + 1 ? reader->head.size : HTTP_METHOD_MAX + 1;
    if (memchr(reader->head.bytes, ' ', first) == NULL) {
        return http_fail(reader, 501, "the method is not known here");
    }
    return http_fail(reader, 414, "the target is too long");
}

static enum http_event http_step_head(struct http_reader *reader, const uint8_t *data, size_t size,
                                      size_t *used)
{
    struct http_lines *head = &reader->head;
    size_t limit = reader->has_request_line ? HTTP_HEAD_MAX : HTTP_REQUEST_LINE_MAX + 2;
    int result = http_lines_add(head, data, size, limit, used);
    if (result == -E2BIG) {
        return http_head_too_large(reader);
    }
    if (result < 0) {
        return http_fail(reader, 400, "a control character or a lone CR or LF in the head");
    }
    if (result == 0) {
        return HTTP_NEED_MORE;
    }
    char *line = head->bytes + head->begin;
    size_t length = head->size - 1 - head->begin;
    head->begin = head->size;
    return http_head_line(reader, line, length);
}

/* --- body --- */

static enum http_event http_step_data(struct http_reader *reader, enum http_state next,
                                      const uint8_t *data, size_t size, size_t *used,
                                      struct http_text *body)
{
    if (size == 0) {
        return HTTP_NEED_MORE;
    }
    *used = size < reader->left ? size : (size_t)reader->left;
    *body = (struct http_text){.data = (const char *)data, .size = *used};
    reader->left -= *used;
    if (reader->left == 0) {
        reader->state = next;
    }
    return HTTP_BODY;
}

/* *(BWS ";" BWS name [BWS "=" BWS (token / quoted-string)]), RFC 9112, 7.1.1; all are ignored. */
static bool http_chunk_extensions_valid(struct http_text rest)
{
    while (rest.size > 0) {
        rest = http_text_trim(rest);
        if (rest.size == 0 || rest.data[0] != ';') {
            return false;
        }
        rest = http_text_trim((struct http_text){rest.data + 1, rest.size - 1});
        size_t name = 0;
        while (name < rest.size && http_is_token(rest.data + name, 1)) {
            name++;
        }
        if (name == 0) {
            return false;
        }
        struct http_text after =
            http_text_trim((struct http_text){rest.data + name, rest.size - name});
        rest = (struct http_text){rest.data + name, rest.size - name};
        if (after.size == 0 || after.data[0] != '=') {
            continue;
        }
        rest = http_text_trim((struct http_text){after.data + 1, after.size - 1});
        size_t value = 0;
        if (rest.size > 0 && rest.data[0] == '"') {
            for (value = 1; value < rest.size && rest.data[value] != '"'; value++) {
                value += rest.data[value] == '\\';
            }
            value++;
        } else {
            while (value < rest.size && http_is_token(rest.data + value, 1)) {
                value++;
            }
        }
        if (value == 0 || value > rest.size) {
            return false;
        }
        rest = (struct http_text){rest.data + value, rest.size - value};
    }
    return true;
}

static enum http_event http_chunk_line(struct http_reader *reader, const char *line, size_t size)
{
    size_t digits = 0;
    uint64_t length = 0;
    while (digits < size && http_hex_digit(line[digits]) >= 0) {
        if (length >> (4 * (HTTP_CHUNK_DIGITS_MAX - 1)) != 0) {
            return http_fail(reader, 400, "a chunk's size is too large");
        }
        length = length * 16 + (unsigned)http_hex_digit(line[digits++]);
    }
    if (digits == 0 ||
        !http_chunk_extensions_valid((struct http_text){line + digits, size - digits})) {
        return http_fail(reader, 400, "a chunk's size is malformed");
    }
    reader->left = length;
    reader->state = length > 0 ? HTTP_IN_CHUNK : HTTP_IN_TRAILERS;
    return HTTP_NEED_MORE;
}

static enum http_event http_step_chunk_line(struct http_reader *reader, const uint8_t *data,
                                            size_t size, size_t *used)
{
    int result = http_lines_add(&reader->line, data, size, HTTP_CHUNK_LINE_MAX, used);
    size_t length = reader->line.size - (result > 0); /* without the NUL of a complete line */
    if (reader->state == HTTP_AT_CHUNK_CRLF && length > 0) {
        return http_fail(reader, 400, "a chunk is longer than its size says");
    }
    if (result < 0) {
        return http_fail(reader, 400, "a chunk's size is malformed");
    }
    if (result == 0) {
        return HTTP_NEED_MORE;
    }
    http_lines_clear(&reader->line);
    if (reader->state == HTTP_AT_CHUNK_CRLF) {
        reader->state = HTTP_AT_CHUNK_SIZE;
        return HTTP_NEED_MORE;
    }
    const char *semicolon = memchr(reader->line_bytes, ';', length);
    reader->extensions += semicolon != NULL ? length - (size_t)(semicolon - reader->line_bytes) : 0;
    if (reader->extensions > HTTP_EXTENSIONS_MAX) {
        return http_fail(reader, 400, "too many chunk extensions");
    }
    return http_chunk_line(reader, reader->line_bytes, length);
}

/* Trailers are checked and thrown away: nothing here has a use for them. */
static enum http_event http_step_trailers(struct http_reader *reader, const uint8_t *data,
                                          size_t size, size_t *used)
{
    struct http_lines *lines = &reader->line;
    int result = http_lines_add(lines, data, size, HTTP_TRAILERS_MAX, used);
    if (result == -E2BIG) {
        return http_fail(reader, 431, "the trailers are too large");
    }
    if (result < 0) {
        return http_fail(reader, 400, "a control character or a lone CR or LF in the trailers");
    }
    if (result == 0) {
        return HTTP_NEED_MORE;
    }
    const char *line = lines->bytes + lines->begin;
    size_t length = lines->size - 1 - lines->begin;
    lines->begin = lines->size;
    if (length == 0) {
        reader->state = HTTP_AT_END;
        return HTTP_NEED_MORE;
    }
    if (++reader->trailers > HTTP_FIELDS_MAX) {
        return http_fail(reader, 431, "too many trailers");
    }
    struct http_field field;
    const char *message = NULL;
    int status = http_head_field(line, length, &field, &message);
    return status != 0 ? http_fail(reader, status, message) : HTTP_NEED_MORE;
}

static enum http_event http_step(struct http_reader *reader, const uint8_t *data, size_t size,
                                 size_t *used, struct http_text *body)
{
    switch (reader->state) {
    case HTTP_AT_START:
        if (size > 0) {
            http_begin(reader);
        }
        return HTTP_NEED_MORE;
    case HTTP_IN_HEAD:
        return http_step_head(reader, data, size, used);
    case HTTP_IN_LENGTH:
        return http_step_data(reader, HTTP_AT_END, data, size, used, body);
    case HTTP_IN_CHUNK:
        return http_step_data(reader, HTTP_AT_CHUNK_CRLF, data, size, used, body);
    case HTTP_AT_CHUNK_SIZE:
    case HTTP_AT_CHUNK_CRLF:
        return http_step_chunk_line(reader, data, size, used);
    case HTTP_IN_TRAILERS:
        return http_step_trailers(reader, data, size, used);
    case HTTP_AT_END:
        reader->state = HTTP_AT_START;
        reader->empty_lines = 0;
        return HTTP_END;
    case HTTP_IS_BROKEN:
        break;
    }
    return HTTP_ERROR;
}

enum http_event http_reader_feed(struct http_reader *reader, const uint8_t *data, size_t size,
                                 size_t *consumed, struct http_text *body)
{
    enum http_event event = HTTP_NEED_MORE;
    *consumed = 0;
    *body = (struct http_text){.data = NULL, .size = 0};
    do {
        size_t used = 0;
        event = http_step(reader, data + *consumed, size - *consumed, &used, body);
        *consumed += used;
    } while (event == HTTP_NEED_MORE && (*consumed < size || reader->state == HTTP_AT_END));
    return event;
}

void http_reader_enter_path(struct http_reader *reader, size_t bytes)
{
    reader->request.path += bytes;
}

const struct http_request *http_reader_request(const struct http_reader *reader)
{
    return &reader->request;
}

int http_reader_error(const struct http_reader *reader, const char **message)
{
    *message = reader->message;
    return reader->status;
}

bool http_reader_in_head(const struct http_reader *reader)
{
    return reader->state == HTTP_IN_HEAD && reader->head.size > 0;
}

bool http_reader_is_idle(const struct http_reader *reader)
{
    return reader->state == HTTP_AT_START && reader->empty_lines == 0;
}
