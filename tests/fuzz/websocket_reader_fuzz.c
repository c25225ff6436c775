/* What a client says behind the WebSocket handshake. However it is cut, the events are the same;
 * messages keep to the limit, text is UTF-8, and nothing comes behind the end. */
#include "broadcaster/protocol/websocket_reader.h"

#include <jansson.h>

#include "tests/fuzz/fuzz.h"

#define LIMIT 70000 /* above 65535: the longest form of a length is legal too */

/* jansson knows UTF-8 by code of its own. */
static bool is_utf8(const uint8_t *data, size_t size)
{
    json_t *text = json_stringn(size > 0 ? (const char *)data : "", size);
    bool good = text != NULL;
    json_decref(text);
    return good;
}

static void note_result(struct fuzz_transcript *transcript, const struct websocket_result *result)
{
    bool message = result->event == WEBSOCKET_MESSAGE;
    bool failed = result->event == WEBSOCKET_FAILED;
    FUZZ_CHECK(result->size <= (message ? LIMIT : 125));
    FUZZ_CHECK(!message || result->opcode == WEBSOCKET_TEXT || result->opcode == WEBSOCKET_BINARY);
    FUZZ_CHECK(!message || result->opcode != WEBSOCKET_TEXT || is_utf8(result->data, result->size));
    FUZZ_CHECK(failed == (result->reason != NULL));
    FUZZ_CHECK(!failed || result->close_code == 1002 || result->close_code == 1007 ||
               result->close_code == 1009);
    FUZZ_CHECK(result->event != WEBSOCKET_GOT_CLOSE ||
               (result->close_code >= 1000 && result->close_code < 5000 &&
                is_utf8(result->data, result->size)));
    fuzz_note_number(transcript, result->event);
    fuzz_note_number(transcript, message ? result->opcode : 0);
    fuzz_note_number(transcript, result->close_code);
    fuzz_note_text(transcript, result->data, result->size);
    if (failed) {
        fuzz_note_text(transcript, result->reason, strlen(result->reason));
    }
}

static void feed(struct websocket_reader *reader, const uint8_t *piece, size_t size, bool *over,
                 struct fuzz_transcript *transcript)
{
    struct websocket_result result;
    size_t used = 0, consumed;
    do {
        websocket_reader_feed(reader, piece + used, size - used, &consumed, &result);
        used += consumed;
        FUZZ_CHECK(used <= size);
        if (result.event != WEBSOCKET_NEED_MORE) {
            FUZZ_CHECK(!*over);
            note_result(transcript, &result);
        }
        *over = *over || result.event == WEBSOCKET_GOT_CLOSE || result.event == WEBSOCKET_FAILED;
    } while (result.event != WEBSOCKET_NEED_MORE);
    FUZZ_CHECK(used == size);
}

static void read_frames(struct fuzz_cutter *cutter, struct fuzz_transcript *transcript)
{
    struct memory_budget budget = {.limit = 4 * LIMIT}; /* more than one reader may hold */
    struct websocket_reader *reader = websocket_reader_create(LIMIT, &budget);
    bool over = false;
    uint8_t *piece;
    size_t size;
    while ((piece = fuzz_cutter_next(cutter, &size)) != NULL) {
        feed(reader, piece, size, &over, transcript);
        free(piece);
    }
    fuzz_note_number(transcript, over || websocket_reader_in_message(reader));
    FUZZ_CHECK(budget.used <= 2 * LIMIT);
    websocket_reader_destroy(reader);
    FUZZ_CHECK(budget.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_compare_cuts(read_frames, data, size);
    return 0;
}
