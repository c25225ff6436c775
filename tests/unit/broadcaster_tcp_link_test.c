#include "broadcaster/network/tcp_link.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void test_what_is_not_tcp(void **state)
{
    struct tcp_link link;
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_false(tcp_link_measure(ends[0], &link));
    close(ends[0]);
    close(ends[1]);
    assert_false(tcp_link_measure(-1, &link));
}

/* The way through this machine: short, and it carries what is sent. */
static void test_loopback(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct tcp_link link;
    static char bytes[64 * 1024];
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    int server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(send(server, bytes, sizeof bytes, 0), sizeof bytes);
        assert_int_equal(recv(client, bytes, sizeof bytes, MSG_WAITALL), sizeof bytes);
    }
    assert_true(tcp_link_measure(server, &link));
    assert_in_range(link.round_trip_ns, 1, 5000000000);
    assert_true(link.bytes_per_second > 0);
    close(server);
    close(client);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_tcp),
        cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
