/* The MJPEG parser: every kind of stream that cameras send, each in one piece, split at every byte,
 * byte by byte and in random pieces. The events must always be the same. */
#include "capture/mjpeg_parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/memory.h"

/* --- pictures: 40 bytes, told apart by their width --- */

#define SOI        "\xff\xd8"
#define EOI        "\xff\xd9"
#define SOF(width) "\xff\xc0\x00\x0b\x08\x00\x10\x00" width "\x01\x01\x11\x00"
#define SOS        "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
#define SCAN       "\x12\x34\xff\x00\x56\xff\xd0\x78\xff\x00\xff\xd7\x9a"
#define PICTURE(w)                                                                                 \
    SOI SOF(w)                                                                                     \
    SOS SCAN EOI
#define P1 PICTURE("\x01")
#define P2 PICTURE("\x02")
#define P3 PICTURE("\x03")
#define L  "40"

/* 196 bytes: longer than the tail in which EOI is looked for. */
#define SCAN_LONG SCAN SCAN SCAN SCAN SCAN SCAN SCAN SCAN SCAN SCAN SCAN SCAN SCAN
#define LONG(w)                                                                                    \
    SOI SOF(w)                                                                                     \
    SOS SCAN_LONG EOI
#define LL "196"

/* An embedded thumbnail: a whole picture in a segment. */
#define THUMBNAIL    "\xff\xe1\x00\x2a" PICTURE("\x7f")
#define WITH_THUMB   SOI THUMBNAIL SOF("\x04") SOS SCAN EOI
#define NO_FRAME     SOI SOS SCAN EOI
#define BAD_SIZE     PICTURE("\x00")
#define TRUNCATED    SOI SOF("\x05") SOS SCAN SCAN
#define CORRUPT      SOI "\xff\xe0\x00\x01" SOF("\x05") SOS SCAN EOI
#define CORRUPT_SCAN SOI SOF("\x05") SOS SCAN "\xff\x42" SCAN EOI

_Static_assert(sizeof(P1) - 1 == 40, "L says so");
_Static_assert(sizeof(LONG("\x01")) - 1 == 196, "LL says so");

/* --- parts --- */

#define MULTIPART "multipart/x-mixed-replace;boundary="
#define B         "--frame-7x\r\n"
#define BARE      "Content-Type: image/jpeg\r\n\r\n"
#define LENGTH(n) "Content-Type: image/jpeg\r\nContent-Length: " n "\r\n\r\n"
#define END       "\r\n"

#define GARBAGE_400 GARBAGE_100 GARBAGE_100 GARBAGE_100 GARBAGE_100
#define GARBAGE_100                                                                                \
    "0123456789abcdefghi\xff\xd8"                                                                  \
    "klmnopqrstuv\xff\x00wxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij"

#define LIMIT 300 /* max_frame_bytes */

struct stream {
    const char *name;
    const char *content_type;
    const char *bytes;
    size_t size;
    const char *events;
    bool scanning; /* at the end: a length was found wrong */
};

#define STREAM(name, content_type, bytes, events, scanning)                                        \
    {                                                                                              \
        name, content_type, bytes, sizeof(bytes) - 1, events, scanning                             \
    }
/* No length was found wrong; one was. */
#define BELIEVED(name, type, bytes, events) STREAM(name, type, bytes, events, false)
#define DOUBTED(name, type, bytes, events)  STREAM(name, type, bytes, events, true)

