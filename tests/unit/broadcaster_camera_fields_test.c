/* What a client says of a camera: shown urls, credentials in urls,
 * credentials that stay at home. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "broadcaster/cameras/camera_fields.h"
#include "common/memory.h"

struct sample {
    struct config_camera current;
    const char *fields, *result; /* in both ' stands for " */
    const char *blamed;          /* the fields with a mistake, a space behind each */
};

#define CAMERA(...)                                                                                \
    (struct config_camera)                                                                         \
    {                                                                                              \
        .id = (char *)"A", __VA_ARGS__                                                             \
    }
#define TEXT(text) (char *)(text)

#define PLAIN  CAMERA(.url = TEXT("http://cam/s"))
#define KNOWN  CAMERA(.url = TEXT("http://cam/s"), .user = TEXT("u"), .password = TEXT("p"))
#define IN_URL CAMERA(.url = TEXT("http://u:p@cam/s"))
#define KEYED  CAMERA(.url = TEXT("http://cam/s?pwd=S3CRET"))
#define NO_URL CAMERA(.user = TEXT("u"), .password = TEXT("p"))

static json_t *parse(const char *text)
{
    char *json = xstrdup(text);
    for (char *c = json; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    json_t *document = json_loads(json, 0, NULL);
    assert_non_null(document);
    free(json);
    return document;
}

/* The fields that the mistakes are about, a space behind each. The caller frees it. */
static char *blamed_fields(const struct config_errors *errors)
{
    char *list = xstrdup("");
    for (size_t i = 0; i < errors->count; i++) {
        const char *line = errors->lines[i];
        assert_int_equal(strncmp(line, "cameras.A.", 10), 0);
        assert_null(strstr(line, "S3CRET"));
        char *longer = xasprintf("%s%.*s ", list, (int)strcspn(line + 10, ":"), line + 10);
        free(list);
        list = longer;
    }
    return list;
}

static void check(const struct sample *sample, const struct config_camera *current)
{
    struct config_errors errors = {0};
    json_t *fields = parse(sample->fields);
    camera_fields_prepare(fields, "A", current, &errors);
    char *blamed = blamed_fields(&errors);
    assert_string_equal(blamed, sample->blamed);
    if (errors.count == 0) {
        json_t *expected = parse(sample->result);
        assert_true(json_equal(fields, expected));
        json_decref(expected);
    }
    free(blamed);
    json_decref(fields);
    config_errors_finish(&errors);
}

static void test_changes_of_a_camera(void **state)
{
    const struct sample samples[] = {
        {PLAIN, "{'fps':3}", "{'fps':3}", ""},
        {PLAIN, "{'url':5}", "{'url':5}", ""},
        {PLAIN, "{'url':'http://cam/s'}", "{}", ""},
        {PLAIN, "{'url':'http://other/'}", "{'url':'http://other/'}", ""},
        {PLAIN, "{'url':'http://a:b%40@cam/x'}",
         "{'url':'http://cam/x','user':'a','password':'b@'}", ""},
        /* What is secret in a url is not shown, and stays when the url comes back as shown. */
        {KEYED, "{'url':'http://cam/s?pwd=***'}", "{}", ""},
        {KEYED, "{'url':'http://cam/x?pwd=***'}", "", "url "},
        /* The same address keeps the credentials, another one does not get them. */
        {KNOWN, "{'url':'http://cam/other'}", "{'url':'http://cam/other'}", ""},
        {KNOWN, "{'url':'http://CAM:80/x'}", "{'url':'http://CAM:80/x'}", ""},
        {KNOWN, "{'url':'http://evil/'}", "", "user password "},
        {KNOWN, "{'url':'http://cam:81/'}", "", "user password "},
        {KNOWN, "{'url':'https://cam/'}", "", "user password "},
        {KNOWN, "{'url':'http://cam@evil/'}", "{'url':'http://evil/','user':'cam','password':null}",
         ""},
        {KNOWN, "{'url':'http://evil/','user':'x'}", "", "password "},
        {KNOWN, "{'url':'http://evil/','user':null,'password':null}",
         "{'url':'http://evil/','user':null,'password':null}", ""},
        {KNOWN, "{'url':'nonsense'}", "", "user password "},
        {KNOWN, "{'url':null}", "{'url':null}", ""},
        {NO_URL, "{'url':'http://evil/'}", "", "user password "},
        /* Those that stand in the url go with it. */
        {IN_URL, "{'url':'http://cam/s'}", "{}", ""},
        {IN_URL, "{'url':'http://cam/x'}", "", "user password "},
        {IN_URL, "{'url':'http://cam/s','user':'a','password':'b'}",
         "{'url':'http://cam/s','user':'a','password':'b'}", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        check(&samples[i], &samples[i].current);
    }
}

static void test_a_new_camera(void **state)
{
    const struct sample samples[] = {
        {PLAIN, "{'url':'http://cam/s'}", "{'url':'http://cam/s'}", ""},
        {PLAIN, "{'url':'http://a@cam/'}", "{'url':'http://cam/','user':'a','password':null}", ""},
        {PLAIN, "{'url':'http://a:b@cam/','user':'c'}", "{'url':'http://a:b@cam/','user':'c'}", ""},
        {PLAIN, "{'url':'http://cam/?a=***'}", "", "url "},
        {PLAIN, "{'url':'http://caf%C3%A9:%E2%82%AC@cam/'}",
         "{'url':'http://cam/','user':'caf\xc3\xa9','password':'\xe2\x82\xac'}", ""},
        {PLAIN, "{'url':'http://a:%E9@cam/'}", "", "url "},
        {PLAIN, "{}", "{}", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        check(&samples[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_of_a_camera),
        cmocka_unit_test(test_a_new_camera),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
