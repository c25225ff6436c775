/* What is believed of a proxy, and of whom. */
#include "broadcaster/access/forwarded.h"

#include "tests/unit/http_request_text.h"

#define FOR "X-Forwarded-For: "

/* 10.0.0.0/8 and ::1 are trusted. */
static void read_fields(const char *peer, const char *fields, bool is_secure,
                        struct forwarded *forwarded, char host[64])
{
    struct address_network trusted[2];
    struct in6_addr address;
    assert_true(address_network_parse("10.0.0.0/8", &trusted[0]));
    assert_true(address_network_parse("::1", &trusted[1]));
    assert_true(address_parse(peer, strlen(peer), &address));
    struct http_reader *reader = http_request_text("/", fields);
    forwarded_read(http_reader_request(reader), &address, is_secure, trusted, 2, forwarded);
    assert_true(forwarded->host.size < 64);
    memcpy(host, forwarded->host.data, forwarded->host.size);
    host[forwarded->host.size] = '\0';
    http_reader_destroy(reader);
}

static void test_clients(void **state)
{
    static const struct {
        const char *peer, *fields, *client;
    } cases[] = {
        {"192.0.2.1", "", "192.0.2.1"},
        {"192.0.2.1", FOR "203.0.113.5\r\n", "192.0.2.1"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", FOR "203.0.113.5\r\n", "203.0.113.5"},
        {"::ffff:10.0.0.1", FOR "203.0.113.5\r\n", "203.0.113.5"},
        {"10.0.0.1", FOR "1.1.1.1, 203.0.113.5\r\n", "203.0.113.5"},
        {"10.0.0.1", FOR "1.1.1.1, 203.0.113.5, 10.9.9.9\r\n", "203.0.113.5"},
        {"10.0.0.1", FOR "1.1.1.1\r\n" FOR "203.0.113.5,10.9.9.9\r\n", "203.0.113.5"},
        {"10.0.0.1", FOR "203.0.113.5\r\n" FOR "10.9.9.9\r\n", "203.0.113.5"},
        {"10.0.0.1", FOR "10.1.1.1, 10.2.2.2\r\n", "10.1.1.1"},
        {"10.0.0.1", FOR "203.0.113.5:4711\r\n", "203.0.113.5"},
        {"10.0.0.1", FOR "2001:db8::7\r\n", "2001:db8::7"},
        {"10.0.0.1", FOR "[2001:db8::7]:4711\r\n", "2001:db8::7"},
        {"10.0.0.1", FOR "[2001:db8::7]\r\n", "2001:db8::7"},
        {"::1", FOR "203.0.113.5\r\n", "203.0.113.5"},
        /* What cannot be read ends the way: everything left of it may be made up. */
        {"10.0.0.1", FOR "203.0.113.5, unknown\r\n", "10.0.0.1"},
        {"10.0.0.1", FOR "203.0.113.5, unknown, 10.2.2.2\r\n", "10.2.2.2"},
        {"10.0.0.1", FOR "\r\n", "10.0.0.1"},
        {"10.0.0.1", FOR ",\r\n", "10.0.0.1"},
        {"10.0.0.1", FOR "203.0.113.5,\r\n", "10.0.0.1"},
        {"10.0.0.1", FOR "[\r\n", "10.0.0.1"},
        {"10.0.0.1", FOR "[]:1\r\n", "10.0.0.1"},
        {"10.0.0.1", FOR "203.0.113.555\r\n", "10.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forwarded forwarded;
        char host[64], client[ADDRESS_TEXT_SIZE];
        read_fields(cases[i].peer, cases[i].fields, false, &forwarded, host);
        if (strcmp(address_text(&forwarded.client, client), cases[i].client) != 0) {
            fail_msg("%s %s: %s", cases[i].peer, cases[i].fields, client);
        }
    }
}

static void test_hosts_and_schemes(void **state)
{
    static const struct {
        const char *peer, *fields;
        bool by_tls;
        const char *host;
        bool is_secure;
    } cases[] = {
        {"192.0.2.1", "", false, "here", false},
        {"192.0.2.1", "", true, "here", true},
        {"192.0.2.1", "X-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\n", false, "here",
         false},
        {"10.0.0.1", "X-Forwarded-Host: cam.example:8443\r\n", false, "cam.example:8443", false},
        {"10.0.0.1", "X-Forwarded-Host: evil, cam.example\r\n", false, "cam.example", false},
        {"10.0.0.1", "X-Forwarded-Host: a b\r\n", false, "here", false},
        {"10.0.0.1", "X-Forwarded-Host: \r\n", false, "here", false},
        {"10.0.0.1", "X-Forwarded-Host: evil/\r\n", false, "here", false},
        {"10.0.0.1", "X-Forwarded-Proto: https\r\n", false, "here", true},
        {"10.0.0.1", "X-Forwarded-Proto: http\r\n", true, "here", false},
        {"10.0.0.1", "X-Forwarded-Proto: https, http\r\n", false, "here", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forwarded forwarded;
        char host[64];
        read_fields(cases[i].peer, cases[i].fields, cases[i].by_tls, &forwarded, host);
        if (strcmp(host, cases[i].host) != 0 || forwarded.is_secure != cases[i].is_secure) {
            fail_msg("%s %s: %s %d", cases[i].peer, cases[i].fields, host, forwarded.is_secure);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_hosts_and_schemes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
