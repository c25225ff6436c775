/* A frame container. What is accepted adds up and can be written back byte for byte. */
#include "common/frame_container.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_container container;
    uint8_t written[FRAME_CONTAINER_HEADER_MAX];
    const char *error = NULL;
    size_t header = frame_container_parse(data, size, &container, &error);
    FUZZ_CHECK((header == 0) == (error != NULL));
    if (header > 0) {
        FUZZ_CHECK(header % 8 == 0 && header <= FRAME_CONTAINER_HEADER_MAX);
        FUZZ_CHECK(header + container.metadata_size + container.jpeg_size == size);
        FUZZ_CHECK(container.metadata_size <= FRAME_METADATA_MAX);
        FUZZ_CHECK(camera_id_valid(container.camera, strlen(container.camera)));
        FUZZ_CHECK(frame_container_write_header(&container, written) == header);
        FUZZ_CHECK(memcmp(written, data, header) == 0);
    }
    return 0;
}
