#include "capture/mjpeg_parser.h"

#include <stdlib.h>
#include <string.h>

#include "capture/mjpeg_part.h"
#include "common/memory.h"

enum {
    LINE_MAX_BYTES = 1024,   /* longer lines are neither boundary nor header */
    SLICE_BYTES = 64 * 1024, /* so much of a feed is taken in at once */
    FIRST_CAPACITY = 4 * SLICE_BYTES,
    BOUNDARY_SURE_BYTES = 6, /* a shorter boundary may occur in a picture by chance */
    FIRST_STRIDE = 256, /* the walk looks back for a boundary after so much, then twice as much */
    SOI_BYTES = 3,      /* SOI and the 0xFF that follows it */
};

/*            blank line behind a usable Content-Length
 *        TEXT ────────────────────────────────────────▶ SIZED
 *        ▲  │  ◀──────────────────────────────────────────┘
 *        │  │ SOI
 *        │  ▼
 *        SCAN
 */
enum parser_state {
    STATE_TEXT,  /* between pictures: boundaries, headers, garbage */
    STATE_SIZED, /* in a picture that is so long as its Content-Length says */
    STATE_SCAN,  /* in a picture whose end is found by its structure */
};

struct mjpeg_parser {
    const struct mjpeg_parser_handlers *handlers;
    void *arg;
    size_t max_frame_bytes;

    uint8_t *bytes; /* [begin, end) is what has not been dealt with */
    size_t capacity, begin, end;
    uint64_t begin_offset; /* place of `begin` in the stream */
    uint64_t now_ns;

    enum parser_state state;
    bool scanning;        /* lengths are not believed any more */
    bool expect_boundary; /* a picture was taken by its length: nothing but a boundary may follow */
    bool in_long_line;
    struct mjpeg_boundary boundary;
    struct mjpeg_part part;

    uint64_t captured_ns; /* arrival of the current picture's first byte; 0: not here yet */
    struct jpeg_walk walk;
    size_t walked; /* bytes of the current picture that the walk has seen */
};

/* --- the buffer --- */

static void parser_consume(struct mjpeg_parser *parser, size_t size)
{
    parser->begin += size;
    parser->begin_offset += size;
    if (parser->begin == parser->end) {
        parser->begin = parser->end = 0;
    }
}

/* Moving what is left costs less than half a capacity each time, and only happens after at least
 * half a capacity was filled: a byte is moved less than once on average. */
static void parser_make_room(struct mjpeg_parser *parser, size_t size)
{
    if (parser->capacity - parser->end >= size) {
        return;
    }
    size_t left = parser->end - parser->begin;
    if (left > 0) {
        memmove(parser->bytes, parser->bytes + parser->begin, left);
    }
    parser->begin = 0;
    parser->end = left;
    if (left + size > parser->capacity / 2) {
        parser->capacity = 2 * (left + size);
        parser->bytes = xreallocarray(parser->bytes, parser->capacity, 1);
    }
}

/* --- pictures --- */

static void parser_enter_text(struct mjpeg_parser *parser)
{
    parser->state = STATE_TEXT;
    parser->part = (struct mjpeg_part){.content_length = 0};
    parser->captured_ns = 0;
}

static void parser_report_whole(struct mjpeg_parser *parser, size_t size, uint32_t width,
                                uint32_t height)
{
    struct frame_info info = {.captured_ns = parser->captured_ns,
                              .received_ns = parser->now_ns,
                              .source_number = parser->part.source_number,
                              .source_time_ns = parser->part.source_time_ns,
                              .size = (uint32_t)size,
                              .width = width,
                              .height = height};
    parser->handlers->picture(parser->arg, &info, parser->bytes + parser->begin);
}

/* Offset of the first SOI, or `size`. Wants the 0xFF of the next marker too: two bytes alone
 * occur in any garbage. */
static size_t find_soi(const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (size - at >= SOI_BYTES) {
        const uint8_t *found = memchr(data + at, 0xFF, size - at - (SOI_BYTES - 1));
        if (found == NULL) {
            return size;
        }
        if (found[1] == 0xD8 && found[2] == 0xFF) {
            return (size_t)(found - data);
        }
        at = (size_t)(found - data) + 1;
    }
    return size;
}

/* Offset of the first boundary among the walked bytes of a picture, of which the first `searched`
 * have been searched before; 0: none, for a picture cannot begin with one. */
