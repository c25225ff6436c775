#include "broadcaster/protocol/websocket_reader.h"

#include <stdlib.h>
#include <string.h>

#include "broadcaster/text/utf8.h"
#include "common/memory.h"

#define WEBSOCKET_CONTROL_MAX 125
#define WEBSOCKET_HEAD_MAX    14 /* 2, length 0, 2 or 8, mask 4 */
#define WEBSOCKET_FIRST_ROOM  1024

/* Nothing is allocated beside it while its peer is silent. */
struct websocket_reader {
    size_t limit;
    struct memory_budget *budget; /* NULL: none */
    /* The frame. */
    uint8_t head[WEBSOCKET_HEAD_MAX];
    uint8_t head_size; /* received so far */
    uint8_t mask[4];
    bool in_payload;
    bool over;        /* closed or failed: the rest is thrown away */
    uint64_t left;    /* of the payload */
    uint64_t mask_at; /* payload bytes unmasked so far: where the mask stands */
    uint8_t *control; /* payload of a control frame; NULL: nothing received yet */
    uint8_t control_size;
    /* The message; opcode 0: none is open. */
    enum websocket_opcode opcode;
    struct utf8 utf8;
    uint8_t *message; /* NULL: nothing received yet */
    size_t size, room;
};

struct websocket_reader *websocket_reader_create(size_t message_limit, struct memory_budget *budget)
{
    struct websocket_reader *reader = xcalloc(1, sizeof *reader);
    reader->limit = message_limit;
    reader->budget = budget;
    return reader;
}

static void websocket_drop_control(struct websocket_reader *reader)
{
    free(reader->control);
    reader->control = NULL;
    reader->control_size = 0;
}

static void websocket_drop_message(struct websocket_reader *reader)
{
    if (reader->budget != NULL) {
        memory_budget_return(reader->budget, reader->room);
    }
    free(reader->message);
    reader->message = NULL;
    reader->size = reader->room = 0;
}

void websocket_reader_destroy(struct websocket_reader *reader)
{
    if (reader != NULL) {
        websocket_drop_control(reader);
        websocket_drop_message(reader);
        free(reader);
    }
}

static bool websocket_frame_is_final(const struct websocket_reader *reader)
{
    return (reader->head[0] & 0x80) != 0;
}

static enum websocket_opcode websocket_frame_opcode(const struct websocket_reader *reader)
{
    return (enum websocket_opcode)(reader->head[0] & 0x0f);
}

static bool websocket_opcode_is_control(enum websocket_opcode opcode)
{
    return (opcode & 0x08) != 0;
}

static void websocket_fail(struct websocket_reader *reader, struct websocket_result *result,
                           uint16_t close_code, const char *reason)
{
    websocket_drop_message(reader);
    reader->over = true;
    result->event = WEBSOCKET_FAILED;
    result->close_code = close_code;
    result->reason = reason;
}

/* --- the head of a frame --- */

/* Bytes that the head has in all, as far as the two first ones tell. */
static size_t websocket_head_length(const struct websocket_reader *reader)
{
    if (reader->head_size < 2) {
        return 2;
    }
    uint8_t length = reader->head[1] & 0x7f;
    return 2 + (length == 126 ? 2u : length == 127 ? 8u : 0u) + 4;
}

/* What the first two bytes alone tell to be wrong; NULL: nothing. */
static const char *websocket_head_mistake(const struct websocket_reader *reader)
{
    enum websocket_opcode opcode = websocket_frame_opcode(reader);
    if ((reader->head[0] & 0x70) != 0) {
        return "a reserved bit is set";
    }
    if ((opcode > WEBSOCKET_BINARY && opcode < WEBSOCKET_CLOSE) || opcode > WEBSOCKET_PONG) {
        return "the opcode is reserved";
    }
    if ((reader->head[1] & 0x80) == 0) {
        return "a client's frames have to be masked";
    }
    if (websocket_opcode_is_control(opcode)) {
        if (!websocket_frame_is_final(reader)) {
            return "a control frame is fragmented";
        }
        return (reader->head[1] & 0x7f) > WEBSOCKET_CONTROL_MAX ? "a control frame is too long"
                                                                : NULL;
    }
    if (opcode == WEBSOCKET_CONTINUATION) {
        return reader->opcode == 0 ? "nothing is there to be continued" : NULL;
    }
    return reader->opcode != 0 ? "a message begins inside another" : NULL;
}

