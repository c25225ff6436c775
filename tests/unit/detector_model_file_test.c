#include "detector/model_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* An ONNX file with nothing but a graph input, built from the inside out. */
struct message {
    uint8_t bytes[400];
    size_t size;
};

static void put(struct message *message, uint8_t byte)
{
    message->bytes[message->size++] = byte;
}

static void put_varint(struct message *message, uint64_t value)
{
    while (value >= 0x80) {
        put(message, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    put(message, (uint8_t)value);
}

static void put_message(struct message *message, unsigned field, const struct message *inner)
{
    put_varint(message, field << 3 | 2);
    put_varint(message, inner->size);
    memcpy(message->bytes + message->size, inner->bytes, inner->size);
    message->size += inner->size;
}

/* side 0: a dimension with a name instead of a number. */
static struct message onnx_with_input(const uint64_t *sides, size_t count)
{
    struct message shape = {0}, tensor = {0}, type = {0}, value = {0}, graph = {0}, file = {0};
    for (size_t i = 0; i < count; i++) {
        struct message dimension = {0};
        if (sides[i] > 0) {
            put_varint(&dimension, 1 << 3);
            put_varint(&dimension, sides[i]);
        } else {
            put_message(&dimension, 2, &(struct message){.bytes = "n", .size = 1});
        }
        put_message(&shape, 1, &dimension);
    }
    put_varint(&tensor, 1 << 3); /* the element's type */
    put_varint(&tensor, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_message(&value, 1, &(struct message){.bytes = "images", .size = 6});
    put_message(&value, 2, &type);
    put_message(&graph, 2, &(struct message){.bytes = "graph", .size = 5});
    put_message(&graph, 11, &value);
    put_varint(&file, 1 << 3);
    put_varint(&file, 8);
    put_message(&file, 7, &graph);
    return file;
}

#define PATH_SIZE 64

/* Makes a file to be unlinked. */
static void make_file(char path[PATH_SIZE], const char *suffix, const void *bytes, size_t size)
{
    snprintf(path, PATH_SIZE, "/tmp/ringcast-test-XXXXXX%s", suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static bool ask(const char *suffix, const void *bytes, size_t size, int *width, int *height)
{
    char path[PATH_SIZE];
    make_file(path, suffix, bytes, size);
    bool found = model_file_input_size(path, width, height);
    unlink(path);
    return found;
}

static void test_onnx(void **state)
{
    static const struct {
        uint64_t sides[5];
        size_t count;
        bool found;
    } samples[] = {
        {{1, 3, 352, 640}, 4, true},
        {{0, 3, 352, 640}, 4, true},
        {{1, 3, 0, 0}, 4, false},
        {{1, 3, 352, 0}, 4, false},
        {{1, 0, 352, 640}, 4, true},
        {{1, 1, 352, 640}, 4, false},
        {{1, 3, 8192, 8192}, 4, false},
        {{1, 3, 4, 8193}, 4, false},
        {{1, 3, 8193, 4}, 4, false},
        {{3, 352, 640}, 3, false},
        {{1, 3, 3, 352, 640}, 5, false},
        {{1, 3, 352, UINT64_MAX}, 4, false},
        {{0}, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct message file = onnx_with_input(samples[i].sides, samples[i].count);
        int width = 0, height = 0;
        if (ask(".onnx", file.bytes, file.size, &width, &height) != samples[i].found) {
            fail_msg("sample %zu must%s have a size", i, samples[i].found ? "" : " not");
        }
        if (samples[i].found) {
            assert_int_equal(width, 640);
            assert_int_equal(height, 352);
        }
    }
}

/* Cut anywhere, or with any byte changed, a file may say nothing or something else, not more. */
static void test_broken_onnx(void **state)
{
    struct message file = onnx_with_input((uint64_t[]){1, 3, 352, 640}, 4);
    int width, height;
    (void)state;
    for (size_t size = 0; size < file.size; size++) {
        assert_false(ask(".onnx", file.bytes, size, &width, &height));
    }
    for (size_t i = 0; i < file.size; i++) {
        struct message changed = file;
        changed.bytes[i] = 0xff;
        if (ask(".onnx", changed.bytes, changed.size, &width, &height)) {
            assert_in_range(width, 1, 8192);
            assert_in_range(height, 1, 8192);
        }
    }
}

static void test_darknet(void **state)
{
    static const struct {
        const char *text;
        bool found;
    } samples[] = {
        {"[net]\nbatch=1\nwidth=640\nheight=352\n[convolutional]\nwidth=9\n", true},
        {"# x\r\n[net]\r\n  width = 640\r\nheight= 352\r\n", true},
        {"[net]\nwidth=640\n", false},
        {"[convolutional]\nwidth=640\nheight=352\n", false},
        {"[net]\nwidth=0\nheight=-3\n", false},
        {"[net]\nwidth=99999999999\nheight=352\n", false},
        {"[net]\nwidth=8193\nheight=4\n", false},
        {"[net]\nwidth=8192\nheight=8192\n", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        int width = 0, height = 0;
        bool found = ask(".cfg", samples[i].text, strlen(samples[i].text), &width, &height);
        if (found != samples[i].found || (found && (width != 640 || height != 352))) {
            fail_msg("sample %zu: %d %dx%d", i, found, width, height);
        }
    }
}

/* Inputs of which the file says that they are no picture that can be had. */
static void test_inputs_that_are_refused(void **state)
{
    static const struct {
        uint64_t sides[8];
        size_t count;
        const char *said; /* NULL: nothing is wrong with it */
    } samples[] = {
        {{1, 3, 352, 640}, 4, NULL},
        {{1, 3, 4096, 4096}, 4, NULL},
        {{1, 3, 2048, 8192}, 4, NULL},
        {{0, 0, 0, 0}, 4, NULL},
        {{0}, 0, NULL}, /* it says nothing */
        {{1, 3, 4096, 4097}, 4, "its input is 1x3x4096x4097, and the most is"},
        {{1, 3, 100000, 4}, 4, "its input is 1x3x100000x4, and the most is"},
        {{1, 3, 1ULL << 33, 1ULL << 33}, 4, "and the most is"},
        {{16, 3, 352, 640}, 4, "its input is 16x3x352x640, several pictures at a time"},
        {{1, 352, 640, 3}, 4, "its input is 1x352x640x3, and what is wanted is 1 x 3 x"},
        {{1, 1000}, 2, "its input is 1x1000, and what"},
        {{1, 2, 3, 4, 5, 6, 7}, 7, "its input is 1x2x3x4x5x6, and what"},
        {{1, 1, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}, 6, "and what is wanted"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct message file = onnx_with_input(samples[i].sides, samples[i].count);
        char path[PATH_SIZE], error[MODEL_ERROR_SIZE] = "";
        make_file(path, ".onnx", file.bytes, file.size);
        bool right = model_file_check(path, error);
        unlink(path);
        if (right != (samples[i].said == NULL) ||
            (!right &&
             (strstr(error, samples[i].said) == NULL || strstr(error, ": yolo export") == NULL))) {
            fail_msg("sample %zu: %s", i, error);
        }
    }
}

/* The picture is the input that looks like one, wherever it stands; without one
 * the first is named. */
static void test_several_inputs(void **state)
{
    struct message first = onnx_with_input((uint64_t[]){1, 77}, 2);
    struct message second = onnx_with_input((uint64_t[]){1, 3, 352, 640}, 4);
    struct message third = onnx_with_input((uint64_t[]){1, 3, 64, 64}, 4);
    uint8_t both[1200];
    int width = 0, height = 0;
    (void)state;
    memcpy(both, first.bytes, first.size);
    memcpy(both + first.size, second.bytes, second.size);
    memcpy(both + first.size + second.size, third.bytes, third.size);
    assert_true(ask(".onnx", both, first.size + second.size + third.size, &width, &height));
    assert_true(width == 640 && height == 352);
}

static void test_weights(void **state)
{
    /* Version 0.1 has counted its pictures in 4 bytes. */
    static const uint32_t old[16] = {0, 1, 0, 0}, new[17] = {0, 2, 5, 0, 0};
    static const struct {
        const void *bytes;
        size_t size, values;
        const char *said;
    } samples[] = {
        {old, sizeof old, 12, NULL},
        {new, sizeof new, 12, NULL},
        {new, sizeof new, 11, "it has 68 bytes, and the network wants 64: it is of another"},
        {new, sizeof new, 13, "it has 68 bytes, and the network wants 72: it was not copied whole"},
        {new, 7, 12, "was not copied whole"},
        {"", 0, 12, "it has 0 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char path[PATH_SIZE], error[MODEL_ERROR_SIZE] = "";
        make_file(path, ".weights", samples[i].bytes, samples[i].size);
        bool right = model_file_check_weights(path, samples[i].values, error);
        unlink(path);
        if (right != (samples[i].said == NULL) ||
            (!right && strstr(error, samples[i].said) == NULL)) {
            fail_msg("sample %zu: %s", i, error);
        }
    }
}

static void test_weights_without_their_head(void **state)
{
    static const char bytes[20];
    (void)state;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        char path[PATH_SIZE], error[MODEL_ERROR_SIZE] = "", said[64];
        make_file(path, ".weights", bytes, size);
        assert_int_equal(model_file_has_weights(path, error), size == sizeof bytes);
        unlink(path);
        snprintf(said, sizeof said, "cannot be used: it has %zu bytes, fewer", size);
        assert_int_equal(strstr(error, said) != NULL, size < sizeof bytes);
        assert_int_equal(strstr(error, path) != NULL, size < sizeof bytes);
    }
}

static void test_no_such_file(void **state)
{
    int width, height;
    (void)state;
    assert_false(model_file_input_size("/nowhere/a.onnx", &width, &height));
    assert_false(model_file_input_size("/nowhere/a.cfg", &width, &height));
    assert_false(model_file_input_size("", &width, &height));
}

/* OpenCV throws and prints; this side of the face gets one line. */
static void test_errors_are_one_line(void **state)
{
    static const char *const suffixes[] = {".onnx", ".cfg"};
    char error[MODEL_ERROR_SIZE], path[PATH_SIZE];
    char backends[256];
    struct model_config config = {.path = "/nowhere/a.onnx",
                                  .backend = "default",
                                  .target = "cpu",
                                  .input_width = 64,
                                  .input_height = 64};
    (void)state;
    assert_null(model_create(&config, error));
    assert_string_equal(error, "/nowhere/a.onnx: cannot be read: No such file or directory");
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        make_file(path, suffixes[i], "neither\n", 8);
        config.path = path;
        assert_null(model_create(&config, error));
        unlink(path);
        assert_int_equal(strncmp(error, path, strlen(path)), 0);
        assert_non_null(strstr(error, ": cannot be loaded"));
        assert_null(strchr(error, '\n'));
    }
    static const char network[] = "[net]\nwidth=64\nheight=64\nchannels=3\n[convolutional]\n"
                                  "filters=2\nsize=1\nstride=1\npad=1\nactivation=linear\n";
    make_file(path, ".cfg", network, sizeof network - 1);
    assert_null(model_create(&config, error));
    unlink(path);
    assert_non_null(strstr(error, ": cannot be used: a Darknet network needs its .weights"));
    config.backend = "abacus";
    assert_null(model_create(&config, error));
    assert_non_null(strstr(error, "no backend abacus with target cpu; it has: "));
    model_describe_backends(backends, sizeof backends);
    assert_non_null(strstr(error, backends));
    assert_non_null(strstr(backends, "opencv/cpu"));
    model_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_onnx),
        cmocka_unit_test(test_broken_onnx),
        cmocka_unit_test(test_darknet),
        cmocka_unit_test(test_inputs_that_are_refused),
        cmocka_unit_test(test_several_inputs),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_weights_without_their_head),
        cmocka_unit_test(test_no_such_file),
        cmocka_unit_test(test_errors_are_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
