/* How many bytes of a camera's stream the MJPEG parser takes in a second of CPU time: pictures with
 * Content-Length, without, and without even a boundary.
 *
 *   parser_bench JPEG
 *
 * The rounds of all kinds are interleaved, and copying the same bytes once, in the same round, is
 * what to compare with: the parser copies them too. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/mjpeg_parser.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"
#include "tests/bench/measure.h"

enum {
    ROUNDS = 9,
    PARTS = 40,              /* of the stream in memory, which is fed again and again */
    PIECE_BYTES = 64 * 1024, /* what one read of a socket brings, about */
};
#define FEED_BYTES   ((size_t)200 * 1000 * 1000) /* for each kind in each round */
#define JPEG_MAX     ((size_t)4 << 20)
#define CONTENT_TYPE "multipart/x-mixed-replace;boundary=123456789000000000000987654321"

enum stream_kind { STREAM_SIZED, STREAM_UNSIZED, STREAM_BARE, STREAM_COPY, STREAM_KINDS };

static const char *const KIND_NAMES[STREAM_KINDS] = {
    [STREAM_SIZED] = "with Content-Length",
    [STREAM_UNSIZED] = "boundary, no Content-Length",
    [STREAM_BARE] = "no boundary, JPEG after JPEG",
    [STREAM_COPY] = "memcpy of the same bytes",
};

struct stream {
    char *bytes;
    size_t size;
    struct samples rates; /* bytes per CPU second */
};

static void write_part_header(FILE *out, enum stream_kind kind, size_t size)
{
    if (kind == STREAM_BARE) {
        return;
    }
    fputs("\r\n--123456789000000000000987654321\r\nContent-Type: image/jpeg\r\n", out);
    if (kind != STREAM_UNSIZED) {
        fprintf(out, "Content-Length: %zu\r\n", size);
    }
    fputs("X-Timestamp: 1700000000.123456\r\n\r\n", out);
}

static void stream_init(struct stream *stream, enum stream_kind kind, const uint8_t *jpeg,
                        size_t size)
{
    *stream = (struct stream){.size = 0};
    FILE *out = open_memstream(&stream->bytes, &stream->size);
    if (out == NULL) {
        die("no memory for the stream");
    }
    for (size_t i = 0; i < PARTS; i++) {
        write_part_header(out, kind, size);
        fwrite(jpeg, 1, size, out);
    }
    if (fclose(out) != 0) {
        die("no memory for the stream");
    }
}

static void count_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    (void)info;
    (void)jpeg;
    ++*(size_t *)arg;
}

static void refuse_picture(void *arg, enum jpeg_fault fault)
{
    (void)arg;
    die("the parser dropped a whole picture: %s", jpeg_fault_name(fault));
}

static void parse(struct mjpeg_parser *parser, const struct stream *stream)
{
    for (size_t at = 0; at < stream->size; at += PIECE_BYTES) {
        size_t left = stream->size - at;
        mjpeg_parser_feed(parser, (const uint8_t *)stream->bytes + at,
                          left < PIECE_BYTES ? left : PIECE_BYTES, 1);
    }
}

static void copy(uint8_t *to, const struct stream *stream)
{
    for (size_t at = 0; at < stream->size; at += PIECE_BYTES) {
        size_t left = stream->size - at;
        memcpy(to, stream->bytes + at, left < PIECE_BYTES ? left : PIECE_BYTES);
        __asm__ volatile("" : : "r"(to) : "memory"); /* the copy is wanted */
    }
}

static void measure(struct stream *stream, enum stream_kind kind)
{
    static const struct mjpeg_parser_handlers HANDLERS = {count_picture, refuse_picture};
    size_t pictures = 0;
    size_t times = FEED_BYTES / stream->size;
    struct mjpeg_parser *parser = mjpeg_parser_create(kind == STREAM_BARE ? NULL : CONTENT_TYPE,
                                                      JPEG_MAX, &HANDLERS, &pictures);
    uint8_t *to = xcalloc(1, PIECE_BYTES);
    uint64_t begin_ns = measure_cpu_ns();
    for (size_t i = 0; i < times; i++) {
        if (kind == STREAM_COPY) {
            copy(to, stream);
        } else {
            parse(parser, stream);
        }
    }
    uint64_t taken_ns = measure_cpu_ns() - begin_ns;
    if (kind != STREAM_COPY && pictures != times * PARTS) {
        die("the parser found %zu pictures of %zu", pictures, times * PARTS);
    }
    samples_append(&stream->rates, stream->size * times * 1000 / (taken_ns / 1000) * 1000);
    mjpeg_parser_destroy(parser);
    free(to);
}

int main(int argc, char **argv)
{
    struct stream streams[STREAM_KINDS];
    uint8_t *jpeg;
    size_t size;
    log_init("parser_bench", NULL);
    if (argc != 2 || fd_read_file(argv[1], JPEG_MAX, &jpeg, &size) < 0) {
        die_config("usage: parser_bench JPEG");
    }
    for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
        stream_init(&streams[kind], kind, jpeg, size);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
            measure(&streams[kind], kind);
        }
    }
    printf("A picture of %zu bytes, %d rounds; bytes per second of CPU time.\n\n"
           "| stream | median GB/s | worst | best |\n|---|---|---|---|\n",
           size, ROUNDS);
    for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++) {
        struct samples *rates = &streams[kind].rates;
        printf("| %s | %.2f | %.2f | %.2f |\n", KIND_NAMES[kind],
               (double)samples_quantile(rates, 0.5) / 1e9, (double)samples_quantile(rates, 0) / 1e9,
               (double)samples_quantile(rates, 1) / 1e9);
        samples_finish(rates);
        free(streams[kind].bytes);
    }
    free(jpeg);
    return EXIT_SUCCESS;
}
