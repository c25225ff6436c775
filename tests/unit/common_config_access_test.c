/* Tokens, proxies and the open door, as they stand in the configuration. */
#include "common/config_access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/config_tokens.h"
#include "common/memory.h"
#include "tests/unit/config_file.h"

#define DIGEST         "'sha256': '00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF'"
#define OTHER          "'sha256': 'ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'"
#define TOKENS(list)   "'tokens': [" list "]"
#define TOKEN(members) TOKENS("{'name': 'a', " DIGEST ", " members "}")

/* Loads {'broadcaster': {members}}. */
static void load(struct config_file *file, const char *members)
{
    char *text = xasprintf("{'broadcaster': {%s}}", members);
    config_file_load(file, text);
    free(text);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *members, *line;
    } cases[] = {
        {"'tokens': {}", "broadcaster.tokens: must be a list of tokens"},
        {TOKENS("3"), "broadcaster.tokens[0]: must be an object"},
        {TOKENS("{" DIGEST "}"),
         "broadcaster.tokens[0]: needs a name of 1 to 64 letters, digits, '_', '.' and '-', the "
         "first a letter or digit"},
        {TOKENS("{'name': 'a b', " DIGEST "}"),
         "broadcaster.tokens[0]: needs a name of 1 to 64 letters, digits, '_', '.' and '-', the "
         "first a letter or digit"},
        {TOKENS("{'name': 'a', 'sha256': 'secret'}"),
         "broadcaster.tokens[0]: needs sha256: the 64 hexadecimal digits that `ringcast token` "
         "prints"},
        {TOKEN("'role': 'root'"),
         "broadcaster.tokens[0]: role must be one of viewer, publisher, admin"},
        {TOKEN("'role': 3"), "broadcaster.tokens[0]: role must be one of viewer, publisher, admin"},
        {TOKEN("'cameras': 'A'"),
         "broadcaster.tokens[0]: cameras must be a list of at most 1000 camera ids"},
        {TOKEN("'cameras': ['A', '/']"), "broadcaster.tokens[0]: cameras[1] is not a camera id"},
        {TOKEN("'until': 'May'"), "broadcaster.tokens[0].until: unknown key"},
        {TOKENS("{'name': 'a', " DIGEST "}, {'name': 'a', " OTHER "}"),
         "broadcaster.tokens: [0] and [1] have the same name"},
        {TOKENS("{'name': 'a', " DIGEST "}, {'name': 'b', " DIGEST "}"),
         "broadcaster.tokens: [0] and [1] have the same sha256"},
        {"'trusted_proxies': ['10.0.0.1/8']",
         "broadcaster.trusted_proxies[0]: must be an address such as 10.0.0.7 or a network such as "
         "10.0.0.0/8, with no bit set behind its length"},
        {"'base_path': 'x'", "broadcaster.base_path: must be a path such as /cameras: parts of "
                             "letters, digits, '-', '_', '.' and '~', no '/' at the end"},
        {"'tls_key': 'key.pem'", "broadcaster.tls_key: without tls_certificate"},
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        load(file, cases[i].members);
        assert_null(file->config);
        assert_int_equal(file->errors.count, 1);
        assert_string_equal(file->errors.lines[0], cases[i].line);
    }
}

static void test_tokens(void **state)
{
    struct config_file *file = *state;
    static const uint8_t begin[] = {0x00, 0x11, 0x22}, end[] = {0xdd, 0xee, 0xff};
    load(file, TOKENS("{'name': 'wall', " DIGEST "}, {'name': 'worker', " OTHER
                      ", 'role': 'publisher', 'cameras': ['A', 'B']}"));
    assert_non_null(file->config);
    const struct config_broadcaster *read = &file->config->broadcaster;
    assert_int_equal(read->token_count, 2);
    assert_string_equal(read->tokens[0].name, "wall");
    assert_int_equal(read->tokens[0].role, TOKEN_VIEWER);
    assert_int_equal(read->tokens[0].cameras.count, 0);
    assert_memory_equal(read->tokens[0].sha256, begin, sizeof begin);
    assert_memory_equal(read->tokens[0].sha256 + 29, end, sizeof end);
    assert_int_equal(read->tokens[1].role, TOKEN_PUBLISHER);
    assert_int_equal(read->tokens[1].cameras.count, 2);
    assert_string_equal(read->tokens[1].cameras.items[1], "B");
}

static void test_open_doors(void **state)
{
    static const struct {
        const char *members;
        bool allowed;
    } cases[] = {
        {"'listen': '127.0.0.1:80'", true},
        {"'listen': '127.1.2.3:80'", true},
        {"'listen': '[::1]:80'", true},
        {"'listen': '0.0.0.0:80'", false},
        {"'listen': '[::]:80'", false},
        {"'listen': '10.0.0.7:80'", false},
        {"'listen': '0.0.0.0:80', 'insecure': true", true},
        {"'listen': '0.0.0.0:80', 'tls_certificate': 'x.pem'", true},
        {"'listen': '0.0.0.0:80', 'trusted_proxies': ['10.0.0.1']", true},
        {"'listen': '0.0.0.0:80', 'trusted_proxies': []", false},
        {"'listen': '0.0.0.0:80', " TOKENS("{'name': 'a', " DIGEST "}"), true},
        {"'listen': '0.0.0.0:80', 'tokens': []", false},
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        load(file, cases[i].members);
        if ((file->config != NULL) != cases[i].allowed) {
            fail_msg("%s", cases[i].members);
        }
        if (file->config == NULL) {
            assert_int_equal(file->errors.count, 1);
            assert_non_null(strstr(file->errors.lines[0], "\"insecure\": true"));
        }
    }
}

static void test_base_paths(void **state)
{
    static const char *const right[] = {"/a", "/a/b", "/A-b_c.d~e", "/1"};
    static const char *const wrong[] = {"",       "/",    "a",   "/a/",  "//a",
                                        "/a//b",  "/..",  "/.a", "/a/.", "/a b",
                                        "/a%20b", "/a?b", "/a;", "/a\r", "/ä"};
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_null(config_base_path_mistake(right[i]));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (config_base_path_mistake(wrong[i]) == NULL && wrong[i][0] != '\0') {
            fail_msg("%s is taken", wrong[i]);
        }
    }
}

static void test_roles(void **state)
{
    static const struct {
        const char *name;
        enum token_role role;
    } names[] = {{"viewer", TOKEN_VIEWER}, {"publisher", TOKEN_PUBLISHER}, {"admin", TOKEN_ADMIN}};
    enum token_role role;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(config_token_role_parse(names[i].name, &role));
        assert_int_equal(role, names[i].role);
    }
    assert_false(config_token_role_parse("Admin", &role));
    assert_false(config_token_role_parse("", &role));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, config_file_create, config_file_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_mistakes), TEST(test_tokens),
                                       TEST(test_open_doors), cmocka_unit_test(test_base_paths),
                                       cmocka_unit_test(test_roles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
