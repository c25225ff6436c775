#include "common/jpeg_info.h"

#include <string.h>

/* Marker codes, T.81 table B.1. Each is the second byte after 0xFF. */
enum {
    MARKER_STUFFING = 0x00,
    MARKER_TEM = 0x01,
    MARKER_SOF_FIRST = 0xC0,
    MARKER_DHT = 0xC4,
    MARKER_JPG = 0xC8,
    MARKER_DAC = 0xCC,
    MARKER_SOF_LAST = 0xCF,
    MARKER_RST_FIRST = 0xD0,
    MARKER_RST_LAST = 0xD7,
    MARKER_SOI = 0xD8,
    MARKER_EOI = 0xD9,
    MARKER_SOS = 0xDA,
    MARKER_APP_LAST = 0xEF,
    MARKER_COM = 0xFE,
    MARKER_PREFIX = 0xFF,
};

enum {
    SEGMENT_SIZE_MIN = 2,
    SOF_SIZE_MIN = 11, /* one component */
    SOS_SIZE_MIN = 8,
    SIZE_FIELD = 2,
    TAIL_SEARCHED = 64, /* where EOI is looked for behind a vouched length */
};

/*  SOI_PREFIX ─▶ SOI ─▶ PREFIX ◀──────── (segment over) ───────┐
 *                         │                                    │
 *                         ▼                                    │
 *             END ◀──── MARKER ─▶ SIZE_HIGH ─▶ SIZE_LOW ─▶ SEGMENT
 *              ▲                      ▲                        │ SOS
 *              │                      │                        ▼
 *              └──────────────── SCAN_MARKER ◀──────────────▶ SCAN
 */
enum walk_state {
    WALK_SOI_PREFIX,
    WALK_SOI,
    WALK_PREFIX,
    WALK_MARKER,
    WALK_SIZE_HIGH,
    WALK_SIZE_LOW,
    WALK_SEGMENT,
    WALK_SCAN,
    WALK_SCAN_MARKER,
    WALK_END,
    WALK_BAD,
};

static bool marker_is_frame(uint8_t marker)
{
    return marker >= MARKER_SOF_FIRST && marker <= MARKER_SOF_LAST && marker != MARKER_DHT &&
           marker != MARKER_JPG && marker != MARKER_DAC;
}

/* Markers that a segment with a length follows. What T.81 reserves is not among them. */
static bool marker_has_segment(uint8_t marker)
{
    return marker == MARKER_COM || (marker >= MARKER_SOS && marker <= MARKER_APP_LAST) ||
           (marker >= MARKER_SOF_FIRST && marker <= MARKER_SOF_LAST && marker != MARKER_JPG);
}

static void walk_fail(struct jpeg_walk *walk, enum jpeg_fault fault)
{
    walk->state = WALK_BAD;
    walk->fault = fault;
}

/* A marker that is neither EOI nor, in a scan, stuffing or restart. */
static void walk_enter_segment(struct jpeg_walk *walk, uint8_t marker)
{
    if (marker == MARKER_SOI) {
        walk_fail(walk, JPEG_TRUNCATED);
    } else if (!marker_has_segment(marker) || (marker_is_frame(marker) && walk->have_frame)) {
        walk_fail(walk, JPEG_CORRUPT);
    } else if (marker == MARKER_SOS && !walk->have_frame) {
        walk_fail(walk, JPEG_NO_FRAME); /* a later one could not be for this scan */
    } else {
        walk->marker = marker;
        walk->state = WALK_SIZE_HIGH;
    }
}

static void walk_take_marker(struct jpeg_walk *walk, uint8_t marker)
{
    if (marker == MARKER_PREFIX) {
        return; /* fill byte */
    }
    if (marker == MARKER_EOI) {
        walk->state = WALK_END;
    } else if (marker == MARKER_TEM) {
        walk->state = WALK_PREFIX;
    } else {
        walk_enter_segment(walk, marker);
    }
}

static void walk_take_scan_marker(struct jpeg_walk *walk, uint8_t marker)
{
    if (marker == MARKER_PREFIX) {
        return;
    }
    if (marker == MARKER_STUFFING || (marker >= MARKER_RST_FIRST && marker <= MARKER_RST_LAST)) {
        walk->state = WALK_SCAN;
    } else if (marker == MARKER_EOI) {
        walk->state = WALK_END;
    } else {
        walk_enter_segment(walk, marker);
    }
}

static void walk_leave_segment(struct jpeg_walk *walk)
{
    if (walk->marker == MARKER_SOS) {
        walk->have_scan = true;
        walk->state = WALK_SCAN;
        return;
    }
    walk->have_frame = walk->have_frame || marker_is_frame(walk->marker);
    walk->state = WALK_PREFIX;
}