static const struct stream streams[] = {
    /* boundaries */
    BELIEVED("unquoted", MULTIPART "frame-7x", B LENGTH(L) P1 END B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("quoted", "multipart/x-mixed-replace; boundary=\"frame-7x\"",
             B LENGTH(L) P1 END B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("dashes in the parameter", MULTIPART "--frame-7x",
             B LENGTH(L) P1 END B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("dashes doubled in the stream", MULTIPART "--frame-7x",
             "--" B LENGTH(L) P1 END "--" B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("no dashes in the stream", MULTIPART "frame-7x",
             "frame-7x\r\n" LENGTH(L) P1 END "frame-7x\r\n" LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("missing parameter", "multipart/x-mixed-replace",
             B LENGTH(L) P1 END B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("no Content-Type at all", NULL, B LENGTH(L) P1 END B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("another than declared", MULTIPART "else", B LENGTH(L) P1 END B LENGTH(L) P2 END,
             "1:40 2:40 "),
    BELIEVED("a line with dashes before the declared one", MULTIPART "frame-7x",
             "-- hello --\r\n" B LENGTH(L) P1 END B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("boundary behind the part", MULTIPART "frame-7x",
             LENGTH(L) P1 END B LENGTH(L) P2 END B, "1:40 2:40 "),
    BELIEVED("CRLF before each boundary", MULTIPART "frame-7x",
             END B LENGTH(L) P1 END B LENGTH(L) P2 END B, "1:40 2:40 "),
    BELIEVED("no CRLF before the boundary", MULTIPART "frame-7x", B LENGTH(L) P1 B LENGTH(L) P2 B,
             "1:40 2:40 "),
    BELIEVED("closing boundary", MULTIPART "frame-7x", B LENGTH(L) P1 END "--frame-7x--\r\n",
             "1:40 "),
    BELIEVED("LF only", MULTIPART "frame-7x",
             "--frame-7x\nContent-Length: 40\n\n" P1 "\n--frame-7x\nContent-Length: 40\n\n" P2 "\n",
             "1:40 2:40 "),
    /* headers */
    BELIEVED("numbers and times", MULTIPART "frame-7x",
             B "X-Frame-Number: 17\r\nX-Timestamp: 12.345678\r\n" LENGTH(L) P1 END B
             "x-timestamp:7\r\nX-FRAME-NUMBER : 18 \r\n" LENGTH(L) P2 END B LENGTH(L) P3,
             "1:40#17@12345678000 2:40#18@7000000000 3:40 "),
    BELIEVED("numbers that are none", MULTIPART "frame-7x",
             B "X-Frame-Number: -1\r\nX-Timestamp: 1.2.3\r\n" LENGTH(L) P1 END B
             "X-Frame-Number: 99999999999999999999\r\nX-Timestamp: 99999999999\r\n" LENGTH(L)
                 P2 END,
             "1:40 2:40 "),
    BELIEVED("more digits than ns", MULTIPART "frame-7x",
             B "X-Timestamp: 1.0000000019\r\n" LENGTH(L) P1 END, "1:40@1000000001 "),
    BELIEVED("number without a length", MULTIPART "frame-7x",
             B "X-Frame-Number: 9\r\n" BARE P1 END B BARE P2, "1:40#9 2:40 "),
    BELIEVED("no blank space, no type", MULTIPART "frame-7x",
             B "content-length:40\r\n\r\n" P1 END B "CONTENT-LENGTH:  40  \r\n\r\n" P2 END,
             "1:40 2:40 "),
    BELIEVED("an empty part", MULTIPART "frame-7x", B LENGTH("0") END B LENGTH(L) P1 END B,
             "1:40 "),
    BELIEVED("padding counted in", MULTIPART "frame-7x",
             B LENGTH("44") P1 "\0\0\0\0" END B LENGTH(L) P2 END, "1:40 2:40 "),
    BELIEVED("thumbnail, sized", MULTIPART "frame-7x",
             B LENGTH("84") WITH_THUMB END B LENGTH(L) P1 END, "4:84 1:40 "),
    /* no lengths */
    BELIEVED("no lengths", MULTIPART "frame-7x", B BARE P1 END B BARE P2 END B BARE P3,
             "1:40 2:40 3:40 "),
    BELIEVED("thumbnail, scanned", MULTIPART "frame-7x", B BARE WITH_THUMB END B BARE P1,
             "4:84 1:40 "),
    BELIEVED("nothing but pictures", NULL, P1 P2 P3, "1:40 2:40 3:40 "),
    DOUBTED("headers without boundaries", NULL, LENGTH(L) P1 LENGTH(L) P2 LENGTH(L) P3,
            "1:40 2:40 3:40 "),
    BELIEVED("unusable lengths", MULTIPART "frame-7x",
             B LENGTH("-40") P1 END B LENGTH("0x28") P2 END B LENGTH("99999999999999999999") P3,
             "1:40 2:40 3:40 "),
    BELIEVED("very short boundary", MULTIPART "a",
             "--a\r\n" BARE P1 END "--a\r\n" BARE TRUNCATED END "--a\r\n" BARE P2,
             "1:40 truncated 2:40 "),
    BELIEVED("very short boundary by chance in a picture", MULTIPART "a",
             "--a\r\n" BARE SOI SOF("\x05") SOS "--a" SCAN EOI END "--a\r\n" BARE P2, "5:43 2:40 "),
    /* wrong lengths */
    DOUBTED("length too small", MULTIPART "frame-7x",
            B LENGTH("20") P1 END B LENGTH("20") P2 END B LENGTH("20") P3, "1:40 2:40 3:40 "),
    DOUBTED("length one too small", MULTIPART "frame-7x",
            B LENGTH("39") P1 END B LENGTH("39") P2 END B LENGTH("39") P3, "1:40 2:40 3:40 "),
    DOUBTED("length a little too large", MULTIPART "frame-7x",
            B LENGTH("45") P1 END B LENGTH("45") P2 END B LENGTH("45") P3, "1:40 2:40 3:40 "),
    DOUBTED("length too large", MULTIPART "frame-7x",
            B LENGTH("250") LONG("\x01") END B LENGTH("250") LONG("\x02") END B, "1:196 2:196 "),
    DOUBTED("length never reached", MULTIPART "frame-7x", B LENGTH("299") P1 END B LENGTH("299") P2,
            "1:40 2:40 "),
    DOUBTED("length above the limit", MULTIPART "frame-7x",
            B LENGTH("4000000000") P1 END B LENGTH(L) P2, "1:40 2:40 "),
    /* garbage */
    DOUBTED("garbage between sized parts", MULTIPART "frame-7x",
            B LENGTH(L) P1 END "rubbish\r\n" B LENGTH(L) P2 END GARBAGE_400 END B LENGTH(L) P3,
            "1:40 2:40 3:40 "),
    DOUBTED("garbage before SOI", MULTIPART "frame-7x",
            B LENGTH("47") "garbage" P1 END B LENGTH(L) P2, "1:40 2:40 "),
    DOUBTED("an empty line before SOI", MULTIPART "frame-7x",
            B LENGTH(L) END P1 END B LENGTH(L) END P2 END, "1:40 2:40 "),
    BELIEVED("long lines in front", MULTIPART "frame-7x",
             GARBAGE_400 GARBAGE_400 GARBAGE_400
             "\r\n--frame-7x" GARBAGE_400 GARBAGE_400 GARBAGE_400 "\r\n" B LENGTH(L) P1 END,
             "1:40 "),
    BELIEVED("endless header block", MULTIPART "frame-7x",
             B GARBAGE_400 GARBAGE_400 GARBAGE_400 GARBAGE_400 P1 END B LENGTH(L) P2 END,
             "1:40 2:40 "),
    DOUBTED("not a JPEG", MULTIPART "frame-7x",
            B LENGTH("20") "GIF89a is not a JPEG" END B LENGTH(L) P1 END B BARE P2,
            "not_jpeg 1:40 2:40 "),
    /* bad pictures */
    DOUBTED("truncated, sized", MULTIPART "frame-7x",
            B LENGTH(L) P1 END B LENGTH("51") TRUNCATED END B LENGTH(L) P2 END B LENGTH(L) P3,
            "1:40 truncated 2:40 3:40 "),
    BELIEVED("truncated, scanned", MULTIPART "frame-7x",
             B BARE P1 END B BARE TRUNCATED END B "X-Frame-Number: 3\r\n" BARE P2 END B BARE P3,
             "1:40 truncated 2:40#3 3:40 "),
    BELIEVED("truncated in a segment", MULTIPART "frame-7x",
             B BARE P1 END B BARE SOI "\xff\xe0\x00\x50 cut" END B BARE P2 END B BARE P3,
             "1:40 truncated 2:40 3:40 "),
    BELIEVED("truncated without boundaries", NULL, P1 TRUNCATED P2, "1:40 truncated 2:40 "),
    DOUBTED("corrupt, sized", MULTIPART "frame-7x",
            B LENGTH("44") CORRUPT END B LENGTH(L) P2 END B LENGTH(L) P3, "corrupt 2:40 3:40 "),
    BELIEVED("corrupt scan, scanned", MULTIPART "frame-7x", B BARE CORRUPT_SCAN END B BARE P2,
             "corrupt 2:40 "),
    BELIEVED("a bad length in a scan swallows what follows", MULTIPART "frame-7x",
             B BARE P1 END B BARE SOI SOF("\x05") SOS
             "\xff\xe0\x00\x60" SCAN EOI END B BARE P2 END B BARE P3,
             "1:40 truncated 2:40 3:40 "),
    BELIEVED("a bad length swallows all that follows", MULTIPART "frame-7x",
             B BARE SOI "\xff\xe0\xff\xf0" SOF("\x05") SOS SCAN EOI END B BARE P2 END,
             "truncated 2:40 "),
    DOUBTED("no frame header", MULTIPART "frame-7x", B LENGTH("27") NO_FRAME END B LENGTH(L) P1,
            "no_frame 1:40 "),
    DOUBTED("no width", MULTIPART "frame-7x", B LENGTH(L) BAD_SIZE END B BARE P1, "bad_size 1:40 "),
    BELIEVED("too large, scanned", MULTIPART "frame-7x",
             B BARE SOI SOF("\x05") SOS SCAN_LONG SCAN_LONG EOI END B BARE P1 END B BARE P2,
             "too_large 1:40 2:40 "),
    DOUBTED("too large, sized", MULTIPART "frame-7x",
            B LENGTH("365") SOI SOF("\x05") SOS SCAN_LONG SCAN_LONG EOI END B LENGTH(L) P1 END,
            "too_large 1:40 "),
    BELIEVED("cut at the end, scanned", MULTIPART "frame-7x", B BARE P1 END B BARE SOI SOF("\x05"),
             "1:40 truncated "),
    DOUBTED("cut at the end, sized", MULTIPART "frame-7x",
            B LENGTH(L) P1 END B LENGTH(L) SOI SOF("\x05"), "1:40 truncated "),
    BELIEVED("cut in a header", MULTIPART "frame-7x", B LENGTH(L) P1 END B "Content-Len", "1:40 "),
    BELIEVED("nothing", MULTIPART "frame-7x", "", ""),
};

#define STREAMS (sizeof streams / sizeof *streams)

/* --- running a stream --- */

struct record {
    struct mjpeg_parser *parser;
    const struct stream *stream;
    char events[512];
    size_t used;
    uint64_t captured_ns, received_ns; /* of the last picture */
};

static void record_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    struct record *record = arg;
    char *events = record->events + record->used;
    size_t room = sizeof record->events - record->used;
    int used = snprintf(events, room, "%u:%u", info->width, info->size);
    if (info->source_number != 0) {
        used += snprintf(events + used, room - (size_t)used, "#%llu",
                         (unsigned long long)info->source_number);
    }
    if (info->source_time_ns != 0) {
        used += snprintf(events + used, room - (size_t)used, "@%llu",
                         (unsigned long long)info->source_time_ns);
    }
    used += snprintf(events + used, room - (size_t)used, " ");
    record->used += (size_t)used;
    record->captured_ns = info->captured_ns;
    record->received_ns = info->received_ns;
    assert_int_equal(info->height, 16);
    if (record->stream != NULL) {
        uint64_t offset = mjpeg_parser_offset(record->parser);
        assert_memory_equal(jpeg, record->stream->bytes + offset, info->size);
    }
}

static void record_bad(void *arg, enum jpeg_fault fault)
{
    struct record *record = arg;
    record->used +=
        (size_t)snprintf(record->events + record->used, sizeof record->events - record->used, "%s ",
                         jpeg_fault_name(fault));
}

static const struct mjpeg_parser_handlers handlers = {.picture = record_picture, .bad = record_bad};

static void record_start(struct record *record, const struct stream *stream)
{
    *record = (struct record){.stream = stream};
    record->parser = mjpeg_parser_create(stream->content_type, LIMIT, &handlers, record);
}

/* Each piece in memory of its own, so that the sanitizer sees a read behind its end. */
static void record_feed(struct record *record, size_t from, size_t to)
{
    uint8_t *piece = xmalloc(to - from);
    memcpy(piece, record->stream->bytes + from, to - from);
    mjpeg_parser_feed(record->parser, piece, to - from, 1);
    free(piece);
}

static void record_check(struct record *record, const char *how, size_t where)
{
    const struct stream *stream = record->stream;
    mjpeg_parser_finish(record->parser);
    if (strcmp(record->events, stream->events) != 0) {
        fail_msg("%s (%s %zu): '%s' instead of '%s'", stream->name, how, where, record->events,
                 stream->events);
    }
    if (mjpeg_parser_is_scanning(record->parser) != stream->scanning) {
        fail_msg("%s (%s %zu): scanning is not %d", stream->name, how, where, stream->scanning);
    }
    mjpeg_parser_destroy(record->parser);
}

static void in_one_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAMS; i++) {
        struct record record;
        record_start(&record, &streams[i]);
        record_feed(&record, 0, streams[i].size);
        record_check(&record, "size", streams[i].size);
    }
}

static void split_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAMS; i++) {
        for (size_t cut = 0; cut <= streams[i].size; cut++) {
            struct record record;
            record_start(&record, &streams[i]);
            record_feed(&record, 0, cut);
            record_feed(&record, cut, streams[i].size);
            record_check(&record, "cut at", cut);
        }
    }
}

static void byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAMS; i++) {
        struct record record;
        record_start(&record, &streams[i]);
        for (size_t at = 0; at < streams[i].size; at++) {
            record_feed(&record, at, at + 1);
        }
        record_check(&record, "pieces of", 1);
    }
}

static void in_random_pieces(void **state)
{
    (void)state;
    unsigned seed = 20260107;
    for (size_t round = 0; round < 100 * STREAMS; round++) {
        const struct stream *stream = &streams[round % STREAMS];
        struct record record;
        record_start(&record, stream);
        size_t longest = 1 + (size_t)rand_r(&seed) % 200;
        for (size_t at = 0; at < stream->size;) {
            size_t piece = 1 + (size_t)rand_r(&seed) % longest;
            size_t end = at + piece < stream->size ? at + piece : stream->size;
            record_feed(&record, at, end);
            at = end;
        }
        record_check(&record, "random round", round);
    }
}

/* Random bytes out of what streams are made of: nothing may crash, and cuts change nothing. */
static void random_streams(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } pieces[] = {
#define PIECE(bytes) {bytes, sizeof(bytes) - 1}
        PIECE(B),         PIECE(BARE),   PIECE(LENGTH(L)), PIECE(LENGTH("39")), PIECE(P1),
        PIECE(TRUNCATED), PIECE(END),    PIECE(SOI),       PIECE(EOI),          PIECE(SOS),
        PIECE("\xff"),    PIECE("\n"),   PIECE("--"),      PIECE(SCAN),         PIECE(WITH_THUMB),
        PIECE(CORRUPT),   PIECE("\xd8"), PIECE("\0"),      PIECE(THUMBNAIL),    PIECE(GARBAGE_400),
    };
    unsigned seed = 7;
    for (size_t round = 0; round < 3000; round++) {
        char bytes[4096];
        size_t size = 0;
        while (size < 2000) {
            size_t i = (size_t)rand_r(&seed) % (sizeof pieces / sizeof *pieces);
            memcpy(bytes + size, pieces[i].bytes, pieces[i].size);
            size += pieces[i].size;
            if (rand_r(&seed) % 8 == 0) {
                size -= size > 3 ? 3 : 0;
            }
        }
        struct stream stream = {.name = "random", .bytes = bytes, .size = size};
        struct record whole, cut;
        record_start(&whole, &stream);
        record_feed(&whole, 0, size);
        mjpeg_parser_finish(whole.parser);
        record_start(&cut, &stream);
        for (size_t at = 0; at < size;) {
            size_t end = at + 1 + (size_t)rand_r(&seed) % 50;
            end = end < size ? end : size;
            record_feed(&cut, at, end);
            at = end;
        }
        mjpeg_parser_finish(cut.parser);
        assert_string_equal(cut.events, whole.events);
        mjpeg_parser_destroy(whole.parser);
        mjpeg_parser_destroy(cut.parser);
    }
}

