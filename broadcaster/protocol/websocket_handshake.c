#include "broadcaster/protocol/websocket_handshake.h"

#include <openssl/sha.h>
#include <string.h>

#include "broadcaster/protocol/http_syntax.h"
#include "broadcaster/text/base64.h"

#define WEBSOCKET_KEY_SIZE 24 /* 16 bytes in base64 */
#define WEBSOCKET_GUID     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static bool websocket_key_valid(const struct http_text *key)
{
    uint8_t bytes[WEBSOCKET_KEY_SIZE / 4 * 3];
    return key != NULL && key->size == WEBSOCKET_KEY_SIZE &&
           base64_decode(bytes, key->data, key->size) == 16;
}

static void websocket_accept(const struct http_text *key, char accept[WEBSOCKET_ACCEPT_SIZE])
{
    uint8_t text[WEBSOCKET_KEY_SIZE + sizeof WEBSOCKET_GUID - 1];
    uint8_t digest[SHA_DIGEST_LENGTH];
    memcpy(text, key->data, WEBSOCKET_KEY_SIZE);
    memcpy(text + WEBSOCKET_KEY_SIZE, WEBSOCKET_GUID, sizeof WEBSOCKET_GUID - 1);
    SHA1(text, sizeof text, digest);
    accept[base64_encode(accept, digest, sizeof digest)] = '\0';
}

/* Each field a list of tokens, at least one. Empty elements between them count for
 * nothing: RFC 9110, 5.6.1. */
static bool websocket_protocols_valid(const struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (http_text_is(request->fields[i].name, "Sec-WebSocket-Protocol")) {
            struct http_text list = request->fields[i].value, element;
            size_t tokens = 0;
            while (http_list_next(&list, &element)) {
                if (element.size > 0 && !http_is_token(element.data, element.size)) {
                    return false;
                }
                tokens += element.size > 0;
            }
            if (tokens == 0) {
                return false;
            }
        }
    }
    return true;
}

bool websocket_handshake_wanted(const struct http_request *request)
{
    return http_request_has_token(request, "Upgrade", "websocket") ||
           http_request_field_count(request, "Sec-WebSocket-Key") > 0 ||
           http_request_field_count(request, "Sec-WebSocket-Version") > 0;
}

int websocket_handshake_check(const struct http_request *request,
                              char accept[WEBSOCKET_ACCEPT_SIZE], const char **message)
{
    const struct http_text *version = http_request_field(request, "Sec-WebSocket-Version");
    const struct http_text *key = http_request_field(request, "Sec-WebSocket-Key");
    int status = 400;
    if (request->method != HTTP_GET) {
        *message = "a WebSocket is opened with GET";
        status = 405;
    } else if (!websocket_handshake_wanted(request)) {
        *message = "this address speaks WebSocket only";
        status = 426;
    } else if (request->minor_version == 0) {
        *message = "a WebSocket needs HTTP/1.1";
    } else if (request->framing != HTTP_BODY_NONE) {
        *message = "a WebSocket handshake has no body";
    } else if (!http_request_has_token(request, "Upgrade", "websocket")) {
        *message = "the field Upgrade does not name websocket";
    } else if (!http_request_has_token(request, "Connection", "Upgrade")) {
        *message = "the field Connection does not name Upgrade";
    } else if (version == NULL) {
        *message = "exactly one Sec-WebSocket-Version is needed";
    } else if (!http_text_is(*version, "13")) {
        *message = "only version 13 of the WebSocket protocol is spoken here";
        status = 426;
    } else if (!websocket_key_valid(key)) {
        *message = "exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed";
    } else if (!websocket_protocols_valid(request)) {
        *message = "Sec-WebSocket-Protocol is malformed";
    } else {
        websocket_accept(key, accept);
        status = 0;
    }
    return status;
}

bool websocket_offers_protocol(const struct http_request *request, const char *protocol)
{
    size_t length = strlen(protocol);
    for (size_t i = 0; i < request->field_count; i++) {
        if (http_text_is(request->fields[i].name, "Sec-WebSocket-Protocol")) {
            struct http_text list = request->fields[i].value, element;
            while (http_list_next(&list, &element)) {
                if (element.size == length && memcmp(element.data, protocol, length) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}