static void walk_take_size(struct jpeg_walk *walk, uint8_t low)
{
    uint16_t least = SEGMENT_SIZE_MIN;
    if (marker_is_frame(walk->marker)) {
        least = SOF_SIZE_MIN;
    } else if (walk->marker == MARKER_SOS) {
        least = SOS_SIZE_MIN;
    }
    walk->segment_size = (uint16_t)(walk->segment_size | low);
    walk->segment_seen = SIZE_FIELD;
    if (walk->segment_size < least) {
        walk_fail(walk, JPEG_CORRUPT);
    } else if (walk->segment_size == SIZE_FIELD) {
        walk_leave_segment(walk);
    } else {
        walk->state = WALK_SEGMENT;
    }
}

static size_t walk_take_segment(struct jpeg_walk *walk, const uint8_t *data, size_t size)
{
    size_t left = (size_t)walk->segment_size - walk->segment_seen;
    size_t taken = size < left ? size : left;
    if (marker_is_frame(walk->marker)) {
        size_t offset = (size_t)walk->segment_seen - SIZE_FIELD;
        for (size_t i = 0; i < taken && offset + i < sizeof walk->frame_header; i++) {
            walk->frame_header[offset + i] = data[i];
        }
    }
    walk->segment_seen = (uint16_t)(walk->segment_seen + taken);
    if (walk->segment_seen == walk->segment_size) {
        walk_leave_segment(walk);
    }
    return taken;
}

/* Entropy-coded data: nothing but 0xFF matters in it, and nearly every 0xFF is a stuffed one. */
static size_t walk_take_scan(struct jpeg_walk *walk, const uint8_t *data, size_t size)
{
    size_t taken = 0;
    while (taken < size) {
        const uint8_t *prefix = memchr(data + taken, MARKER_PREFIX, size - taken);
        if (prefix == NULL) {
            return size;
        }
        taken = (size_t)(prefix - data) + 1;
        if (taken == size || data[taken] != MARKER_STUFFING) {
            walk->state = WALK_SCAN_MARKER;
            return taken;
        }
        taken++;
    }
    return taken;
}

/* Takes at least one byte (there is one) and at most up to the next change of state. */
static size_t walk_step(struct jpeg_walk *walk, const uint8_t *data, size_t size)
{
    switch ((enum walk_state)walk->state) {
    case WALK_SOI_PREFIX:
    case WALK_SOI:
        if (*data != (walk->state == WALK_SOI ? MARKER_SOI : MARKER_PREFIX)) {
            walk_fail(walk, JPEG_NOT_JPEG);
        } else {
            walk->state = walk->state == WALK_SOI ? WALK_PREFIX : WALK_SOI;
        }
        return 1;
    case WALK_PREFIX:
        if (*data != MARKER_PREFIX) {
            walk_fail(walk, JPEG_CORRUPT);
        } else {
            walk->state = WALK_MARKER;
        }
        return 1;
    case WALK_MARKER:
        walk_take_marker(walk, *data);
        return 1;
    case WALK_SIZE_HIGH:
        walk->segment_size = (uint16_t)(*data << 8);
        walk->state = WALK_SIZE_LOW;
        return 1;
    case WALK_SIZE_LOW:
        walk_take_size(walk, *data);
        return 1;
    case WALK_SEGMENT:
        return walk_take_segment(walk, data, size);
    case WALK_SCAN:
        return walk_take_scan(walk, data, size);
    case WALK_SCAN_MARKER:
        walk_take_scan_marker(walk, *data);
        return 1;
    case WALK_END:
    case WALK_BAD:
        break;
    }
    return 0;
}

static bool walk_is_over(const struct jpeg_walk *walk)
{
    return walk->state == WALK_END || walk->state == WALK_BAD;
}

void jpeg_walk_init(struct jpeg_walk *walk)
{
    *walk = (struct jpeg_walk){.state = WALK_SOI_PREFIX};
}

static enum jpeg_walk_result walk_result(const struct jpeg_walk *walk)
{
    if (walk->state == WALK_END) {
        return JPEG_WALK_END;
    }
    return walk->state == WALK_BAD ? JPEG_WALK_BAD : JPEG_WALK_MORE;
}

enum jpeg_walk_result jpeg_walk_feed(struct jpeg_walk *walk, const uint8_t *data, size_t size,
                                     size_t *taken)
{
    size_t used = 0;
    while (used < size && !walk_is_over(walk)) {
        used += walk_step(walk, data + used, size - used);
    }
    *taken = used;
    return walk_result(walk);
}