static void times_of_first_and_last_byte(void **state)
{
    (void)state;
    static const char sized[] = B LENGTH(L);
    static const char bare[] = B BARE;
    for (int scanned = 0; scanned < 2; scanned++) {
        struct record record = {.stream = NULL};
        record.parser = mjpeg_parser_create(NULL, LIMIT, &handlers, &record);
        const char *head = scanned ? bare : sized;
        mjpeg_parser_feed(record.parser, (const uint8_t *)head, strlen(head), 5);
        mjpeg_parser_feed(record.parser, (const uint8_t *)P1, 10, 7);
        mjpeg_parser_feed(record.parser, (const uint8_t *)P1 + 10, 20, 8);
        assert_string_equal(record.events, "");
        mjpeg_parser_feed(record.parser, (const uint8_t *)P1 + 30, 10, 9);
        /* Reported with its last byte; nothing that comes behind it is waited for. */
        assert_string_equal(record.events, "1:40 ");
        assert_int_equal(record.captured_ns, 7);
        assert_int_equal(record.received_ns, 9);
        mjpeg_parser_destroy(record.parser);
    }
}

/* A length far too large would swallow every picture of a slow camera. */
static void length_not_reached_in_time(void **state)
{
    (void)state;
    static const char stream[] = B LENGTH("299") P1 END;
    struct record record = {.stream = NULL};
    record.parser = mjpeg_parser_create(NULL, LIMIT, &handlers, &record);
    mjpeg_parser_feed(record.parser, (const uint8_t *)stream, sizeof stream - 1, 5);
    mjpeg_parser_feed(record.parser, (const uint8_t *)"\r\n", 2, 5 + MJPEG_LENGTH_PATIENCE_NS);
    assert_string_equal(record.events, "");
    mjpeg_parser_feed(record.parser, (const uint8_t *)"\r\n", 2, 6 + MJPEG_LENGTH_PATIENCE_NS);
    assert_string_equal(record.events, "1:40 ");
    assert_int_equal(record.captured_ns, 5);
    assert_true(mjpeg_parser_is_scanning(record.parser));
    mjpeg_parser_destroy(record.parser);
}

