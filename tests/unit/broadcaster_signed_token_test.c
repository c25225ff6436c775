/* Tokens for addresses: what is signed comes back, and nothing else does. */
#include "broadcaster/access/signed_token.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/memory.h"

#define EXPIRES_NS 1000000u

static const uint8_t key[SIGNED_TOKEN_KEY_SIZE] = "a key that is long enough, or so";

static char *make(const char *user)
{
    json_t *claims = json_pack("{s:s}", "user", user);
    char *token = signed_token_make(key, claims, EXPIRES_NS);
    json_decref(claims);
    return token;
}

static int result_of(const uint8_t *with, const char *token, uint64_t now_ns)
{
    json_t *claims = NULL;
    int result = signed_token_open(with, token, now_ns, &claims);
    assert_true((result == 0) == (claims != NULL));
    json_decref(claims);
    return result;
}

static void test_there_and_back(void **state)
{
    static const char *const users[] = {
        "", "a", "ab", "abc", "someone-with-a-name", "\xc3\xa4\"\\"};
    (void)state;
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        json_t *claims;
        char *token = make(users[i]);
        assert_true(signed_token_is(token));
        assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_."),
                         strlen(token));
        assert_int_equal(signed_token_open(key, token, 0, &claims), 0);
        assert_string_equal(json_string_value(json_object_get(claims, "user")), users[i]);
        json_decref(claims);
        free(token);
    }
}

static void test_expiry(void **state)
{
    char *token = make("a");
    (void)state;
    assert_int_equal(result_of(key, token, EXPIRES_NS - 1), 0);
    assert_int_equal(result_of(key, token, EXPIRES_NS), -ETIME);
    assert_int_equal(result_of(key, token, UINT64_MAX), -ETIME);
    free(token);
}

/* Every character replaced by another, one by one. */
static void test_forgery(void **state)
{
    char *token = make("somebody");
    size_t length = strlen(token);
    (void)state;
    for (size_t i = 0; i < length; i++) {
        char was = token[i];
        for (const char *c = "Ab0-_.+/= \n\xff"; *c != '\0'; c++) {
            token[i] = *c;
            if (*c != was && result_of(key, token, 0) != -EINVAL) {
                fail_msg("taken with character %zu as %c", i, *c);
            }
        }
        token[i] = was;
    }
    assert_int_equal(result_of(key, token, 0), 0);
    uint8_t other[SIGNED_TOKEN_KEY_SIZE];
    memcpy(other, key, sizeof other);
    other[31] ^= 1;
    assert_int_equal(result_of(other, token, 0), -EINVAL);
    free(token);
}

static void test_cut_and_grown(void **state)
{
    char *token = make("somebody");
    (void)state;
    for (size_t i = strlen(token); i-- > 0;) {
        char *cut = xstrdup(token);
        cut[i] = '\0';
        assert_int_equal(result_of(key, cut, 0), -EINVAL);
        free(cut);
    }
    char *grown = xasprintf("%sA", token), *doubled = xasprintf("%s%s", token, token);
    assert_int_equal(result_of(key, grown, 0), -EINVAL);
    assert_int_equal(result_of(key, doubled, 0), -EINVAL);
    free(grown);
    free(doubled);
    free(token);
}

static void test_others(void **state)
{
    static const char *const others[] = {"",       "rc_0123",  "rcs1",  "rcs1.",       "rcs1..",
                                         "rcs1.a", "rcs1.a.b", "rcs1.", "rcs1.e30.e30"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(result_of(key, others[i], 0), -EINVAL);
    }
    assert_false(signed_token_is("rc_0123"));
    assert_false(signed_token_is("rcs"));
}

static void test_length(void **state)
{
    char user[SIGNED_TOKEN_SIZE];
    (void)state;
    memset(user, 'a', sizeof user);
    size_t longest = 0;
    for (size_t size = 2000; size < sizeof user; size++) {
        user[size - 1] = '\0';
        char *token = make(user);
        user[size - 1] = 'a';
        if (token != NULL) {
            assert_int_equal(longest, longest == 0 ? 0 : size - 1);
            assert_true(strlen(token) < SIGNED_TOKEN_SIZE);
            assert_int_equal(result_of(key, token, 0), 0);
            longest = size;
        }
        free(token);
    }
    assert_true(longest > 2000 && longest < sizeof user - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_forgery),        cmocka_unit_test(test_cut_and_grown),
        cmocka_unit_test(test_others),         cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
