/* What a client sends to an HTTP port. However it is cut, the requests, their bodies and the error
 * at the end are the same; and a request that is accepted is one that nobody can misread. */
#include "broadcaster/protocol/http_reader.h"

#include "broadcaster/protocol/http_syntax.h"
#include "broadcaster/protocol/websocket_handshake.h"
#include "tests/fuzz/fuzz.h"

static void note(struct fuzz_transcript *transcript, struct http_text text)
{
    fuzz_note_text(transcript, text.data, text.size);
}

static bool has_control_character(struct http_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static void check_path(const struct http_request *request)
{
    const char *path = request->path;
    if (strcmp(path, "*") == 0) {
        FUZZ_CHECK(request->method == HTTP_OPTIONS);
        return;
    }
    FUZZ_CHECK(path[0] == '/');
    FUZZ_CHECK(!has_control_character((struct http_text){path, strlen(path)}));
    FUZZ_CHECK(strchr(path, '\\') == NULL);
    size_t length = strlen(path);
    FUZZ_CHECK(strstr(path, "/../") == NULL && strstr(path, "/./") == NULL);
    FUZZ_CHECK(length < 2 || strcmp(path + length - 2, "/.") != 0);
    FUZZ_CHECK(length < 3 || strcmp(path + length - 3, "/..") != 0);
}

static void check_framing(const struct http_request *request)
{
    size_t lengths = http_request_field_count(request, "Content-Length");
    size_t encodings = http_request_field_count(request, "Transfer-Encoding");
    FUZZ_CHECK(lengths + encodings <= 1);
    FUZZ_CHECK((request->framing == HTTP_BODY_CHUNKED) == (encodings == 1));
    FUZZ_CHECK(request->framing != HTTP_BODY_LENGTH || lengths == 1);
    FUZZ_CHECK((request->framing == HTTP_BODY_LENGTH) == (request->content_length > 0));
    FUZZ_CHECK(!request->expect_continue || request->framing != HTTP_BODY_NONE);
}

static void check_request(const struct http_request *request)
{
    check_path(request);
    check_framing(request);
    size_t hosts = http_request_field_count(request, "Host");
    FUZZ_CHECK(hosts == 1 || (hosts == 0 && request->minor_version == 0));
    FUZZ_CHECK(request->host.size == 0 || http_is_host(request->host));
    FUZZ_CHECK(request->host.size > 0 || request->minor_version == 0);
    FUZZ_CHECK(http_is_token(request->method_name.data, request->method_name.size));
    FUZZ_CHECK(request->method_name.size <= HTTP_METHOD_MAX);
    FUZZ_CHECK(request->field_count <= HTTP_FIELDS_MAX);
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];
        FUZZ_CHECK(http_is_token(field->name.data, field->name.size));
        FUZZ_CHECK(!has_control_character(field->value));
        FUZZ_CHECK(http_text_trim(field->value).size == field->value.size);
    }
}

static void note_parameter(struct fuzz_transcript *transcript, const struct http_request *request,
                           const char *name)
{
    char value[16];
    int result = http_request_parameter(request, name, value, sizeof value);
    fuzz_note_number(transcript, (uint64_t)result);
    if (result == 0) {
        FUZZ_CHECK(strnlen(value, sizeof value) < sizeof value);
        fuzz_note_text(transcript, value, strlen(value));
    }
}

static void note_handshake(struct fuzz_transcript *transcript, const struct http_request *request)
{
    char accept[WEBSOCKET_ACCEPT_SIZE];
    const char *message = NULL;
    int status = websocket_handshake_check(request, accept, &message);
    fuzz_note_number(transcript, (uint64_t)status);
    if (status == 0) {
        FUZZ_CHECK(websocket_handshake_wanted(request) && request->method == HTTP_GET);
        FUZZ_CHECK(strnlen(accept, sizeof accept) == WEBSOCKET_ACCEPT_SIZE - 1);
        fuzz_note_text(transcript, accept, WEBSOCKET_ACCEPT_SIZE - 1);
    } else {
        FUZZ_CHECK(message != NULL);
    }
}

