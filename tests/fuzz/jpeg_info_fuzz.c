/* The ways of walking through a JPEG. The walk in pieces must find what the walk in one piece
 * finds; and what is whole by its structure is whole too for somebody who was told its length. */
#include "common/jpeg_info.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/walk_jpeg.h"

#define FRAMED_TAIL 64 /* bytes in which jpeg_info_read_framed() promises to look for EOI */

static void walk(struct fuzz_cutter *cutter, struct fuzz_transcript *transcript)
{
    struct jpeg_walk walk;
    enum jpeg_walk_result result = JPEG_WALK_MORE;
    uint32_t width, height;
    size_t taken, size, all = 0;
    uint8_t *piece;
    jpeg_walk_init(&walk);
    while ((piece = fuzz_cutter_next(cutter, &size)) != NULL) {
        bool was_over = result != JPEG_WALK_MORE;
        enum jpeg_walk_result before = result;
        result = jpeg_walk_feed(&walk, piece, size, &taken);
        FUZZ_CHECK(taken <= size);
        FUZZ_CHECK(!was_over || (taken == 0 && result == before));
        FUZZ_CHECK(result != JPEG_WALK_MORE || taken == size);
        all += taken;
        free(piece);
    }
    fuzz_note_number(transcript, result);
    fuzz_note_number(transcript, all);
    fuzz_note_number(transcript, jpeg_walk_picture(&walk, &width, &height));
    fuzz_note_number(transcript, width);
    fuzz_note_number(transcript, height);
}

static void check_whole(const uint8_t *data, size_t size, const struct jpeg_info *info)
{
    FUZZ_CHECK(info->size >= 4 && info->size <= size);
    FUZZ_CHECK(info->width > 0 && info->width <= JPEG_SIDE_MAX);
    FUZZ_CHECK(info->height > 0 && info->height <= JPEG_SIDE_MAX);
    FUZZ_CHECK(data[0] == 0xff && data[1] == 0xd8);
    FUZZ_CHECK(data[info->size - 2] == 0xff && data[info->size - 1] == 0xd9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jpeg_info info, framed;
    enum jpeg_fault fault = walk_jpeg(data, size, &info);
    enum jpeg_fault framed_fault = jpeg_info_read_framed(data, size, &framed);
    FUZZ_CHECK(jpeg_fault_name(fault) != NULL && jpeg_fault_name(framed_fault) != NULL);
    FUZZ_CHECK(fault != JPEG_TOO_LARGE && framed_fault != JPEG_TOO_LARGE);
    if (framed_fault == JPEG_WHOLE) {
        check_whole(data, size, &framed);
        FUZZ_CHECK(size - (framed.size - 2) <= FRAMED_TAIL);
    }
    if (fault == JPEG_WHOLE) {
        check_whole(data, size, &info);
        FUZZ_CHECK(jpeg_info_read_framed(data, info.size, &framed) == JPEG_WHOLE);
        FUZZ_CHECK(framed.size == info.size);
        FUZZ_CHECK(framed.width == info.width && framed.height == info.height);
    }
    fuzz_compare_cuts(walk, data, size);
    return 0;
}
