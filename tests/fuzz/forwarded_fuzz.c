/* The fields with which proxies, and whoever plays one, say who asks. Who is not trusted is never
 * believed, and an address that comes out stands in the fields. */
#include "broadcaster/access/forwarded.h"

#include "broadcaster/protocol/http_syntax.h"
#include "tests/fuzz/fuzz.h"

#define FIELDS_MOST 8

/* Lines, the first letter of which says which field each is. */
static size_t make_fields(char *text, size_t size, struct http_field fields[FIELDS_MOST])
{
    static const char *const names[] = {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"};
    size_t count = 0;
    while (size > 0 && count < FIELDS_MOST) {
        const char *end = memchr(text, '\n', size);
        size_t length = end != NULL ? (size_t)(end - text) : size;
        if (length > 0) {
            const char *name = names[(unsigned char)text[0] % 3];
            fields[count++] = (struct http_field){
                {name, strlen(name)}, http_text_trim((struct http_text){text + 1, length - 1})};
        }
        text += length + (end != NULL);
        size -= length + (end != NULL);
    }
    return count;
}

static void check(const struct http_request *request, const struct in6_addr *peer, bool trusted)
{
    struct address_network networks[2];
    struct forwarded forwarded;
    FUZZ_CHECK(address_network_parse("10.0.0.0/8", &networks[0]));
    FUZZ_CHECK(address_network_parse("fd00::/8", &networks[1]));
    forwarded_read(request, peer, false, networks, 2, &forwarded);
    if (!trusted) {
        FUZZ_CHECK(memcmp(&forwarded.client, peer, sizeof *peer) == 0);
        FUZZ_CHECK(forwarded.host.data == request->host.data && !forwarded.is_secure);
    }
    FUZZ_CHECK(http_is_host(forwarded.host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_field fields[FIELDS_MOST];
    struct in6_addr proxy, stranger;
    char *text = xmalloc(size + 1); /* its own memory, so that reading past it shows */
    memcpy(text, data, size);
    struct http_request request = {.host = {"here", 4}, .fields = fields};
    request.field_count = make_fields(text, size, fields);
    FUZZ_CHECK(address_parse("10.1.2.3", 8, &proxy));
    FUZZ_CHECK(address_parse("192.0.2.1", 9, &stranger));
    check(&request, &proxy, true);
    check(&request, &stranger, false);
    free(text);
    return 0;
}