static uint64_t websocket_number(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* The head is complete. False: it failed. */
static bool websocket_frame_begin(struct websocket_reader *reader, struct websocket_result *result)
{
    size_t wide = websocket_head_length(reader) - 6;
    uint64_t length = wide == 0 ? reader->head[1] & 0x7f : websocket_number(reader->head + 2, wide);
    if ((wide == 2 && length < 126) || (wide == 8 && (length <= 0xffff || length >> 63 != 0))) {
        websocket_fail(reader, result, WEBSOCKET_CLOSE_PROTOCOL,
                       "a length is not written in the shortest form");
        return false;
    }
    enum websocket_opcode opcode = websocket_frame_opcode(reader);
    if (!websocket_opcode_is_control(opcode) && length > reader->limit - reader->size) {
        websocket_fail(reader, result, WEBSOCKET_CLOSE_TOO_LARGE, "the message is too large");
        return false;
    }
    if (opcode == WEBSOCKET_TEXT || opcode == WEBSOCKET_BINARY) {
        reader->opcode = opcode;
        reader->utf8 = (struct utf8){0};
    }
    memcpy(reader->mask, reader->head + 2 + wide, sizeof reader->mask);
    reader->left = length;
    reader->mask_at = 0;
    reader->in_payload = true;
    return true;
}

/* Takes bytes of the head; false when it failed. */
static bool websocket_take_head(struct websocket_reader *reader, const uint8_t *data, size_t size,
                                size_t *used, struct websocket_result *result)
{
    size_t had = reader->head_size;
    size_t wanted = websocket_head_length(reader) - had;
    *used = size < wanted ? size : wanted;
    memcpy(reader->head + had, data, *used);
    reader->head_size = (uint8_t)(had + *used);
    if (had < 2 && reader->head_size == 2) {
        const char *mistake = websocket_head_mistake(reader);
        if (mistake != NULL) {
            websocket_fail(reader, result, WEBSOCKET_CLOSE_PROTOCOL, mistake);
            return false;
        }
    }
    return reader->head_size < websocket_head_length(reader) ||
           websocket_frame_begin(reader, result);
}

/* --- payload --- */

/* The mask is turned so that it begins where it stands, and then goes on in words. */
static void websocket_unmask(struct websocket_reader *reader, uint8_t *out, const uint8_t *in,
                             size_t size)
{
    uint8_t turned[8];
    for (size_t i = 0; i < sizeof turned; i++) {
        turned[i] = reader->mask[(reader->mask_at + i) & 3];
    }
    uint64_t mask, word;
    memcpy(&mask, turned, sizeof mask);
    size_t i = 0;
    for (; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, in + i, sizeof word);
        word ^= mask;
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < size; i++) {
        out[i] = in[i] ^ turned[i & 7];
    }
    reader->mask_at += size;
}

/* Room grows with what has arrived, not with what was announced: a frame's head costs its sender
 * nothing. False: the budget has none left. */
static bool websocket_reserve(struct websocket_reader *reader, size_t size)
{
    if (reader->size + size <= reader->room) {
        return true;
    }
    size_t room = reader->room > 0 ? reader->room * 2 : WEBSOCKET_FIRST_ROOM;
    size_t announced = reader->size + (size_t)reader->left;
    room = room < reader->size + size ? reader->size + size : room;
    if (websocket_frame_is_final(reader) && room > announced) {
        room = announced;
    }
    if (reader->budget != NULL && !memory_budget_take(reader->budget, room - reader->room)) {
        return false;
    }
    reader->message = xreallocarray(reader->message, room, sizeof(uint8_t));
    reader->room = room;
    return true;
}

/* Takes bytes of the payload; false when it failed. */
static bool websocket_take_payload(struct websocket_reader *reader, const uint8_t *data,
                                   size_t size, size_t *used, struct websocket_result *result)
{
    *used = size < reader->left ? size : (size_t)reader->left;
    if (*used == 0) {
        return true;
    }
    if (websocket_opcode_is_control(websocket_frame_opcode(reader))) {
        if (reader->control == NULL) {
            reader->control = xmalloc((size_t)reader->left);
        }
        websocket_unmask(reader, reader->control + reader->control_size, data, *used);
        reader->control_size = (uint8_t)(reader->control_size + *used);
        reader->left -= *used;
        return true;
    }
    if (!websocket_reserve(reader, *used)) {
        websocket_fail(reader, result, WEBSOCKET_CLOSE_TRY_LATER,
                       "too many messages are being received, try again");
        return false;
    }
    uint8_t *out = reader->message + reader->size;
    websocket_unmask(reader, out, data, *used);
    reader->size += *used;
    reader->left -= *used;
    if (reader->opcode == WEBSOCKET_TEXT && !utf8_check(&reader->utf8, out, *used)) {
        websocket_fail(reader, result, WEBSOCKET_CLOSE_BAD_TEXT, "a text message is not UTF-8");
        return false;
    }
    return true;
}

