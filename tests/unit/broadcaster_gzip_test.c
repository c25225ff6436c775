/* Who takes gzip, and whether it comes out as it went in. */
#include "broadcaster/protocol/gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static struct http_text text(const char *string)
{
    return (struct http_text){string, strlen(string)};
}

static bool accepted(const char *first, const char *second)
{
    struct http_field fields[3] = {{text("Accept"), text("gzip")}};
    size_t count = 1;
    const char *values[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        if (values[i] != NULL) {
            fields[count++] = (struct http_field){text("accept-ENCODING"), text(values[i])};
        }
    }
    struct http_request request = {.fields = fields, .field_count = count};
    return gzip_is_accepted(&request);
}

static void test_who_takes_it(void **state)
{
    static const struct {
        const char *value;
        bool accepted;
    } samples[] = {
        {NULL, false},           {"", false},
        {"gzip", true},          {"GZip", true},
        {"x-gzip", true},        {"gzip, deflate, br, zstd", true},
        {"br,\tgzip", true},     {"deflate, br", false},
        {"identity", false},     {"gzipped", false},
        {"gz", false},           {"gzip;q=1.0", true},
        {"gzip;q=0.001", true},  {"gzip ; q=0.5", true},
        {"gzip;q=0", false},     {"gzip;Q=0.000", false},
        {"gzip; q=0, *", false}, {"*", true},
        {"*;q=0", false},        {"*;q=0, gzip", true},
        {",, ,gzip,", true},     {";,;q=0;", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        if (accepted(samples[i].value, NULL) != samples[i].accepted) {
            fail_msg("Accept-Encoding: %s", samples[i].value);
        }
    }
    assert_true(accepted("br", "gzip"));
    assert_false(accepted("gzip;q=0", "br"));
}

static void check_round_trip(const uint8_t *data, size_t size)
{
    struct shared_bytes *plain = shared_bytes_create(size);
    memcpy(plain->data, data, size);
    struct shared_bytes *packed = gzip_compress(plain);
    uint8_t *back = malloc(size + 1);
    z_stream stream = {.next_in = packed->data,
                       .avail_in = (uInt)packed->size,
                       .next_out = back,
                       .avail_out = (uInt)size + 1};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, size);
    assert_int_equal(stream.avail_in, 0);
    assert_memory_equal(back, data, size);
    inflateEnd(&stream);
    free(back);
    shared_bytes_unref(packed);
    shared_bytes_unref(plain);
}

static void test_round_trips(void **state)
{
    enum { SIZE = 300000 };
    uint8_t *data = malloc(SIZE);
    uint32_t noise = 1;
    (void)state;
    for (size_t i = 0; i < SIZE; i++) {
        noise = noise * 1664525 + 1013904223;
        data[i] = (uint8_t)(noise >> 24);
    }
    check_round_trip(data, 0);
    check_round_trip(data, 1);
    check_round_trip(data, SIZE); /* grows */
    memset(data, 'a', SIZE);
    check_round_trip(data, SIZE);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_takes_it),
                                       cmocka_unit_test(test_round_trips)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