/* Pictures larger than a slice of input and than the first buffer. */
static void large_pictures(void **state)
{
    (void)state;
    enum { SIZE = 700 * 1000, COUNT = 5 };
    uint8_t *picture = xcalloc(SIZE, 1);
    memcpy(picture, SOI SOF("\x01") SOS, 25);
    memcpy(picture + SIZE - 2, EOI, 2);
    for (int scanned = 0; scanned < 2; scanned++) {
        struct record record = {.stream = NULL};
        record.parser = mjpeg_parser_create(NULL, SIZE, &handlers, &record);
        const char *head = scanned ? B BARE : B LENGTH("700000");
        for (int i = 0; i < COUNT; i++) {
            mjpeg_parser_feed(record.parser, (const uint8_t *)head, strlen(head), 1);
            mjpeg_parser_feed(record.parser, picture, SIZE, 1);
            mjpeg_parser_feed(record.parser, (const uint8_t *)END, 2, 1);
        }
        assert_string_equal(record.events, "1:700000 1:700000 1:700000 1:700000 1:700000 ");
        assert_int_equal(mjpeg_parser_is_scanning(record.parser), false);
        mjpeg_parser_destroy(record.parser);
    }
    free(picture);
}

/* Of a line that is too long only what may be the beginning of SOI is kept. */
static void picture_behind_a_long_line(void **state)
{
    (void)state;
    char garbage[1100];
    memset(garbage, 'x', sizeof garbage);
    for (size_t size = 1000; size < sizeof garbage; size++) {
        struct record record = {.stream = NULL};
        record.parser = mjpeg_parser_create(NULL, LIMIT, &handlers, &record);
        mjpeg_parser_feed(record.parser, (const uint8_t *)garbage, size, 1);
        mjpeg_parser_feed(record.parser, (const uint8_t *)P1, 1, 1);
        mjpeg_parser_feed(record.parser, (const uint8_t *)P1 + 1, 39, 1);
        assert_string_equal(record.events, "1:40 ");
        mjpeg_parser_destroy(record.parser);
    }
}

