#include "broadcaster/text/base64.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Bit by bit, as slow as it can be understood. */
static size_t reference_encode(char *out, const uint8_t *data, size_t size)
{
    size_t length = 0;
    for (size_t bit = 0; bit < size * 8; bit += 6) {
        unsigned value = 0;
        for (size_t i = bit; i < bit + 6; i++) {
            unsigned one = i < size * 8 ? (unsigned)data[i / 8] >> (7 - i % 8) & 1u : 0;
            value = value << 1 | one;
        }
        out[length++] = alphabet[value];
    }
    while (length % 4 != 0) {
        out[length++] = '=';
    }
    return length;
}

/* Decodes exactly-sized copies, so that a sanitizer sees every byte too many. */
static ssize_t decode_tight(uint8_t **out, const char *text, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    *out = malloc(size >= 4 ? base64_decoded_size_max(size) : 1);
    assert_non_null(copy);
    assert_non_null(*out);
    memcpy(copy, text, size);
    ssize_t result = base64_decode(*out, copy, size);
    assert_int_equal(base64_valid(copy, size), result >= 0);
    free(copy);
    return result;
}

static void test_every_length(void **state)
{
    uint32_t seed = 7;
    (void)state;
    for (size_t size = 0; size < 400; size++) {
        uint8_t *data = malloc(size > 0 ? size : 1);
        char *text = malloc(base64_encoded_size(size) + 1);
        char expected[600];
        assert_non_null(data);
        assert_non_null(text);
        for (size_t i = 0; i < size; i++) {
            seed = seed * 1664525 + 1013904223;
            data[i] = (uint8_t)(seed >> 24);
        }
        size_t length = reference_encode(expected, data, size);
        assert_int_equal(base64_encoded_size(size), length);
        assert_int_equal(base64_encode(text, data, size), length);
        assert_memory_equal(text, expected, length);
        uint8_t *back;
        assert_int_equal(decode_tight(&back, text, length), size);
        assert_memory_equal(back, data, size);
        free(back);
        free(text);
        free(data);
    }
}

/* Each of the 256 characters at each place of a text long enough for the fast way. */
static void test_every_character_everywhere(void **state)
{
    char text[136];
    (void)state;
    for (size_t at = 0; at < sizeof text; at++) {
        for (int c = 0; c < 256; c++) {
            for (size_t i = 0; i < sizeof text; i++) {
                text[i] = alphabet[(i * 7 + at) % 64];
            }
            text[at] = (char)c;
            bool good = c != '\0' && strchr(alphabet, c) != NULL;
            if (c == '=' && at == sizeof text - 1) {
                /* Padding, if the bits before it are zero. */
                text[at - 1] = 'A';
                good = true;
            }
            uint8_t *out;
            ssize_t result = decode_tight(&out, text, sizeof text);
            assert_int_equal(result >= 0, good);
            free(out);
        }
    }
}

static void test_examples(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: wrong */
    } samples[] = {
        /* RFC 4648, section 10 */
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"Zh==", NULL}, /* bits behind the end */
        {"Zm9=", NULL},
        {"Zg=", NULL},
        {"Zg", NULL},
        {"Z", NULL},
        {"Z===", NULL},
        {"====", NULL},
        {"=", NULL},
        {"Zg==Zg==", NULL},
        {"Zg=v", NULL},
        {"=m9v", NULL},
        {"Z=9v", NULL},
        {"Zm9v\n", NULL},
        {"Zm9v\r\n==", NULL},
        {" Zm9v", NULL},
        {"Zm9 ", NULL},
        {"Zm-v", NULL}, /* the alphabet of URLs */
        {"Zm_v", NULL},
        {"Zm9v====", NULL},
        {"\xc3\xa9==", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        uint8_t *out;
        ssize_t result = decode_tight(&out, samples[i].text, strlen(samples[i].text));
        if (samples[i].bytes == NULL) {
            assert_int_equal(result, -EINVAL);
        } else {
            assert_int_equal(result, strlen(samples[i].bytes));
            assert_memory_equal(out, samples[i].bytes, (size_t)result);
        }
        free(out);
    }
}

static void test_large(void **state)
{
    size_t size = 1 << 20;
    uint8_t *data = malloc(size);
    char *text = malloc(base64_encoded_size(size)),
         *expected = malloc(base64_encoded_size(size) + 4);
    (void)state;
    assert_non_null(data);
    assert_non_null(text);
    assert_non_null(expected);
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    size_t length = base64_encode(text, data, size);
    assert_int_equal(length, reference_encode(expected, data, size));
    assert_memory_equal(text, expected, length);
    uint8_t *back;
    assert_int_equal(decode_tight(&back, text, length), size);
    assert_memory_equal(back, data, size);
    free(back);
    free(expected);
    free(text);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_every_character_everywhere),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
