#include "broadcaster/protocol/missing_page.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"

#define ROOT_MARK "{root}"
#define ROOT_SIZE 64 /* of the way to the root, with its NUL */

/* From `path` to the root of the pages: "./../../" for "/a/b/c". False: it does not fit. */
static bool way_to_root(const char *path, char way[ROOT_SIZE])
{
    size_t size = (size_t)snprintf(way, ROOT_SIZE, "./");
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        if (size + sizeof "../" > ROOT_SIZE) {
            return false;
        }
        size += (size_t)snprintf(way + size, ROOT_SIZE - size, "../");
    }
    return true;
}

char *missing_page_fill(struct byte_span page, const char *path, const char *root, size_t *size)
{
    char way[ROOT_SIZE], *filled;
    if (root == NULL && !way_to_root(path, way)) {
        return NULL;
    }
    FILE *out = open_memstream(&filled, size);
    if (out == NULL) {
        die("out of memory");
    }
    const char *rest = (const char *)page.data, *end = rest + page.size, *mark;
    while ((mark = memmem(rest, (size_t)(end - rest), ROOT_MARK, strlen(ROOT_MARK))) != NULL) {
        fwrite(rest, 1, (size_t)(mark - rest), out);
        fputs(root != NULL ? root : way, out);
        rest = mark + strlen(ROOT_MARK);
    }
    fwrite(rest, 1, (size_t)(end - rest), out);
    if (fclose(out) != 0) {
        die("out of memory");
    }
    return filled;
}