static void count_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    (void)arg;
    (void)info;
    (void)jpeg;
}

static void count_bad(void *arg, enum jpeg_fault fault)
{
    size_t *count = arg;
    (void)fault;
    ++*count;
}

/* Takes the stream, which has `bad` pictures that are none. What it costs is in proportion
 * to its size: it cost a hundred times as much as this allows when each of them was walked
 * to the stream's end. */
static void check_cost(const uint8_t *stream, size_t size, size_t bad)
{
    static const struct mjpeg_parser_handlers counting = {.picture = count_picture,
                                                          .bad = count_bad};
    size_t count = 0;
    struct mjpeg_parser *parser =
        mjpeg_parser_create(MULTIPART "frame-7x", 4 * size, &counting, &count);
    clock_t began = clock();
    mjpeg_parser_feed(parser, stream, size, 1);
    mjpeg_parser_finish(parser);
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    mjpeg_parser_destroy(parser);
    assert_int_equal(count, bad);
    if (seconds > 2) {
        fail_msg("%.1f s of CPU for %zu bytes", seconds, size);
    }
}

static size_t put(uint8_t *out, const char *bytes, size_t size)
{
    memcpy(out, bytes, size);
    return size;
}

/* Each of a thousand pictures leads, by the length of its first segment, into one and the same long
 * row of fill bytes; a boundary stands before each. */
