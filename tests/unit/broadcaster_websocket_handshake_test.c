#include "broadcaster/protocol/websocket_handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/http_request_text.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KEY          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION      "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE      "Upgrade: websocket\r\n"
#define CONNECTION   "Connection: Upgrade\r\n"
#define START        "GET / HTTP/1.1\r\nHost: a\r\n"

static void test_checks(void **state)
{
    static const struct {
        const char *head;
        int status;
    } samples[] = {
        {START UPGRADE CONNECTION VERSION KEY, 0},
        {START "upgrade: WEBSOCKET\r\nconnection: keep-alive, uPGRADE\r\n" VERSION KEY, 0},
        {START UPGRADE CONNECTION VERSION KEY "Content-Length: 0\r\n", 0},
        {START UPGRADE CONNECTION VERSION KEY "Sec-WebSocket-Protocol: a, b\r\n", 0},
        {START UPGRADE CONNECTION VERSION KEY "Sec-WebSocket-Protocol: a,\r\n", 0},
        {START UPGRADE CONNECTION VERSION KEY "Sec-WebSocket-Protocol: , a, ,b\r\n", 0},
        {START UPGRADE CONNECTION VERSION KEY "Sec-WebSocket-Protocol: a b\r\n", 400},
        {START UPGRADE CONNECTION VERSION KEY "Sec-WebSocket-Protocol: ,\r\n", 400},
        {START UPGRADE CONNECTION VERSION KEY "Sec-WebSocket-Protocol:\r\n", 400},
        {START UPGRADE CONNECTION VERSION KEY "Content-Length: 1\r\n", 400},
        {START UPGRADE CONNECTION VERSION KEY "Transfer-Encoding: chunked\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE CONNECTION VERSION KEY, 405},
        {"GET / HTTP/1.0\r\nHost: a\r\n" UPGRADE CONNECTION VERSION KEY, 400},
        {START, 426},
        {START "Upgrade: h2c\r\nConnection: Upgrade\r\n", 426},
        {START CONNECTION VERSION KEY, 400},
        {START UPGRADE VERSION KEY, 400},
        {START UPGRADE CONNECTION KEY, 400},
        {START UPGRADE CONNECTION VERSION, 400},
        {START UPGRADE CONNECTION VERSION VERSION KEY, 400},
        {START UPGRADE CONNECTION VERSION KEY KEY, 400},
        {START UPGRADE CONNECTION "Sec-WebSocket-Version: 12\r\n" KEY, 426},
        {START UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n", 400},
        {START UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=\r\n", 400},
        {START UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: ========================\r\n", 400},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        char head[1024], accept[WEBSOCKET_ACCEPT_SIZE];
        const char *message = NULL;
        snprintf(head, sizeof head, "%s\r\n", samples[i].head);
        struct http_reader *reader = http_request_read(head);
        int status = websocket_handshake_check(http_reader_request(reader), accept, &message);
        if (status != samples[i].status) {
            fail_msg("%d instead of %d for:\n%s", status, samples[i].status, head);
        }
        if (status == 0) {
            /* RFC 6455, 1.3 */
            assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        } else {
            assert_non_null(message);
        }
        http_reader_destroy(reader);
    }
}

static void test_offers(void **state)
{
    (void)state;
    struct http_reader *reader = http_request_read(
        START "Sec-WebSocket-Protocol: one , two\r\nsec-websocket-protocol: three\r\n\r\n");
    const struct http_request *request = http_reader_request(reader);
    assert_true(websocket_offers_protocol(request, "one"));
    assert_true(websocket_offers_protocol(request, "two"));
    assert_true(websocket_offers_protocol(request, "three"));
    assert_false(websocket_offers_protocol(request, "One"));
    assert_false(websocket_offers_protocol(request, "on"));
    assert_false(websocket_offers_protocol(request, "one , two"));
    assert_false(websocket_handshake_wanted(request));
    http_reader_destroy(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
