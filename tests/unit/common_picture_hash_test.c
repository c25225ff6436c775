/* The fingerprint of a picture: every bit of it counts, and its place. */
#include "common/picture_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/memory.h"

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void assert_all_differ(uint64_t *hashes, size_t count)
{
    qsort(hashes, count, sizeof *hashes, compare);
    for (size_t i = 1; i < count; i++) {
        assert_true(hashes[i] != hashes[i - 1]);
    }
}

static void every_bit_counts(void **state)
{
    (void)state;
    enum { SIZE = 203 };
    uint8_t bytes[SIZE];
    uint64_t hashes[SIZE * 8 + 1];
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = (uint8_t)(i * 37);
    }
    hashes[SIZE * 8] = picture_hash(bytes, SIZE);
    for (size_t bit = 0; bit < SIZE * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        hashes[bit] = picture_hash(bytes, SIZE);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_all_differ(hashes, SIZE * 8 + 1);
}

static void every_size_counts(void **state)
{
    (void)state;
    uint64_t hashes[200];
    for (size_t size = 0; size < 200; size++) {
        uint8_t *bytes = xcalloc(size, 1); /* of exactly its size, for the sanitizer */
        hashes[size] = picture_hash(bytes, size);
        free(bytes);
    }
    assert_all_differ(hashes, 200);
}

static void place_counts(void **state)
{
    (void)state;
    static const char *const texts[] = {"aaaaaaaabbbbbbbb", "bbbbbbbbaaaaaaaa",
                                        "aaaaaaaabbbbbbbbcccccccc", "ccccccccbbbbbbbbaaaaaaaa"};
    uint64_t hashes[4];
    for (size_t i = 0; i < 4; i++) {
        hashes[i] = picture_hash((const uint8_t *)texts[i], strlen(texts[i]));
        char moved[40] = "";
        strcpy(moved + 3, texts[i]); /* the same bytes somewhere else */
        assert_true(picture_hash((const uint8_t *)moved + 3, strlen(texts[i])) == hashes[i]);
    }
    assert_all_differ(hashes, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(every_size_counts),
        cmocka_unit_test(place_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
