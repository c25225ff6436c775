/* An MJPEG stream. However it is cut, the events are the same; and a picture that is handed out is
 * whole. The first byte chooses the Content-Type and the limit of a frame. */
#include "capture/mjpeg_parser.h"
#include "tests/fuzz/fuzz.h"

#define SMALL_LIMIT 256
#define LARGE_LIMIT 65536

struct reading {
    struct mjpeg_parser *parser;
    struct fuzz_transcript *transcript;
    size_t limit;
    uint64_t next_offset; /* where the next picture may begin */
};

static void note_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    struct reading *reading = arg;
    struct jpeg_info found;
    FUZZ_CHECK(info->size <= reading->limit);
    FUZZ_CHECK(jpeg_info_read_framed(jpeg, info->size, &found) == JPEG_WHOLE);
    FUZZ_CHECK(found.size == info->size);
    FUZZ_CHECK(found.width == info->width && found.height == info->height);
    FUZZ_CHECK(info->captured_ns > 0 && info->captured_ns <= info->received_ns);
    uint64_t offset = mjpeg_parser_offset(reading->parser);
    FUZZ_CHECK(offset >= reading->next_offset);
    reading->next_offset = offset + info->size;
    fuzz_note_text(reading->transcript, jpeg, info->size);
    fuzz_note_number(reading->transcript, offset);
    fuzz_note_number(reading->transcript, info->width);
    fuzz_note_number(reading->transcript, info->height);
    fuzz_note_number(reading->transcript, info->source_number);
    fuzz_note_number(reading->transcript, info->source_time_ns);
}

static void note_bad(void *arg, enum jpeg_fault fault)
{
    struct reading *reading = arg;
    FUZZ_CHECK(fault != JPEG_WHOLE);
    fuzz_note_number(reading->transcript, fault);
}

static const struct mjpeg_parser_handlers handlers = {.picture = note_picture, .bad = note_bad};

/* `step_ns` passes between two pieces. */
static void read_stream(struct fuzz_cutter *cutter, struct fuzz_transcript *transcript,
                        uint64_t step_ns)
{
    static const char *const types[] = {
        NULL,
        "multipart/x-mixed-replace; boundary=frame",
        "multipart/x-mixed-replace;boundary=\"--my boundary\"",
        "image/jpeg",
    };
    size_t size;
    uint64_t now_ns = NS_PER_SECOND;
    if (cutter->left == 0) {
        return;
    }
    uint8_t choice = cutter->data[0];
    cutter->data++;
    cutter->left--;
    struct reading reading = {.transcript = transcript,
                              .limit = (choice & 4) != 0 ? SMALL_LIMIT : LARGE_LIMIT};
    reading.parser = mjpeg_parser_create(types[choice & 3], reading.limit, &handlers, &reading);
    uint8_t *piece;
    while ((piece = fuzz_cutter_next(cutter, &size)) != NULL) {
        mjpeg_parser_feed(reading.parser, piece, size, now_ns);
        now_ns += step_ns;
        free(piece);
    }
    mjpeg_parser_finish(reading.parser);
    fuzz_note_number(transcript, mjpeg_parser_is_scanning(reading.parser));
    mjpeg_parser_destroy(reading.parser);
}

static void read_at_once(struct fuzz_cutter *cutter, struct fuzz_transcript *transcript)
{
    read_stream(cutter, transcript, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_cutter cutter;
    struct fuzz_transcript transcript = {0};
    fuzz_compare_cuts(read_at_once, data, size);
    /* A camera that takes its time: what lengths promise is given up, at a place
     * that the cut decides. */
    fuzz_cutter_init(&cutter, FUZZ_RANDOM, data, size);
    read_stream(&cutter, &transcript, MJPEG_LENGTH_PATIENCE_NS);
    fuzz_transcript_finish(&transcript);
    return 0;
}