enum jpeg_walk_result jpeg_walk_feed_headers(struct jpeg_walk *walk, const uint8_t *data,
                                             size_t size, size_t *taken)
{
    size_t used = 0;
    while (used < size && !walk->have_scan && !walk_is_over(walk)) {
        used += walk_step(walk, data + used, size - used);
    }
    *taken = used;
    return walk_result(walk);
}

/* Judges the headers: all that can be said of a picture whose end is known. */
static enum jpeg_fault walk_judge_headers(const struct jpeg_walk *walk, uint32_t *width,
                                          uint32_t *height)
{
    if (!walk->have_frame) {
        return JPEG_NO_FRAME;
    }
    const uint8_t *header = walk->frame_header;
    *height = (uint32_t)(header[1] << 8 | header[2]);
    *width = (uint32_t)(header[3] << 8 | header[4]);
    if (*width == 0 || *width > JPEG_SIDE_MAX || *height == 0 || *height > JPEG_SIDE_MAX) {
        return JPEG_BAD_SIZE;
    }
    return walk->have_scan ? JPEG_WHOLE : JPEG_CORRUPT;
}

enum jpeg_fault jpeg_walk_picture(const struct jpeg_walk *walk, uint32_t *width, uint32_t *height)
{
    *width = *height = 0;
    if (walk->state == WALK_BAD) {
        return walk->fault;
    }
    return walk->state == WALK_END ? walk_judge_headers(walk, width, height) : JPEG_TRUNCATED;
}

enum jpeg_fault jpeg_walk_headers(const struct jpeg_walk *walk, uint32_t *width, uint32_t *height)
{
    *width = *height = 0;
    return walk->state == WALK_SCAN ? walk_judge_headers(walk, width, height)
                                    : jpeg_walk_picture(walk, width, height);
}

/* The bytes up to and with the last EOI that begins at or behind `least` and lies in the
 * tail; 0: there is none. */
static size_t find_tail_eoi(const uint8_t *data, size_t size, size_t least)
{
    size_t first = size > TAIL_SEARCHED ? size - TAIL_SEARCHED : 0;
    first = first > least ? first : least;
    for (size_t end = size; end >= first + 2; end--) {
        if (data[end - 2] == MARKER_PREFIX && data[end - 1] == MARKER_EOI) {
            return end;
        }
    }
    return 0;
}

enum jpeg_fault jpeg_info_read_framed(const uint8_t *data, size_t size, struct jpeg_info *info)
{
    struct jpeg_walk walk;
    size_t used;
    uint32_t width, height;
    jpeg_walk_init(&walk);
    if (size == 0) {
        return JPEG_NOT_JPEG;
    }
    jpeg_walk_feed_headers(&walk, data, size, &used);
    enum jpeg_fault fault = jpeg_walk_headers(&walk, &width, &height);
    if (fault != JPEG_WHOLE) {
        return fault;
    }
    size_t whole = find_tail_eoi(data, size, used);
    if (whole == 0) {
        return JPEG_TRUNCATED;
    }
    *info = (struct jpeg_info){.width = width, .height = height, .size = whole};
    return JPEG_WHOLE;
}

/* Pixels times scans; 16 scans of the largest picture that is ever decoded. */
#define WORK_MAX (UINT64_C(16) * 40 * 1000 * 1000)

bool jpeg_takes_too_long(const uint8_t *data, size_t size, uint32_t width, uint32_t height)
{
    const uint8_t *at = data, *end = data + size;
    uint64_t work = 0;
    while (work <= WORK_MAX && (at = memchr(at, MARKER_PREFIX, (size_t)(end - at))) != NULL) {
        /* In a scan no other byte than 0 or a marker's follows; a thumbnail's scans count too. */
        at++;
        work += at < end && *at == MARKER_SOS ? (uint64_t)width * height : 0;
    }
    return work > WORK_MAX;
}

const char *jpeg_fault_name(enum jpeg_fault fault)
{
    static const char *const names[JPEG_FAULTS] = {
        [JPEG_WHOLE] = "whole",         [JPEG_NOT_JPEG] = "not_jpeg",
        [JPEG_TRUNCATED] = "truncated", [JPEG_CORRUPT] = "corrupt",
        [JPEG_NO_FRAME] = "no_frame",   [JPEG_BAD_SIZE] = "bad_size",
        [JPEG_TOO_LARGE] = "too_large", [JPEG_UNPAINTED] = "unpainted",
    };
    return names[fault];
}
