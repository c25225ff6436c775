#include "tests/camsim/multipart.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

#define BOUNDARY "123456789000000000000987654321"

static const char *const boundary_names[] = {
    [BOUNDARY_STOCK] = "stock",     [BOUNDARY_QUOTED] = "quoted", [BOUNDARY_DOUBLED] = "doubled",
    [BOUNDARY_MISSING] = "missing", [BOUNDARY_OTHER] = "other",   [BOUNDARY_AFTER] = "after",
    [BOUNDARY_BARE] = "bare",
};

/* What stands behind `multipart/x-mixed-replace`. */
static const char *const boundary_parameters[] = {
    [BOUNDARY_STOCK] = ";boundary=" BOUNDARY,
    [BOUNDARY_QUOTED] = "; boundary=\"" BOUNDARY "\"",
    [BOUNDARY_DOUBLED] = ";boundary=--" BOUNDARY,
    [BOUNDARY_MISSING] = "",
    [BOUNDARY_OTHER] = ";boundary=somethingelse",
    [BOUNDARY_AFTER] = ";boundary=" BOUNDARY,
    [BOUNDARY_BARE] = "",
};

static const char delimiter[] = "\r\n--" BOUNDARY "\r\n";

enum multipart_boundary multipart_boundary_from(const char *name)
{
    for (size_t i = 0; i < sizeof boundary_names / sizeof boundary_names[0]; i++) {
        if (strcmp(boundary_names[i], name) == 0) {
            return (enum multipart_boundary)i;
        }
    }
    return BOUNDARY_STOCK;
}

static void multipart_release_picture(const void *data, size_t size, void *arg)
{
    (void)data;
    (void)size;
    picture_release(arg);
}

void multipart_add_picture(struct evbuffer *out, struct picture *picture, size_t size)
{
    evbuffer_add_reference(out, picture->bytes, size, multipart_release_picture,
                           picture_hold(picture));
}

/* Whatever is written goes out as a chunk of its own, as the ESP32's HTTP server does it. */
static void multipart_open_chunk(struct evbuffer *out, const struct multipart_style *style,
                                 size_t size)
{
    if (style->chunked) {
        evbuffer_add_printf(out, "%zx\r\n", size);
    }
}

static void multipart_close_chunk(struct evbuffer *out, const struct multipart_style *style)
{
    if (style->chunked) {
        evbuffer_add(out, "\r\n", 2);
    }
}

static void multipart_add(struct evbuffer *out, const struct multipart_style *style,
                          const void *bytes, size_t size)
{
    multipart_open_chunk(out, style, size);
    evbuffer_add(out, bytes, size);
    multipart_close_chunk(out, style);
}

void multipart_write_head(struct evbuffer *out, const struct multipart_style *style)
{
    evbuffer_add_printf(out,
                        "HTTP/1.1 200 OK\r\n"
                        "Content-Type: multipart/x-mixed-replace%s\r\n"
                        "%s"
                        "Access-Control-Allow-Origin: *\r\n"
                        "X-Framerate: 60\r\n"
                        "\r\n",
                        boundary_parameters[style->boundary],
                        style->chunked ? "Transfer-Encoding: chunked\r\n"
                                       : "Connection: close\r\n");
    if (style->boundary == BOUNDARY_AFTER) {
        multipart_add(out, style, delimiter + 2, strlen(delimiter + 2));
    }
}

/* The same noise every time. */
static void multipart_add_garbage(struct evbuffer *out, const struct multipart_style *style,
                                  size_t size)
{
    uint32_t state = 12345;
    if (size == 0) {
        return;
    }
    multipart_open_chunk(out, style, size);
    for (size_t i = 0; i < size; i++) {
        state = state * 1103515245U + 12345U;
        evbuffer_add(out, &(uint8_t){(uint8_t)(state >> 16)}, 1);
    }
    multipart_close_chunk(out, style);
}

static void multipart_add_part_head(struct evbuffer *out, const struct multipart_style *style,
                                    const struct multipart_part *part)
{
    char head[256];
    int used = snprintf(head, sizeof head, "Content-Type: image/jpeg\r\n");
    if (part->with_length) {
        used += snprintf(head + used, sizeof head - (size_t)used, "Content-Length: %" PRId64 "\r\n",
                         (int64_t)part->picture->size + part->length_error);
    }
    used += snprintf(
        head + used, sizeof head - (size_t)used,
        "X-Timestamp: %" PRIu64 ".%06" PRIu64 "\r\nX-Frame-Number: %" PRIu64 "\r\n\r\n",
        part->time_ns / NS_PER_SECOND, part->time_ns % NS_PER_SECOND / NS_PER_US, part->number);
    multipart_add(out, style, head, (size_t)used);
}

void multipart_write_part(struct evbuffer *out, const struct multipart_style *style,
                          const struct multipart_part *part)
{
    multipart_add_garbage(out, style, part->garbage);
    if (style->boundary != BOUNDARY_AFTER && style->boundary != BOUNDARY_BARE) {
        multipart_add(out, style, delimiter, strlen(delimiter));
    }
    if (style->boundary != BOUNDARY_BARE) {
        multipart_add_part_head(out, style, part);
    }
    multipart_open_chunk(out, style, part->picture->size);
    multipart_add_picture(out, part->picture, part->sent);
    if (part->sent < part->picture->size) {
        return;
    }
    multipart_close_chunk(out, style);
    if (style->boundary == BOUNDARY_AFTER) {
        multipart_add(out, style, delimiter, strlen(delimiter));
    }
}

void multipart_write_end(struct evbuffer *out, const struct multipart_style *style)
{
    if (style->chunked) {
        evbuffer_add(out, "0\r\n\r\n", 5);
    }
}
