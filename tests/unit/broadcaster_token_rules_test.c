/* What tokens allow, whoever made them, and what a changed configuration leaves of them. */
#include "broadcaster/access/token_rules.h"

#include <openssl/sha.h>

#include "common/clock.h"
#include "tests/unit/http_request_text.h"

#define NOW_NS  (100 * NS_PER_SECOND)
#define LIFE_NS (10 * NS_PER_SECOND)

static char north[] = "NORTH", south[] = "SOUTH";
static char *both[] = {north, south}, *one[] = {south};

/* Four tokens, whose secret is "secret-" and their name. */
struct fixture {
    struct config_token tokens[4];
    struct config_broadcaster config;
    struct token_rules rules;
};

static void fixture_token(struct config_token *token, char *name, enum token_role role,
                          struct config_strings cameras)
{
    char *secret = xasprintf("secret-%s", name);
    *token = (struct config_token){.name = name, .role = role, .cameras = cameras};
    SHA256((const uint8_t *)secret, strlen(secret), token->sha256);
    free(secret);
}

static void fixture_init(struct fixture *fixture)
{
    static char wall[] = "wall", worker[] = "worker", boss[] = "boss", gate[] = "gate";
    struct config_strings all = {0}, some = {both, 2};
    fixture_token(&fixture->tokens[0], wall, TOKEN_VIEWER, some);
    fixture_token(&fixture->tokens[1], worker, TOKEN_PUBLISHER, all);
    fixture_token(&fixture->tokens[2], boss, TOKEN_ADMIN, all);
    fixture_token(&fixture->tokens[3], gate, TOKEN_VIEWER, all);
    fixture->config = (struct config_broadcaster){.tokens = fixture->tokens, .token_count = 4};
    token_rules_init(&fixture->rules);
    fixture->rules.config = &fixture->config;
}

/* The identity that a token in the field (or, with `in_address`, in the query) gets, or
 * NULL with the mistake. */
static struct identity *recognise(const struct fixture *fixture, const char *token, bool in_address,
                                  uint64_t now_ns, const char **mistake)
{
    char *target = xasprintf("/%s%s", in_address ? "?token=" : "", in_address ? token : "");
    char *field = xasprintf("Authorization: Bearer %s\r\n", token);
    struct http_reader *reader = http_request_text(target, in_address ? "" : field);
    struct identity *identity = identity_create();
    *mistake =
        token_rules_recognise(&fixture->rules, http_reader_request(reader), now_ns, identity);
    if (*mistake != NULL) {
        assert_int_equal(identity->roles, 0);
        identity_unref(identity);
        identity = NULL;
    }
    http_reader_destroy(reader);
    free(target);
    free(field);
    return identity;
}

static struct identity *recognised(const struct fixture *fixture, const char *token)
{
    const char *mistake;
    struct identity *identity = recognise(fixture, token, false, NOW_NS, &mistake);
    if (identity == NULL) {
        fail_msg("%s: %s", token, mistake);
    }
    return identity;
}

static void test_lasting(void **state)
{
    static const struct {
        const char *secret, *name;
        unsigned roles;
        bool sees_east;
    } cases[] = {
        {"secret-wall", "wall", ROLE_VIEWER, false},
        {"secret-worker", "worker", ROLE_PUBLISHER, true},
        {"secret-boss", "boss", ROLE_ALL, true},
        {"secret-gate", "gate", ROLE_VIEWER, true},
    };
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct identity *identity = recognised(&fixture, cases[i].secret);
        assert_string_equal(identity_token_name(identity), cases[i].name);
        assert_string_equal(identity->user, cases[i].name);
        assert_int_equal(identity->roles, cases[i].roles);
        assert_true(identity_allows_camera(identity, "NORTH"));
        assert_int_equal(identity_allows_camera(identity, "EAST"), cases[i].sees_east);
        assert_false(identity->token->is_signed);
        identity_unref(identity);
    }
}

static void test_strangers(void **state)
{
    static const char *const secrets[] = {"secret-", "secret-wall2", "wall", "SECRET-WALL",
                                          "rcs1.e30.e30"};
    struct fixture fixture;
    const char *mistake;
    (void)state;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        assert_null(recognise(&fixture, secrets[i], false, NOW_NS, &mistake));
        assert_true(strlen(mistake) > 0);
    }
    assert_null(recognise(&fixture, "secret-wall", true, NOW_NS, &mistake));
    assert_non_null(strstr(mistake, "POST /api/tokens"));
    /* The digest itself is not the secret. */
    assert_null(recognise(&fixture, "00", false, NOW_NS, &mistake));
}

