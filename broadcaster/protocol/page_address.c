#include "broadcaster/protocol/page_address.h"

#include <string.h>

#include "common/camera_id.h"

static const struct {
    const char *before, *behind; /* behind NULL: no camera id stands in this address */
    const char *file;
} page_addresses[] = {
    {"/camera/", "", "/camera.html"},    {"/camera/", "/spaces", "/spaces.html"},
    {"/cameras", NULL, "/cameras.html"}, {"/health", NULL, "/health.html"},
    {"/publish", NULL, "/publish.html"},
};

const char *page_address_file(const char *path, bool *slash)
{
    size_t size = strlen(path);
    *slash = size > 1 && path[size - 1] == '/';
    size -= *slash;
    for (size_t i = 0; i < sizeof page_addresses / sizeof page_addresses[0]; i++) {
        const char *before = page_addresses[i].before, *behind = page_addresses[i].behind;
        size_t start = strlen(before), end = behind != NULL ? strlen(behind) : 0;
        if (size < start + end || memcmp(path, before, start) != 0 ||
            memcmp(path + size - end, behind != NULL ? behind : "", end) != 0) {
            continue;
        }
        size_t middle = size - start - end;
        if (behind == NULL ? middle == 0 : camera_id_valid(path + start, middle)) {
            return page_addresses[i].file;
        }
    }
    return NULL;
}
