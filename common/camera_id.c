#include "common/camera_id.h"

static bool camera_id_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool camera_id_valid(const char *id, size_t length)
{
    if (length == 0 || length > CAMERA_ID_MAX || !camera_id_alphanumeric(id[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        if (!camera_id_alphanumeric(id[i]) && id[i] != '_' && id[i] != '.' && id[i] != '-') {
            return false;
        }
    }
    return true;
}
