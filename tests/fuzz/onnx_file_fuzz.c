/* A model file: any bytes are read to their end, the names in it are within it, and the sides of
 * the input are within their limits. */
#include <string.h>

#include "detector/onnx_file.h"
#include "tests/fuzz/fuzz.h"

struct seen {
    size_t count;
};

static void on_name(void *arg, size_t class_id, const char *text)
{
    struct seen *seen = arg;
    FUZZ_CHECK(class_id == seen->count);
    FUZZ_CHECK(strlen(text) < 128);
    seen->count++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct onnx_facts facts;
    struct seen seen = {0};
    onnx_file_read(data, size, &facts);
    FUZZ_CHECK(facts.input_width >= 0 && facts.input_width <= ONNX_SIDE_MAX);
    FUZZ_CHECK(facts.input_height >= 0 && facts.input_height <= ONNX_SIDE_MAX);
    FUZZ_CHECK((int64_t)facts.input_width * facts.input_height <= ONNX_PIXELS_MAX);
    FUZZ_CHECK(memchr(facts.input_shape, '\0', sizeof facts.input_shape) != NULL);
    FUZZ_CHECK(memchr(facts.task, '\0', sizeof facts.task) != NULL);
    if (facts.names != NULL) {
        FUZZ_CHECK(facts.names >= data && facts.names + facts.names_size <= data + size);
        size_t count = onnx_file_names(facts.names, facts.names_size, on_name, &seen);
        FUZZ_CHECK(count == 0 || count == seen.count);
    }
    seen.count = 0;
    onnx_file_names(data, size, on_name, &seen);
    return 0;
}
