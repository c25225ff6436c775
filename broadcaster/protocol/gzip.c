#include "broadcaster/protocol/gzip.h"

#include <string.h>
#include <strings.h>
#define ZLIB_CONST /* what goes in is not changed */
#include <zlib.h>

#include "broadcaster/protocol/http_syntax.h"
#include "common/log.h"

#define GZIP_WINDOW (15 + 16) /* the largest; 16: with the head and the sum of gzip */
#define GZIP_MEMORY 9

/* --- what the client takes --- */

/* True when ";q=0" stands behind the coding, or "; q=0.000": not that one. */
static bool gzip_is_refused(struct http_text element, size_t coding)
{
    struct http_text weight = {element.data + coding, element.size - coding};
    if (weight.size > 0) {
        weight = http_text_trim((struct http_text){weight.data + 1, weight.size - 1});
    }
    if (weight.size < 3 || strncasecmp(weight.data, "q=0", 3) != 0) {
        return false;
    }
    for (size_t i = 3; i < weight.size; i++) {
        if (weight.data[i] >= '1' && weight.data[i] <= '9') {
            return false;
        }
    }
    return true;
}

bool gzip_is_accepted(const struct http_request *request)
{
    bool named = false, accepted = false, any = false;
    for (size_t i = 0; i < request->field_count; i++) {
        struct http_text list = request->fields[i].value, element;
        if (!http_text_is(request->fields[i].name, "Accept-Encoding")) {
            continue;
        }
        while (http_list_next(&list, &element)) {
            const char *end = memchr(element.data, ';', element.size);
            size_t size = end != NULL ? (size_t)(end - element.data) : element.size;
            struct http_text coding = http_text_trim((struct http_text){element.data, size});
            bool taken = !gzip_is_refused(element, size);
            if (http_text_is(coding, "gzip") || http_text_is(coding, "x-gzip")) {
                named = true;
                accepted = taken;
            } else if (http_text_is(coding, "*")) {
                any = taken;
            }
        }
    }
    return named ? accepted : any;
}

/* --- the bytes --- */

struct shared_bytes *gzip_compress(const struct shared_bytes *plain)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        die("out of memory");
    }
    struct shared_bytes *packed = shared_bytes_create(deflateBound(&stream, plain->size));
    stream.next_in = plain->data;
    stream.avail_in = (uInt)plain->size;
    stream.next_out = packed->data;
    stream.avail_out = (uInt)packed->size;
    /* With room for the bound one call always suffices. */
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        die("zlib broke its promise");
    }
    size_t size = stream.total_out;
    deflateEnd(&stream);
    return shared_bytes_resize(packed, size);
}