/* What `secret` may hand on, with `roles` and only SOUTH when it has a list. */
static char *sign(const struct fixture *fixture, const char *secret, unsigned roles,
                  bool south_only)
{
    struct identity *identity = recognised(fixture, secret);
    identity->roles = roles;
    if (south_only) {
        identity_limit_cameras(identity, one, 1);
    }
    char *token = token_rules_sign(&fixture->rules, identity, NOW_NS + LIFE_NS);
    assert_non_null(token);
    identity_unref(identity);
    return token;
}

static void test_signed(void **state)
{
    struct fixture fixture;
    const char *mistake;
    (void)state;
    fixture_init(&fixture);
    char *token = sign(&fixture, "secret-boss", ROLE_VIEWER, true);
    for (int in_address = 0; in_address < 2; in_address++) {
        struct identity *identity = recognise(&fixture, token, in_address, NOW_NS, &mistake);
        assert_non_null(identity);
        assert_true(identity->token->is_signed);
        assert_string_equal(identity_token_name(identity), "boss");
        assert_int_equal(identity->roles, ROLE_VIEWER);
        assert_true(identity_allows_camera(identity, "SOUTH"));
        assert_false(identity_allows_camera(identity, "NORTH"));
        identity_unref(identity);
    }
    assert_null(recognise(&fixture, token, true, NOW_NS + LIFE_NS, &mistake));
    assert_string_equal(mistake, "the token has expired");
    /* Another start has another key. */
    struct fixture restarted;
    fixture_init(&restarted);
    assert_null(recognise(&restarted, token, true, NOW_NS, &mistake));
    free(token);
}

/* More than the maker has now is not in it, even if it was when it was made. */
static void test_signed_is_never_more_than_its_maker(void **state)
{
    struct fixture fixture;
    const char *mistake;
    (void)state;
    fixture_init(&fixture);
    char *token = sign(&fixture, "secret-boss", ROLE_ALL, false);
    fixture.tokens[2].role = TOKEN_VIEWER;
    fixture.tokens[2].cameras = (struct config_strings){one, 1};
    struct identity *identity = recognised(&fixture, token);
    assert_int_equal(identity->roles, ROLE_VIEWER);
    assert_true(identity_allows_camera(identity, "SOUTH"));
    assert_false(identity_allows_camera(identity, "NORTH"));
    identity_unref(identity);
    fixture.tokens[2].sha256[31] ^= 1; /* another secret under the same name */
    assert_null(recognise(&fixture, token, false, NOW_NS, &mistake));
    free(token);
}

static void test_nothing_of_a_secret_is_in_a_signed_token(void **state)
{
    struct fixture fixture;
    char hex[2 * CONFIG_DIGEST_SIZE + 1];
    json_t *claims;
    (void)state;
    fixture_init(&fixture);
    char *token = sign(&fixture, "secret-wall", ROLE_VIEWER, false);
    assert_int_equal(signed_token_open(fixture.rules.key, token, NOW_NS, &claims), 0);
    char *text = json_dumps(claims, 0);
    for (size_t i = 0; i < CONFIG_DIGEST_SIZE; i++) {
        snprintf(hex + 2 * i, 3, "%02x", fixture.tokens[0].sha256[i]);
    }
    assert_null(strstr(text, hex));
    free(text);
    json_decref(claims);
    free(token);
}

static void test_reloads(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture);
    struct identity *wall = recognised(&fixture, "secret-wall");
    struct identity *gate = recognised(&fixture, "secret-gate");
    struct identity *boss = recognised(&fixture, "secret-boss");
    assert_true(token_rules_still_allow(&fixture.rules, wall));
    assert_true(token_rules_still_allow(&fixture.rules, gate));
    assert_true(token_rules_still_allow(&fixture.rules, boss));

    fixture.tokens[0].cameras = (struct config_strings){one, 1};
    assert_false(token_rules_still_allow(&fixture.rules, wall)); /* it had two cameras */
    fixture.tokens[0].cameras = (struct config_strings){0};
    assert_true(token_rules_still_allow(&fixture.rules, wall));
    fixture.tokens[3].cameras = (struct config_strings){both, 2};
    assert_false(token_rules_still_allow(&fixture.rules, gate)); /* it had all */
    fixture.tokens[2].role = TOKEN_PUBLISHER;
    assert_false(token_rules_still_allow(&fixture.rules, boss));
    fixture.config.tokens++;
    fixture.config.token_count--;
    assert_false(token_rules_still_allow(&fixture.rules, wall));

    struct identity *nobody = identity_create(); /* came while no token was needed */
    assert_false(token_rules_still_allow(&fixture.rules, nobody));
    identity_unref(nobody);
    identity_unref(wall);
    identity_unref(gate);
    identity_unref(boss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lasting),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_signed_is_never_more_than_its_maker),
        cmocka_unit_test(test_nothing_of_a_secret_is_in_a_signed_token),
        cmocka_unit_test(test_reloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
