#include "broadcaster/frame_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broadcaster/base64.h"
#include "broadcaster/websocket_session.h"
#include "common/clock.h"
#include "common/frame_container.h"

#define TYPE_MEMBER "{\"type\":\"frame\","

static size_t put(uint8_t *out, const void *data, size_t size)
{
    memcpy(out, data, size);
    return size;
}

/* Seconds since 1970 with all the microseconds: a double could not hold them for much longer. */
static int frame_message_tail(const struct frame_message *message, char *out, size_t size)
{
    uint64_t us = message->frame->taken_ns / NS_PER_US;
    return snprintf(out, size, ",\"frame_count\":%" PRIu64 ",\"timestamp\":%" PRIu64 ".%06u}",
                    message->count, us / 1000000, (unsigned)(us % 1000000));
}

struct shared_bytes *frame_message_json(const struct frame_message *message)
{
    const struct posted_frame *frame = message->frame;
    struct byte_span metadata = frame->metadata;
    char begin[128], tail[96];
    static const char middle[] = "\",\"metadata\":";
    if (metadata.size == 0) {
        metadata = (struct byte_span){(const uint8_t *)"{}", 2};
    }
    size_t begin_size = (size_t)snprintf(
        begin, sizeof begin, TYPE_MEMBER "\"camera_id\":\"%s\",\"frame\":\"data:image/jpeg;base64,",
        message->camera);
    size_t tail_size = (size_t)frame_message_tail(message, tail, sizeof tail);
    size_t picture_size =
        frame->base64.size > 0 ? frame->base64.size : base64_encoded_size(frame->jpeg.size);
    size_t payload = begin_size + picture_size + sizeof middle - 1 + metadata.size + tail_size;

    uint8_t header[WEBSOCKET_HEADER_MAX];
    size_t header_size = websocket_frame_header(header, WEBSOCKET_TEXT, payload);
    struct shared_bytes *bytes = shared_bytes_create(header_size + payload);
    uint8_t *out = bytes->data;
    out += put(out, header, header_size);
    out += put(out, begin, begin_size);
    if (frame->base64.size > 0) {
        out += put(out, frame->base64.data, frame->base64.size);
    } else {
        out += base64_encode((char *)out, frame->jpeg.data, frame->jpeg.size);
    }
    out += put(out, middle, sizeof middle - 1);
    out += put(out, metadata.data, metadata.size);
    put(out, tail, tail_size);
    return bytes;
}

/* The WebSocket's and the container's. */
static size_t frame_message_headers(const struct frame_message *message, uint64_t sent_ns,
                                    uint8_t out[FRAME_MESSAGE_HEAD_MAX])
{
    const struct posted_frame *frame = message->frame;
    struct frame_container container = {
        .frame_number = frame->number,
        .generation = frame->generation,
        .captured_ns = frame->captured_ns,
        .sent_ns = sent_ns,
        .frame_count = message->count,
        .rendering = message->rendering,
        .metadata_size = (uint32_t)frame->metadata.size,
        .jpeg_size = frame->jpeg_size,
    };
    uint8_t header[FRAME_CONTAINER_HEADER_MAX];
    snprintf(container.camera, sizeof container.camera, "%s", message->camera);
    size_t header_size = frame_container_write_header(&container, header);
    size_t size = websocket_frame_header(
        out, WEBSOCKET_BINARY, header_size + container.metadata_size + container.jpeg_size);
    memcpy(out + size, header, header_size);
    return size + header_size;
}

struct shared_bytes *frame_message_binary(const struct frame_message *message, uint64_t sent_ns)
{
    const struct posted_frame *frame = message->frame;
    uint8_t head[FRAME_MESSAGE_HEAD_MAX];
    size_t head_size = frame_message_headers(message, sent_ns, head);
    struct shared_bytes *bytes =
        shared_bytes_create(head_size + frame->metadata.size + frame->jpeg_size);
    uint8_t *out = bytes->data;
    out += put(out, head, head_size);
    out += frame->metadata.size > 0 ? put(out, frame->metadata.data, frame->metadata.size) : 0;
    if (frame->jpeg.size > 0) {
        put(out, frame->jpeg.data, frame->jpeg.size);
    } else {
        /* The intake has checked it. */
        base64_decode(out, (const char *)frame->base64.data, frame->base64.size);
    }
    return bytes;
}

size_t frame_message_json_head(const struct shared_bytes *json, const char *camera_state,
                               bool stale, uint8_t head[FRAME_MESSAGE_HEAD_MAX], size_t *offset)
{
    char members[96];
    size_t size =
        (size_t)snprintf(members, sizeof members, TYPE_MEMBER "\"camera_state\":\"%s\",%s",
                         camera_state, stale ? "\"stale\":true," : "");
    /* The length field of a frame this large has two or eight bytes more. */
    size_t header_size = json->data[1] == 127 ? 10 : json->data[1] == 126 ? 4 : 2;
    *offset = header_size + sizeof TYPE_MEMBER - 1;
    size_t at = websocket_frame_header(head, WEBSOCKET_TEXT, size + json->size - *offset);
    return at + put(head + at, members, size);
}

size_t frame_message_binary_head(const struct frame_message *message, uint64_t sent_ns,
                                 uint8_t head[FRAME_MESSAGE_HEAD_MAX], size_t *offset)
{
    *offset = frame_message_headers(message, sent_ns, head);
    return *offset;
}