static size_t find_boundary(const struct mjpeg_parser *parser, size_t searched)
{
    size_t length = parser->boundary.line_size;
    if (length < BOUNDARY_SURE_BYTES) {
        return 0;
    }
    const uint8_t *picture = parser->bytes + parser->begin;
    size_t from = searched < length ? 0 : searched - (length - 1);
    const uint8_t *found =
        memmem(picture + from, parser->walked - from, parser->boundary.line, length);
    return found != NULL ? (size_t)(found - picture) : 0;
}

/* --- STATE_SIZED --- */

static bool step_sized(struct mjpeg_parser *parser)
{
    size_t size = parser->part.content_length;
    size_t available = parser->end - parser->begin;
    const uint8_t *data = parser->bytes + parser->begin;
    if (available == 0) {
        return false;
    }
    if (parser->captured_ns == 0) {
        parser->captured_ns = parser->now_ns;
    }
    if (available < size) {
        if (clock_elapsed_ns(parser->captured_ns, parser->now_ns) <= MJPEG_LENGTH_PATIENCE_NS) {
            return false;
        }
        parser->scanning = true;
        parser->state = STATE_TEXT;
        return true;
    }
    struct jpeg_info info;
    enum jpeg_fault fault = jpeg_info_read_framed(data, size, &info);
    if (fault == JPEG_WHOLE) {
        parser_report_whole(parser, info.size, info.width, info.height);
        parser_consume(parser, size);
        parser_enter_text(parser);
        parser->expect_boundary = true;
        return true;
    }
    /* The length or the picture is wrong. The same bytes again, by their structure, will tell. */
    if (find_soi(data, size) == size) {
        parser->handlers->bad(parser->arg, JPEG_NOT_JPEG);
    }
    parser->scanning = true;
    parser->state = STATE_TEXT;
    return true;
}

/* --- STATE_SCAN --- */

static void parser_enter_scan(struct mjpeg_parser *parser)
{
    parser->state = STATE_SCAN;
    parser->captured_ns = parser->captured_ns != 0 ? parser->captured_ns : parser->now_ns;
    parser->walked = 0;
    parser->in_long_line = false;
    jpeg_walk_init(&parser->walk);
}

static void parser_drop(struct mjpeg_parser *parser, enum jpeg_fault fault, size_t size)
{
    parser->handlers->bad(parser->arg, fault);
    parser_consume(parser, size);
    parser_enter_text(parser);
}

/* The walk is over, well or badly. */
static void parser_leave_scan(struct mjpeg_parser *parser, enum jpeg_walk_result result)
{
    uint32_t width, height;
    size_t walked = parser->walked;
    enum jpeg_fault fault = jpeg_walk_picture(&parser->walk, &width, &height);
    if (result == JPEG_WALK_BAD) {
        /* The last two bytes may be the next SOI; the walk has seen four at least. */
        parser_drop(parser, fault, walked - 2);
    } else if (fault != JPEG_WHOLE) {
        parser_drop(parser, fault, walked);
    } else {
        parser_report_whole(parser, walked, width, height);
        parser_consume(parser, walked);
        parser_enter_text(parser);
    }
}

/* A length in a damaged picture can lead the walk across a boundary and into the pictures behind
 * it. So boundaries are looked for as the walk goes on, in strides: what has been walked in vain is
 * then in proportion to what is dropped, whatever a camera sends. */
static bool step_scan(struct mjpeg_parser *parser)
{
    size_t available = parser->end - parser->begin;
    size_t limit = available < parser->max_frame_bytes ? available : parser->max_frame_bytes;
    size_t searched = parser->walked, left = limit - searched, taken;
    size_t stride = searched > FIRST_STRIDE ? searched : FIRST_STRIDE;
    enum jpeg_walk_result result =
        jpeg_walk_feed(&parser->walk, parser->bytes + parser->begin + searched,
                       left < stride ? left : stride, &taken);
    parser->walked += taken;
    size_t boundary = find_boundary(parser, searched);
    if (boundary > 0) {
        parser_drop(parser, JPEG_TRUNCATED, boundary);
        return true;
    }
    if (result != JPEG_WALK_MORE) {
        parser_leave_scan(parser, result);
        return true;
    }
    if (parser->walked == parser->max_frame_bytes) {
        parser_drop(parser, JPEG_TOO_LARGE, parser->walked);
        return true;
    }
    return left > stride;
}

/* --- STATE_TEXT --- */

/* Something stands where only a boundary may: the length of the last part was wrong. */
static void parser_miss_boundary(struct mjpeg_parser *parser)
{
    if (parser->expect_boundary) {
        parser->expect_boundary = false;
        parser->scanning = true;
    }
}

