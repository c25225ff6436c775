#include "common/config_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/config.h"

struct sample {
    const char *text;
    const char *mistake; /* NULL: it is right */
};

static void check(const struct sample *samples, size_t count, const char *(*judge)(const char *))
{
    for (size_t i = 0; i < count; i++) {
        const char *mistake = judge(samples[i].text);
        const char *wanted = samples[i].mistake;
        bool right =
            wanted == NULL ? mistake == NULL : mistake != NULL && strcmp(mistake, wanted) == 0;
        if (!right) {
            fail_msg("\"%s\": %s, not: %s", samples[i].text, mistake != NULL ? mistake : "right",
                     wanted != NULL ? wanted : "right");
        }
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_urls(void **state)
{
    static const char *const scheme = "must begin with http:// or https://";
    const struct sample samples[] = {
        {"http://10.0.0.7:81/stream", NULL},
        {"https://user:p%40ss@cam.example/a?b=c", NULL},
        {"HTTP://cam", NULL},
        {"http://[fe80::1]/x", NULL},
        {"http://user:@cam/", NULL},
        {"rtsp://cam/x", scheme},
        {"file:///etc/passwd", scheme},
        {"ftp://cam/", scheme},
        {"gopher://cam/", scheme},
        {"cam/stream", scheme},
        {"http:/cam/stream", scheme},
        {"//cam/stream", scheme},
        {"", scheme},
        {"http://", "has no host"},
        {"http:///x", NULL},
        {"http://cam:99999/", "is not a URL"},
        {"http://cam /x", "is not a URL"},
        {"http://cam/\r\nX: y", "is not a URL"},
        {"http://[::1", "is not a URL"},
    };
    (void)state;
    check(samples, COUNT(samples), config_url_mistake);
}

static void test_origins(void **state)
{
    static const char *const form = "is not an origin: scheme://host[:port] and nothing behind it";
    const struct sample samples[] = {
        {"https://portal.example", NULL},
        {"http://localhost:8080", NULL},
        {"http://[::1]:80", NULL},
        {"https://portal.example/", form},
        {"https://portal.example?x", form},
        {"https://user@portal.example", form},
        {"https://portal.example#x", form},
        {"http:/portal.example", "must begin with http:// or https://"},
        {"*", NULL},
        {"**", "must begin with http:// or https://"},
        {"null", "must begin with http:// or https://"},
    };
    (void)state;
    check(samples, COUNT(samples), config_origin_mistake);
}

static void test_listen_addresses(void **state)
{
    static const char *const form = "must be address:port or [address]:port";
    static const char *const port = "has no port between 0 and 65535";
    static const char *const four = "is not a numeric IPv4 address";
    const struct sample samples[] = {
        {"127.0.0.1:8069", NULL},
        {"0.0.0.0:0", NULL},
        {"[::1]:65535", NULL},
        {"[::]:80", NULL},
        {"8069", form},
        {":8069", form},
        {"", form},
        {"127.0.0.1:", port},
        {"127.0.0.1:65536", port},
        {"127.0.0.1:-1", port},
        {"127.0.0.1:80x", port},
        {"127.0.0.1:000080", port},
        {"localhost:80", four},
        {"1.2.3:80", four},
        {"1.2.3.4.5:80", four},
        {"[1.2.3.4]:80", "is not an IPv6 address"},
        {"[]:80", "is not an IPv6 address"},
        {"::1:80", "needs [ ] around an IPv6 address"},
        {"[::1:80", "needs [ ] around an IPv6 address"},
    };
    (void)state;
    check(samples, COUNT(samples), config_listen_mistake);
}

static void test_urls_with_a_user(void **state)
{
    (void)state;
    assert_true(config_url_has_user("http://a@h/"));
    assert_true(config_url_has_user("http://a:b@h/"));
    assert_true(config_url_has_user("http://:b@h/"));
    assert_false(config_url_has_user("http://h/a:b@c"));
    assert_false(config_url_has_user("nothing"));
}

static void test_urls_for_people(void **state)
{
    static const struct {
        const char *url, *shown;
    } samples[] = {
        {"http://cam:81/stream", "http://cam:81/stream"},
        {"http://user:S3CRET@cam/stream", "http://cam/stream"},
        {"https://S3CRET@cam/", "https://cam/"},
        {"http://cam/x?user=admin&pwd=S3CRET", "http://cam/x?user=***&pwd=***"},
        {"http://cam/x?S3CRET", "http://cam/x?***"},
        {"http://cam/x?a=&b=S3CRET=&&c", "http://cam/x?a=***&b=***&***&***"},
        {"http://cam/x#S3CRET", "http://cam/x"},
        {"http://[::1]:80/", "http://[::1]:80/"},
        {"S3CRET", "(unreadable URL)"},
        {"http://user:S3CRET@cam:99999/", "(unreadable URL)"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        char *shown = config_redact_url(samples[i].url);
        assert_string_equal(shown, samples[i].shown);
        free(shown);
    }
}

static void test_user_taken_out(void **state)
{
    static const struct {
        const char *url, *rest, *user, *password;
    } samples[] = {
        {"http://cam:81/stream?x=1", "http://cam:81/stream?x=1", NULL, NULL},
        {"http://admin:S%40C%3a@cam/x", "http://cam/x", "admin", "S@C:"},
        {"http://admin@cam/x?y", "http://cam/x?y", "admin", NULL},
        {"https://:pass@[::1]:443/", "https://[::1]:443/", "", "pass"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        char *user, *password;
        char *rest = config_url_take_user(samples[i].url, &user, &password);
        assert_string_equal(rest, samples[i].rest);
        assert_string_equal(user != NULL ? user : "(none)",
                            samples[i].user != NULL ? samples[i].user : "(none)");
        assert_string_equal(password != NULL ? password : "(none)",
                            samples[i].password != NULL ? samples[i].password : "(none)");
        free(rest);
        free(user);
        free(password);
    }
}

static void test_same_origin(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } samples[] = {
        {"http://cam/a", "http://CAM:80/b?c", true}, {"https://cam/", "https://cam:443/x", true},
        {"http://cam/", "https://cam/", false},      {"http://cam/", "http://cam:81/", false},
        {"http://cam/", "http://cam.evil/", false},  {"http://cam/", "http://cam@evil/", false},
        {"http://u:p@cam/", "http://cam/", true},    {"http://cam/", "not a url", false},
        {"http://cam/", "http://evil/?cam/", false}, {"http://cam/", "http://cam\\@evil/", false},
        {"http://[::1]/", "http://[::1]:80/", true}, {"", "", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        assert_int_equal(config_url_same_origin(samples[i].a, samples[i].b), samples[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_listen_addresses),
        cmocka_unit_test(test_urls_with_a_user),
        cmocka_unit_test(test_urls_for_people),
        cmocka_unit_test(test_user_taken_out),
        cmocka_unit_test(test_same_origin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
