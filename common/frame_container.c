#include "common/frame_container.h"

#include <stdbool.h>
#include <string.h>

#define CONTAINER_MAGIC     "RCF1"
#define CONTAINER_VERSION   1
#define CONTAINER_ALIGNMENT 8U

static void put_be16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void put_be32(uint8_t *out, uint32_t value)
{
    put_be16(out, (uint16_t)(value >> 16));
    put_be16(out + 2, (uint16_t)value);
}

static void put_be64(uint8_t *out, uint64_t value)
{
    put_be32(out, (uint32_t)(value >> 32));
    put_be32(out + 4, (uint32_t)value);
}

static uint16_t get_be16(const uint8_t *in)
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

static uint32_t get_be32(const uint8_t *in)
{
    return (uint32_t)get_be16(in) << 16 | get_be16(in + 2);
}

static uint64_t get_be64(const uint8_t *in)
{
    return (uint64_t)get_be32(in) << 32 | get_be32(in + 4);
}

static size_t container_header_size(size_t camera_length)
{
    return (FRAME_CONTAINER_FIXED + camera_length + CONTAINER_ALIGNMENT - 1) / CONTAINER_ALIGNMENT *
           CONTAINER_ALIGNMENT;
}

size_t frame_container_write_header(const struct frame_container *container,
                                    uint8_t out[FRAME_CONTAINER_HEADER_MAX])
{
    size_t camera_length = strnlen(container->camera, CAMERA_ID_MAX);
    size_t header_size = container_header_size(camera_length);
    memset(out, 0, header_size);
    memcpy(out, CONTAINER_MAGIC, 4);
    out[4] = CONTAINER_VERSION;
    out[5] = container->flags;
    put_be16(out + 6, (uint16_t)header_size);
    put_be32(out + 8, container->metadata_size);
    put_be32(out + 12, container->jpeg_size);
    put_be64(out + 16, container->frame_number);
    put_be64(out + 24, container->generation);
    put_be64(out + 32, container->captured_ns);
    put_be64(out + 40, container->sent_ns);
    put_be64(out + 48, container->frame_count);
    put_be32(out + 56, container->rendering);
    put_be16(out + 60, (uint16_t)camera_length);
    memcpy(out + FRAME_CONTAINER_FIXED, container->camera, camera_length);
    return header_size;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* The first reason to refuse a whole fixed header, or NULL. */
static const char *container_refuse(const uint8_t *data, size_t size)
{
    size_t header_size = get_be16(data + 6);
    size_t camera_length = get_be16(data + 60);
    uint64_t metadata_size = get_be32(data + 8);
    uint64_t jpeg_size = get_be32(data + 12);
    const char *camera = (const char *)data + FRAME_CONTAINER_FIXED;

    if (memcmp(data, CONTAINER_MAGIC, 4) != 0) {
        return "the container does not begin with RCF1";
    }
    if (data[4] != CONTAINER_VERSION) {
        return "the container's version is not 1";
    }
    if ((data[5] & ~FRAME_CONTAINER_RAW) != 0 || get_be16(data + 62) != 0) {
        return "the container has flags that are not known";
    }
    if (camera_length > CAMERA_ID_MAX || header_size != container_header_size(camera_length)) {
        return "the container's header length does not fit its camera id";
    }
    if (metadata_size > FRAME_METADATA_MAX) {
        return "the metadata is too large";
    }
    if (header_size + metadata_size + jpeg_size != size) {
        return "the container's lengths do not add up to its size";
    }
    if (!camera_id_valid(camera, camera_length)) {
        return "the camera id is not valid";
    }
    if (!all_zero(data + FRAME_CONTAINER_FIXED + camera_length,
                  header_size - FRAME_CONTAINER_FIXED - camera_length)) {
        return "the container's padding is not zero";
    }
    return NULL;
}

size_t frame_container_parse(const uint8_t *data, size_t size, struct frame_container *container,
                             const char **error)
{
    *error = size < FRAME_CONTAINER_FIXED ? "the container is shorter than its header"
                                          : container_refuse(data, size);
    if (*error != NULL) {
        return 0;
    }
    size_t camera_length = get_be16(data + 60);
    *container = (struct frame_container){
        .frame_number = get_be64(data + 16),
        .generation = get_be64(data + 24),
        .captured_ns = get_be64(data + 32),
        .sent_ns = get_be64(data + 40),
        .frame_count = get_be64(data + 48),
        .rendering = get_be32(data + 56),
        .metadata_size = get_be32(data + 8),
        .jpeg_size = get_be32(data + 12),
        .flags = data[5],
    };
    memcpy(container->camera, data + FRAME_CONTAINER_FIXED, camera_length);
    return get_be16(data + 6);
}