static void note_request(struct fuzz_transcript *transcript, const struct http_request *request)
{
    check_request(request);
    fuzz_note_number(transcript, request->method);
    note(transcript, request->method_name);
    fuzz_note_text(transcript, request->path, strlen(request->path));
    note(transcript, request->query);
    note(transcript, request->host);
    fuzz_note_number(transcript, (uint64_t)request->minor_version);
    fuzz_note_number(transcript, request->keep_alive);
    fuzz_note_number(transcript, request->expect_continue);
    fuzz_note_number(transcript, request->framing);
    fuzz_note_number(transcript, request->content_length);
    for (size_t i = 0; i < request->field_count; i++) {
        note(transcript, request->fields[i].name);
        note(transcript, request->fields[i].value);
    }
    note_parameter(transcript, request, "camera_id");
    note_parameter(transcript, request, "fps");
    note_handshake(transcript, request);
}

/* What one connection has said so far. */
struct reading {
    struct http_reader *reader;
    struct fuzz_transcript *transcript;
    struct fuzz_transcript body; /* of the request in work: its pieces depend on the cut */
    uint64_t length;             /* that the request announced; 0: none, or chunked */
    bool in_request, over;
};

static void take_event(struct reading *reading, enum http_event event, struct http_text body)
{
    const char *message = NULL;
    FUZZ_CHECK(!reading->over);
    FUZZ_CHECK(event == HTTP_ERROR || reading->in_request == (event != HTTP_REQUEST));
    switch (event) {
    case HTTP_REQUEST:
        note_request(reading->transcript, http_reader_request(reading->reader));
        reading->length = http_reader_request(reading->reader)->content_length;
        reading->in_request = true;
        break;
    case HTTP_BODY:
        FUZZ_CHECK(body.size > 0);
        fuzz_note(&reading->body, body.data, body.size);
        break;
    case HTTP_END:
        FUZZ_CHECK(reading->length == 0 || reading->length == reading->body.size);
        fuzz_note_text(reading->transcript, reading->body.bytes, reading->body.size);
        reading->body.size = 0;
        reading->in_request = false;
        break;
    default:
        fuzz_note_number(reading->transcript,
                         (uint64_t)http_reader_error(reading->reader, &message));
        fuzz_note_text(reading->transcript, message, strlen(message));
        reading->over = true;
        break;
    }
}

static void feed(struct reading *reading, const uint8_t *piece, size_t size)
{
    struct http_text body;
    enum http_event event;
    size_t used = 0, consumed;
    while (!reading->over) {
        event = http_reader_feed(reading->reader, piece + used, size - used, &consumed, &body);
        FUZZ_CHECK(body.size == 0 || (body.data >= (const char *)piece + used &&
                                      body.data + body.size <= (const char *)piece + size));
        used += consumed;
        FUZZ_CHECK(used <= size);
        if (event == HTTP_NEED_MORE) {
            FUZZ_CHECK(used == size);
            return;
        }
        take_event(reading, event, body);
    }
}

static void read_requests(struct fuzz_cutter *cutter, struct fuzz_transcript *transcript)
{
    struct reading reading = {.reader = http_reader_create(), .transcript = transcript};
    uint8_t *piece;
    size_t size;
    while ((piece = fuzz_cutter_next(cutter, &size)) != NULL) {
        feed(&reading, piece, size);
        free(piece);
    }
    fuzz_note_text(transcript, reading.body.bytes, reading.body.size);
    fuzz_note_number(transcript, http_reader_in_head(reading.reader));
    fuzz_note_number(transcript, http_reader_is_idle(reading.reader));
    fuzz_transcript_finish(&reading.body);
    http_reader_destroy(reading.reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_compare_cuts(read_requests, data, size);
    return 0;
}
