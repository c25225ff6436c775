/* Cuts an MJPEG stream (multipart/x-mixed-replace) into its JPEGs: bytes in, events out; no I/O and
 * no clock. It takes what real cameras send: any boundary or none, lengths that are missing or
 * wrong, garbage between the parts, pictures cut short. However a stream is cut into pieces,
 * the events are the same.
 *
 * A part with a Content-Length is taken by it, and only the picture's headers and tail are looked
 * at. When such a picture is not whole there, or no boundary follows it, or the length has not been
 * reached for MJPEG_LENGTH_PATIENCE_NS, lengths are not believed any more: from then on this stream
 * is scanned by the JPEGs' own structure. */
#ifndef CAPTURE_MJPEG_PARSER_H
#define CAPTURE_MJPEG_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/frame_ring.h"
#include "common/jpeg_info.h"

#define MJPEG_LENGTH_PATIENCE_NS (2 * NS_PER_SECOND)

struct mjpeg_parser;

struct mjpeg_parser_handlers {
    /* A whole picture. `info` has everything but what the ring sets and captured_realtime_ns.
     * `jpeg` lies in the parser's memory and is valid during the call. */
    void (*picture)(void *arg, const struct frame_info *info, const uint8_t *jpeg);
    /* A picture was dropped. */
    void (*bad)(void *arg, enum jpeg_fault fault);
};

/* `content_type` is the stream's header, or NULL. `handlers` must outlive the parser, which must
 * not be destroyed from them. */
struct mjpeg_parser *mjpeg_parser_create(const char *content_type, size_t max_frame_bytes,
                                         const struct mjpeg_parser_handlers *handlers, void *arg);
void mjpeg_parser_destroy(struct mjpeg_parser *parser); /* NULL is allowed */

/* Takes all bytes. `now_ns` is when they arrived. */
void mjpeg_parser_feed(struct mjpeg_parser *parser, const uint8_t *data, size_t size,
                       uint64_t now_ns);

/* The stream is over: what has begun and is not whole is reported as truncated. */
void mjpeg_parser_finish(struct mjpeg_parser *parser);

/* True once pictures are cut by their structure and not by Content-Length. */
bool mjpeg_parser_is_scanning(const struct mjpeg_parser *parser);

/* In a `picture` handler: where in the stream the picture begins, in bytes. */
uint64_t mjpeg_parser_offset(const struct mjpeg_parser *parser);

#endif
