/* Addresses and networks. */
#include "common/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

static struct in6_addr parsed(const char *text)
{
    struct in6_addr address;
    if (!address_parse(text, strlen(text), &address)) {
        fail_msg("%s is not taken for an address", text);
    }
    return address;
}

static void test_texts(void **state)
{
    static const struct {
        const char *text, *written;
    } right[] = {
        {"127.0.0.1", "127.0.0.1"}, {"10.1.2.3", "10.1.2.3"},        {"::1", "::1"},
        {"fd00:0:0::7", "fd00::7"}, {"::ffff:10.1.2.3", "10.1.2.3"}, {"0.0.0.0", "0.0.0.0"},
    };
    static const char *const wrong[] = {"",          "1.2.3",      "1.2.3.4.5",
                                        "1.2.3.256", "[::1]",      "fe80::1%eth0",
                                        "localhost", "1.2.3.4:80", " 1.2.3.4"};
    char text[ADDRESS_TEXT_SIZE], longest[200];
    struct in6_addr address;
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        address = parsed(right[i].text);
        assert_string_equal(address_text(&address, text), right[i].written);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (address_parse(wrong[i], strlen(wrong[i]), &address)) {
            fail_msg("%s is taken for an address", wrong[i]);
        }
    }
    assert_false(address_parse("1.2.3.4\0", 8, &address));
    memset(longest, '1', sizeof longest);
    assert_false(address_parse(longest, sizeof longest, &address));
}

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        bool loopback, any;
    } cases[] = {
        {"127.0.0.1", true, false}, {"127.9.9.9", true, false},    {"::1", true, false},
        {"0.0.0.0", false, true},   {"::", false, true},           {"128.0.0.1", false, false},
        {"::2", false, false},      {"::127.0.0.1", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct in6_addr address = parsed(cases[i].text);
        assert_int_equal(address_is_loopback(&address), cases[i].loopback);
        assert_int_equal(address_is_any(&address), cases[i].any);
    }
}

static void test_sockets(void **state)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct in6_addr address, expected = parsed("192.0.2.9");
    (void)state;
    inet_pton(AF_INET, "192.0.2.9", &four.sin_addr);
    assert_true(address_of_socket((const struct sockaddr *)&four, &address));
    assert_memory_equal(&address, &expected, sizeof address);
    assert_true(address_of_socket((const struct sockaddr *)&six, &address));
    assert_true(address_is_loopback(&address));
    assert_false(address_of_socket(&other, &address));
}

static void test_networks(void **state)
{
    static const struct {
        const char *network, *address;
        bool contained;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/8", "::ffff:10.0.0.1", true},
        {"192.168.4.128/25", "192.168.4.128", true},
        {"192.168.4.128/25", "192.168.4.127", false},
        {"10.0.0.7", "10.0.0.7", true},
        {"10.0.0.7/32", "10.0.0.6", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "fd00::1", false},
        {"::/0", "fd00::1", true},
        {"::/0", "203.0.113.9", true},
        {"fd00::/16", "fd00:1::", true},
        {"fd00::/15", "fd01::", true},
        {"fd00::/16", "fd01::", false},
        {"::1", "::1", true},
        {"::1/128", "::2", false},
        {"::ffff:10.0.0.0/104", "10.9.9.9", true},
    };
    static const char *const wrong[] = {"",
                                        "/8",
                                        "10.0.0.0/",
                                        "10.0.0.0/33",
                                        "10.0.0.1/8",
                                        "10.0.0.0/-1",
                                        "10.0.0.0/+8",
                                        "10.0.0.0/8 ",
                                        "::/129",
                                        "::1/64",
                                        "10.0.0/8",
                                        "host",
                                        "10.0.0.0/8/8",
                                        "::ffff:10.0.0.0/8",
                                        "10.0.0.0/0000008"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address_network network;
        struct in6_addr address = parsed(cases[i].address);
        assert_true(address_network_parse(cases[i].network, &network));
        if (address_network_contains(&network, &address) != cases[i].contained) {
            fail_msg("%s in %s", cases[i].address, cases[i].network);
        }
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct address_network network;
        if (address_network_parse(wrong[i], &network)) {
            fail_msg("%s is taken for a network", wrong[i]);
        }
    }
}

static void test_customers(void **state)
{
    static const struct {
        const char *address, *customer;
    } cases[] = {
        {"203.0.113.9", "203.0.113.9"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2::", "2001:db8:1:2::"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct in6_addr address = parsed(cases[i].address), expected = parsed(cases[i].customer);
        struct in6_addr customer = address_customer(&address);
        assert_memory_equal(&customer, &expected, sizeof customer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),     cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_sockets),   cmocka_unit_test(test_networks),
        cmocka_unit_test(test_customers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
