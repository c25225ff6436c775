/* The cheap check of a posted picture: base64 must be judged as its bytes are. */
#include "broadcaster/intake/picture_check.h"

#include "broadcaster/text/base64.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jpeg_info bytes_info = {0}, info = {0};
    if (size == 0) {
        return 0; /* an empty frame is refused before */
    }
    size_t length = base64_encoded_size(size);
    char *text = xmalloc(length);
    FUZZ_CHECK(base64_encode(text, data, size) == length);
    enum jpeg_fault wanted = picture_check_bytes((struct byte_span){data, size}, &bytes_info);
    struct byte_span base64 = {(const uint8_t *)text, length};
    FUZZ_CHECK(picture_check_base64(base64, &info) == wanted);
    if (wanted == JPEG_WHOLE) {
        FUZZ_CHECK(info.width == bytes_info.width && info.height == bytes_info.height);
        FUZZ_CHECK(info.size == size && bytes_info.size <= size);
    }
    free(text);
    return 0;
}
