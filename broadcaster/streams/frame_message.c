#include "broadcaster/streams/frame_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broadcaster/protocol/websocket_session.h"
#include "broadcaster/text/base64.h"
#include "common/clock.h"
#include "common/frame_container.h"

#define TYPE_MEMBER "{\"type\":\"frame\","

static size_t put(uint8_t *out, const void *data, size_t size)
{
    memcpy(out, data, size);
    return size;
}

static size_t put_span(uint8_t *out, struct byte_span span)
{
    return span.size > 0 ? put(out, span.data, span.size) : 0;
}

static struct byte_span span_of(const char *text, int size)
{
    return (struct byte_span){(const uint8_t *)text, (size_t)size};
}

static struct byte_span span_of_metadata(const struct posted_frame *frame)
{
    return frame->metadata.size > 0 ? frame->metadata : span_of("{}", 2);
}

/* --- the picture in both its forms --- */

static size_t base64_size(const struct posted_frame *frame)
{
    return frame->base64.size > 0 ? frame->base64.size : base64_encoded_size(frame->jpeg.size);
}

static size_t put_base64(uint8_t *out, const struct posted_frame *frame)
{
    return frame->base64.size > 0 ? put_span(out, frame->base64)
                                  : base64_encode((char *)out, frame->jpeg.data, frame->jpeg.size);
}

static size_t put_jpeg(uint8_t *out, const struct posted_frame *frame)
{
    if (frame->jpeg.size > 0) {
        return put_span(out, frame->jpeg);
    }
    /* The intake has checked it. */
    base64_decode(out, (const char *)frame->base64.data, frame->base64.size);
    return frame->jpeg_size;
}

/* --- text --- */

/* One text message: `begin`, the picture as base64 (NULL: none), and three pieces behind it. */
static struct shared_bytes *text_message(struct byte_span begin, const struct posted_frame *picture,
                                         const struct byte_span rest[3])
{
    size_t payload = begin.size + (picture != NULL ? base64_size(picture) : 0) + rest[0].size +
                     rest[1].size + rest[2].size;
    uint8_t header[WEBSOCKET_HEADER_MAX];
    size_t header_size = websocket_frame_header(header, WEBSOCKET_TEXT, payload);
    struct shared_bytes *bytes = shared_bytes_create(header_size + payload);
    uint8_t *out = bytes->data;
    out += put(out, header, header_size);
    out += put_span(out, begin);
    out += picture != NULL ? put_base64(out, picture) : 0;
    for (size_t i = 0; i < 3; i++) {
        out += put_span(out, rest[i]);
    }
    return bytes;
}

static struct shared_bytes *viewer_json(const struct frame_message *message)
{
    char begin[160], end[96];
    int begin_size =
        snprintf(begin, sizeof begin,
                 TYPE_MEMBER "%s\"camera_id\":\"%s\",\"frame\":\"data:image/jpeg;base64,",
                 message->raw ? "\"kind\":\"raw\"," : "", message->camera);
    /* Seconds with all the microseconds: a double could not hold them for much longer. */
    uint64_t us = message->frame->taken_ns / NS_PER_US;
    int end_size =
        snprintf(end, sizeof end, ",\"frame_count\":%" PRIu64 ",\"timestamp\":%" PRIu64 ".%06u}",
                 message->count, us / 1000000, (unsigned)(us % 1000000));
    static const char middle[] = "\",\"metadata\":";
    return text_message(span_of(begin, begin_size), message->frame,
                        (struct byte_span[]){span_of(middle, sizeof middle - 1),
                                             span_of_metadata(message->frame),
                                             span_of(end, end_size)});
}

static struct shared_bytes *stream_json(const struct frame_message *message)
{
    static const char begin[] = TYPE_MEMBER "\"data\":\"";
    return text_message(span_of(begin, sizeof begin - 1), message->frame,
                        (struct byte_span[3]){span_of("\"}", 2)});
}

/* The generation is text: numbers of JavaScript end at 2^53. */
static struct shared_bytes *detections_json(const struct frame_message *message)
{
    char begin[256];
    int size = snprintf(begin, sizeof begin,
                        "{\"type\":\"detections\",\"camera_id\":\"%s\",\"generation\":\"%" PRIu64
                        "\",\"frame_number\":%" PRIu64 ",\"metadata\":",
                        message->camera, message->frame->generation, message->frame->number);
    return text_message(span_of(begin, size), NULL,
                        (struct byte_span[3]){span_of_metadata(message->frame), span_of("}", 1)});
}

/* --- bytes --- */

/* The WebSocket's header and the container's. */
static size_t binary_headers(const struct frame_message *message, uint64_t sent_ns,
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
        .flags = message->raw ? FRAME_CONTAINER_RAW : 0,
    };
    uint8_t header[FRAME_CONTAINER_HEADER_MAX];
    snprintf(container.camera, sizeof container.camera, "%s", message->camera);
    size_t header_size = frame_container_write_header(&container, header);
    size_t size = websocket_frame_header(
        out, WEBSOCKET_BINARY, header_size + container.metadata_size + container.jpeg_size);
    memcpy(out + size, header, header_size);
    return size + header_size;
}

static struct shared_bytes *binary_message(const struct frame_message *message, uint64_t sent_ns)
{
    const struct posted_frame *frame = message->frame;
    uint8_t head[FRAME_MESSAGE_HEAD_MAX];
    size_t head_size = binary_headers(message, sent_ns, head);
    struct shared_bytes *bytes =
        shared_bytes_create(head_size + frame->metadata.size + frame->jpeg_size);
    uint8_t *out = bytes->data;
    out += put(out, head, head_size);
    out += put_span(out, frame->metadata);
    put_jpeg(out, frame);
    return bytes;
}

/* It ends with the boundary of the next part: browsers show a picture when they see what follows
 * it, and that would be one frame late. The first boundary stands behind the head of the answer. */
static struct shared_bytes *mjpeg_part(const struct frame_message *message)
{
    const struct posted_frame *frame = message->frame;
    char head[160];
    size_t head_size = (size_t)snprintf(head, sizeof head,
                                        "Content-Type: image/jpeg\r\nContent-Length: %" PRIu32
                                        "\r\nX-Timestamp: %" PRIu64 ".%06u\r\n\r\n",
                                        frame->jpeg_size, frame->captured_ns / NS_PER_SECOND,
                                        (unsigned)(frame->captured_ns % NS_PER_SECOND / NS_PER_US));
    static const char end[] = "\r\n" FRAME_MESSAGE_BOUNDARY;
    struct shared_bytes *bytes = shared_bytes_create(head_size + frame->jpeg_size + sizeof end - 1);
    uint8_t *out = bytes->data;
    out += put(out, head, head_size);
    out += put_jpeg(out, frame);
    put(out, end, sizeof end - 1);
    return bytes;
}

/* --- the interface --- */

struct shared_bytes *frame_message_build(const struct frame_message *message,
                                         enum wire_format format, uint64_t sent_ns)
{
    switch (format) {
    case WIRE_STREAM_JSON:
        return stream_json(message);
    case WIRE_BINARY:
        return binary_message(message, sent_ns);
    case WIRE_MJPEG:
        return mjpeg_part(message);
    case WIRE_DETECTIONS:
        return detections_json(message);
    case WIRE_VIEWER_JSON:
    case WIRE_FORMATS:
        break;
    }
    return viewer_json(message);
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
    *offset = binary_headers(message, sent_ns, head);
    return *offset;
}