static void pictures_that_lead_far_away(void **state)
{
    (void)state;
    static const char unit[] = B END SOI "\xff\xe0\xff\xf0";
    enum { UNITS = 1000, FILL = 4 * 1000 * 1000 };
    uint8_t *stream = xmalloc(UNITS * sizeof unit + FILL);
    size_t size = 0;
    for (int i = 0; i < UNITS; i++) {
        size += put(stream + size, unit, sizeof unit - 1);
    }
    memset(stream + size, 0xff, FILL);
    check_cost(stream, size + FILL, UNITS);
    free(stream);
}

/* The length is wrong, so all of it is gone through again, and there is not one
 * end of a line in it. */
static void many_bad_pictures_in_one_part(void **state)
{
    (void)state;
    static const char unit[] = SOI "\xff\x02";
    enum { UNITS = 1000 * 1000 };
    uint8_t *stream = xmalloc(UNITS * sizeof unit);
    size_t size = put(stream, B LENGTH("4000000"), sizeof B LENGTH("4000000") - 1);
    for (int i = 0; i < UNITS; i++) {
        size += put(stream + size, unit, sizeof unit - 1);
    }
    check_cost(stream, size, UNITS);
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_piece),
        cmocka_unit_test(split_at_every_byte),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(in_random_pieces),
        cmocka_unit_test(random_streams),
        cmocka_unit_test(times_of_first_and_last_byte),
        cmocka_unit_test(length_not_reached_in_time),
        cmocka_unit_test(large_pictures),
        cmocka_unit_test(picture_behind_a_long_line),
        cmocka_unit_test(pictures_that_lead_far_away),
        cmocka_unit_test(many_bad_pictures_in_one_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
