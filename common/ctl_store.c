#include "common/ctl_store.h"

#include <errno.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_document.h"
#include "common/fd.h"
#include "common/memory.h"

/* 0 or -errno; -EPIPE when not all has come. */
static int store_file(const char *path, const char *expected)
{
    uint8_t *data;
    size_t size;
    int result = fd_read_file("/dev/stdin", CONFIG_FILE_MAX, &data, &size);
    if (result < 0) {
        return result;
    }
    char *end;
    if (strtoull(expected, &end, 10) != size || *end != '\0') {
        free(data);
        return -EPIPE;
    }
    char *copy = xstrdup(path);
    result = fd_make_directory(dirname(copy));
    if (result == 0) {
        result = fd_write_file(path, data, size);
    }
    free(copy);
    free(data);
    return result;
}

int ctl_store_stdin(const char *path, const char *size)
{
    int result = store_file(path, size);
    if (result < 0) {
        fprintf(stderr, "cannot write %s: %s\n", path, strerror(-result));
    }
    return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
