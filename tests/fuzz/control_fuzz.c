/* A packet on a control socket. The first byte says on whose socket, in which direction and with
 * how many descriptors. What is accepted is accepted again after a round through JSON. */
#include "common/messages.h"
#include "tests/fuzz/fuzz.h"

static void check_error(const char error[MESSAGE_ERROR_SIZE])
{
    size_t length = strnlen(error, MESSAGE_ERROR_SIZE);
    FUZZ_CHECK(length > 0 && length < MESSAGE_ERROR_SIZE);
    for (size_t i = 0; i < length; i++) {
        FUZZ_CHECK(error[i] >= ' ' && error[i] < 0x7f); /* it goes into the log */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum message_service services[] = {
        MESSAGE_SERVICE_CAPTURE, MESSAGE_SERVICE_DETECTOR, MESSAGE_SERVICE_BROADCASTER};
    char error[MESSAGE_ERROR_SIZE] = "";
    json_t *body, *again;
    if (size == 0) {
        return 0;
    }
    enum message_direction direction = (data[0] & 1) != 0 ? MESSAGE_TO_SERVER : MESSAGE_TO_CLIENT;
    enum message_service service = services[(data[0] >> 1 & 3) % 3];
    size_t descriptors = data[0] >> 3 & 3;
    int type = message_parse((const char *)data + 1, size - 1, direction, service, descriptors,
                             &body, error);
    if (type < 0) {
        FUZZ_CHECK(body == NULL);
        check_error(error);
        return 0;
    }
    FUZZ_CHECK(type < MESSAGE_TYPES && json_is_object(body));
    FUZZ_CHECK(message_descriptors((enum message_type)type) == descriptors);
    const char *name = json_string_value(json_object_get(body, "type"));
    FUZZ_CHECK(strcmp(name, message_name((enum message_type)type)) == 0);
    if (direction == MESSAGE_TO_SERVER) {
        FUZZ_CHECK(message_check((enum message_type)type, body, error));
    } else if (!message_check((enum message_type)type, body, error)) {
        check_error(error); /* a newer server's fields */
    }
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(17));
    size_t length = strlen(text);
    if (length <= MESSAGE_BYTES_MAX) {
        FUZZ_CHECK(message_parse(text, length, direction, service, descriptors, &again, error) ==
                   type);
        json_decref(again);
    }
    free(text);
    json_decref(body);
    return 0;
}