/* --- the end of a frame --- */

static bool websocket_close_code_valid(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static void websocket_got_close(struct websocket_reader *reader, struct websocket_result *result)
{
    uint16_t code = WEBSOCKET_CLOSE_NO_CODE;
    struct utf8 utf8 = {0};
    if (reader->control_size == 1) {
        websocket_fail(reader, result, WEBSOCKET_CLOSE_PROTOCOL, "a close frame has half a code");
        return;
    }
    if (reader->control_size >= 2) {
        code = (uint16_t)websocket_number(reader->control, 2);
        if (!websocket_close_code_valid(code)) {
            websocket_fail(reader, result, WEBSOCKET_CLOSE_PROTOCOL,
                           "a close code may not be sent");
            return;
        }
        if (!utf8_check(&utf8, reader->control + 2, reader->control_size - 2u) ||
            !utf8_complete(&utf8)) {
            websocket_fail(reader, result, WEBSOCKET_CLOSE_BAD_TEXT, "a close reason is not UTF-8");
            return;
        }
    }
    websocket_drop_message(reader);
    reader->over = true;
    result->event = WEBSOCKET_GOT_CLOSE;
    result->close_code = code;
    if (reader->control_size > 2) {
        result->data = reader->control + 2;
        result->size = reader->control_size - 2u;
    }
}

/* Of an empty message too there is something to point to. */
static const uint8_t *websocket_payload(const uint8_t *bytes)
{
    return bytes != NULL ? bytes : (const uint8_t *)"";
}

static void websocket_frame_end(struct websocket_reader *reader, struct websocket_result *result)
{
    enum websocket_opcode opcode = websocket_frame_opcode(reader);
    reader->head_size = 0;
    reader->in_payload = false;
    if (opcode == WEBSOCKET_CLOSE) {
        websocket_got_close(reader, result);
        return;
    }
    if (websocket_opcode_is_control(opcode)) {
        result->event = opcode == WEBSOCKET_PING ? WEBSOCKET_GOT_PING : WEBSOCKET_GOT_PONG;
        result->data = websocket_payload(reader->control);
        result->size = reader->control_size;
        return;
    }
    if (!websocket_frame_is_final(reader)) {
        return;
    }
    if (reader->opcode == WEBSOCKET_TEXT && !utf8_complete(&reader->utf8)) {
        websocket_fail(reader, result, WEBSOCKET_CLOSE_BAD_TEXT,
                       "a text message ends inside a character");
        return;
    }
    result->event = WEBSOCKET_MESSAGE;
    result->opcode = reader->opcode;
    result->data = websocket_payload(reader->message);
    result->size = reader->size;
    reader->opcode = 0;
}

void websocket_reader_feed(struct websocket_reader *reader, const uint8_t *data, size_t size,
                           size_t *consumed, struct websocket_result *result)
{
    *result = (struct websocket_result){.event = WEBSOCKET_NEED_MORE};
    *consumed = 0;
    /* What the last call handed out goes. */
    if (!reader->in_payload) {
        websocket_drop_control(reader);
    }
    if (reader->opcode == 0) {
        websocket_drop_message(reader);
    }
    while (*consumed < size && !reader->over) {
        size_t used = 0;
        const uint8_t *rest = data + *consumed;
        size_t left = size - *consumed;
        bool good = reader->in_payload ? websocket_take_payload(reader, rest, left, &used, result)
                                       : websocket_take_head(reader, rest, left, &used, result);
        *consumed += used;
        if (good && reader->in_payload && reader->left == 0) {
            websocket_frame_end(reader, result);
        }
        if (result->event != WEBSOCKET_NEED_MORE) {
            return;
        }
    }
    if (reader->over) {
        *consumed = size;
    }
}

bool websocket_reader_in_message(const struct websocket_reader *reader)
{
    return reader->opcode != 0 || reader->head_size > 0;
}
