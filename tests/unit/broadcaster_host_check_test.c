/* The Host and Origin rules. */
#include "broadcaster/access/host_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct host_case {
    const char *host;
    bool allowed;
};

static struct http_text text(const char *string)
{
    return (struct http_text){string, strlen(string)};
}

static struct host_rules *rules_for(const char *listen)
{
    static char name[] = "cam.example.org", with_port[] = "proxy.example:8443";
    static char origin[] = "https://page.example", slash[] = "http://dev.example:3000/";
    static char *hosts[] = {name, with_port}, *origins[] = {origin, slash};
    char address[64];
    strcpy(address, listen);
    struct config_broadcaster config = {
        .listen = address,
        .hosts = {hosts, 2},
        .cors_origins = {origins, 2},
    };
    return host_rules_create(&config);
}

static void check_hosts(const char *listen, const struct host_case *cases, size_t count)
{
    struct host_rules *rules = rules_for(listen);
    for (size_t i = 0; i < count; i++) {
        if (host_rules_allow_host(rules, text(cases[i].host)) != cases[i].allowed) {
            fail_msg("listen=%s host=%s", listen, cases[i].host);
        }
    }
    host_rules_destroy(rules);
}

#define CHECK_HOSTS(listen, ...)                                                                   \
    check_hosts(listen, (const struct host_case[]){__VA_ARGS__},                                   \
                sizeof((const struct host_case[]){__VA_ARGS__}) / sizeof(struct host_case))

static void test_hosts(void **state)
{
    (void)state;
    CHECK_HOSTS("10.0.0.5:8069", {"localhost", true}, {"localhost:8069", true},
                {"LocalHost:1", true}, {"127.0.0.1", true}, {"127.0.0.1:8069", true},
                {"127.8.9.10:80", true}, {"[::1]", true}, {"[::1]:8069", true},
                {"[0:0:0:0:0:0:0:1]:1", true}, {"[::ffff:127.0.0.1]", true}, {"10.0.0.5", true},
                {"10.0.0.5:9", true}, {"[::ffff:10.0.0.5]:9", true}, {"cam.example.org", true},
                {"CAM.example.org:99", true}, {"proxy.example:8443", true});
    CHECK_HOSTS("10.0.0.5:8069", {"", false}, {":8069", false}, {"evil.example", false},
                {"evil.example:8069", false}, {"localhost.evil.example", false},
                {"localhost.", false}, {"10.0.0.6", false}, {"0.0.0.0:8069", false},
                {"127.0.0.1.evil.example", false}, {"127.1", false}, {"2130706433", false},
                {"[::2]", false}, {"::1", false}, {"[::1", false}, {"[::1]x", false},
                {"[127.0.0.1]", false}, {"[localhost]", false}, {"localhost:80a", false},
                {"localhost:80:80", false}, {"proxy.example", false}, {"proxy.example:8444", false},
                {"a@localhost", false}, {"local host", false});
    CHECK_HOSTS("0.0.0.0:8069", {"192.168.1.9:8069", true}, {"[fe80::1]:8069", true},
                {"evil.example:8069", false});
    CHECK_HOSTS("[::]:8069", {"192.168.1.9:8069", true}, {"evil.example:8069", false});
    CHECK_HOSTS("[fd00::5]:8069", {"[fd00::5]", true}, {"[fd00:0::5]:1", true},
                {"[fd00::6]", false}, {"10.0.0.5", false});
}

static void test_long_names(void **state)
{
    struct host_rules *rules = rules_for("127.0.0.1:8069");
    char name[400];
    (void)state;
    memset(name, 'a', sizeof name);
    for (size_t size = 1; size <= sizeof name; size++) {
        assert_false(host_rules_allow_host(rules, (struct http_text){name, size}));
    }
    host_rules_destroy(rules);
}

static void test_origins(void **state)
{
    static const struct {
        const char *origin, *host;
        bool allowed;
    } cases[] = {
        {"http://localhost:8069", "localhost:8069", true},
        {"https://localhost:8069", "localhost:8069", true},
        {"http://LOCALHOST:8069", "localhost:8069", true},
        {"HTTP://localhost:8069", "localhost:8069", true},
        {"http://localhost", "localhost:80", true},
        {"http://localhost:80", "localhost", true},
        {"https://cam.example.org", "cam.example.org:443", true},
        {"https://page.example", "localhost:8069", true},
        {"http://dev.example:3000", "localhost:8069", true},
        {"http://localhost:8070", "localhost:8069", false},
        {"http://127.0.0.1:8069", "localhost:8069", false},
        {"http://localhost:443", "localhost", false},
        {"https://localhost:80", "localhost", false},
        {"http://evil.example", "localhost:8069", false},
        {"http://localhost:8069.evil.example", "localhost:8069", false},
        {"http://page.example", "localhost:8069", false},
        {"https://page.example.evil", "localhost:8069", false},
        {"https://page.example/", "localhost:8069", false},
        {"file://", "localhost:8069", false},
        {"ftp://localhost:8069", "localhost:8069", false},
        {"null", "localhost:8069", false},
        {"localhost:8069", "localhost:8069", false},
        {"http://", "localhost:8069", false},
        {"http://", "", false},
        {"", "", false},
        {"", "localhost:8069", false},
    };
    struct host_rules *rules = rules_for("127.0.0.1:8069");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (host_rules_allow_origin(rules, text(cases[i].origin), text(cases[i].host)) !=
            cases[i].allowed) {
            fail_msg("origin=%s host=%s", cases[i].origin, cases[i].host);
        }
    }
    host_rules_destroy(rules);
}

static void test_cors(void **state)
{
    static char listed[] = "https://page.example/", any[] = "*";
    static char *origins[] = {listed, any};
    static const struct {
        size_t first, count; /* of the origins */
        const char *origin;
        enum host_cors cors;
    } cases[] = {
        {0, 0, "https://page.example", HOST_CORS_NONE},
        {0, 1, "https://page.example", HOST_CORS_LISTED},
        {0, 1, "HTTPS://page.example", HOST_CORS_LISTED},
        {0, 1, "http://page.example", HOST_CORS_NONE},
        {0, 1, "https://page.example:8443", HOST_CORS_NONE},
        {0, 1, "https://page.example.evil", HOST_CORS_NONE},
        {0, 1, "null", HOST_CORS_NONE},
        {0, 1, "*", HOST_CORS_NONE},
        {1, 1, "https://page.example", HOST_CORS_ANY},
        {1, 1, "null", HOST_CORS_ANY},
        {0, 2, "https://page.example", HOST_CORS_LISTED},
        {0, 2, "https://other.example", HOST_CORS_ANY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char address[] = "127.0.0.1:8069";
        struct config_broadcaster config = {
            .listen = address,
            .cors_origins = {origins + cases[i].first, cases[i].count},
        };
        struct host_rules *rules = host_rules_create(&config);
        if (host_rules_cors(rules, text(cases[i].origin)) != cases[i].cors) {
            fail_msg("case %zu origin=%s", i, cases[i].origin);
        }
        /* Who may read may also act. */
        assert_int_equal(host_rules_allow_origin(rules, text(cases[i].origin), text("here:1")),
                         cases[i].cors != HOST_CORS_NONE);
        host_rules_destroy(rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_cors),
        cmocka_unit_test(test_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