static void parser_take_line(struct mjpeg_parser *parser, const char *line, size_t size)
{
    while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == '\n')) {
        size--;
    }
    if (size == 0) {
        if (parser->part.content_length > 0 && !parser->scanning) {
            parser->state = STATE_SIZED;
        }
        return;
    }
    if (mjpeg_boundary_matches(&parser->boundary, line, size)) {
        parser->expect_boundary = false;
        parser_enter_text(parser);
        return;
    }
    parser_miss_boundary(parser);
    mjpeg_part_take_line(&parser->part, line, size);
    if (parser->part.content_length > parser->max_frame_bytes) {
        /* Whether the picture is too large, or its length a lie, shows when it is scanned. */
        parser->part.content_length = 0;
        parser->scanning = true;
    }
}

/* Looks at no more than a line at a time, however much there is: many short steps through a large
 * buffer must not each go through the whole of it. */
static bool step_text(struct mjpeg_parser *parser)
{
    size_t available = parser->end - parser->begin;
    size_t window = available < LINE_MAX_BYTES + 1 ? available : LINE_MAX_BYTES + 1;
    const uint8_t *data = parser->bytes + parser->begin;
    const uint8_t *newline = window > 0 ? memchr(data, '\n', window) : NULL;
    size_t size = newline != NULL ? (size_t)(newline - data) + 1 : window;
    size_t soi = find_soi(data, size);
    if (soi < size) {
        parser_miss_boundary(parser);
        parser_consume(parser, soi);
        parser_enter_scan(parser);
        return true;
    }
    if (newline != NULL) {
        if (parser->in_long_line) {
            parser_miss_boundary(parser);
        } else {
            parser_take_line(parser, (const char *)data, size);
        }
        parser->in_long_line = false;
        parser_consume(parser, size);
        return true;
    }
    if (window > LINE_MAX_BYTES) {
        /* Not kept, but for what may be the beginning of SOI. */
        parser->in_long_line = true;
        parser_consume(parser, window - (SOI_BYTES - 1));
        return true;
    }
    return false;
}

/* --- the face --- */

static void parser_run(struct mjpeg_parser *parser)
{
    bool again = true;
    while (again) {
        switch (parser->state) {
        case STATE_TEXT:
            again = step_text(parser);
            break;
        case STATE_SIZED:
            again = step_sized(parser);
            break;
        case STATE_SCAN:
            again = step_scan(parser);
            break;
        }
    }
}

struct mjpeg_parser *mjpeg_parser_create(const char *content_type, size_t max_frame_bytes,
                                         const struct mjpeg_parser_handlers *handlers, void *arg)
{
    struct mjpeg_parser *parser = xcalloc(1, sizeof *parser);
    parser->handlers = handlers;
    parser->arg = arg;
    parser->max_frame_bytes = max_frame_bytes;
    parser->capacity = FIRST_CAPACITY;
    parser->bytes = xmalloc(parser->capacity);
    parser_enter_text(parser);
    mjpeg_boundary_init(&parser->boundary, content_type);
    return parser;
}

void mjpeg_parser_destroy(struct mjpeg_parser *parser)
{
    if (parser != NULL) {
        free(parser->bytes);
        free(parser);
    }
}

void mjpeg_parser_feed(struct mjpeg_parser *parser, const uint8_t *data, size_t size,
                       uint64_t now_ns)
{
    parser->now_ns = now_ns;
    while (size > 0) {
        size_t slice = size < SLICE_BYTES ? size : SLICE_BYTES;
        parser_make_room(parser, slice);
        memcpy(parser->bytes + parser->end, data, slice);
        parser->end += slice;
        parser_run(parser);
        data += slice;
        size -= slice;
    }
}

void mjpeg_parser_finish(struct mjpeg_parser *parser)
{
    if (parser->state == STATE_SIZED) {
        /* The length was never reached; there may be whole pictures in what came. */
        parser->scanning = true;
        parser->state = STATE_TEXT;
        parser_run(parser);
    }
    if (parser->state == STATE_SCAN) {
        parser_drop(parser, JPEG_TRUNCATED, parser->end - parser->begin);
    }
}

bool mjpeg_parser_is_scanning(const struct mjpeg_parser *parser)
{
    return parser->scanning || parser->state == STATE_SCAN;
}

uint64_t mjpeg_parser_offset(const struct mjpeg_parser *parser)
{
    return parser->begin_offset;
}
