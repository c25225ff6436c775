/* What one change makes of the overlay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "broadcaster/cameras/camera_overlay.h"
#include "common/config_document.h"
#include "common/memory.h"

/* In these texts ' stands for ". */
static json_t *parse(const char *text)
{
    char *json = xstrdup(text);
    for (char *c = json; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    json_t *document = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(document);
    free(json);
    return document;
}

typedef json_t *change_fn(const json_t *overlay, const json_t *filed, const char *camera,
                          json_t *fields);

static json_t *removal(const json_t *overlay, const json_t *filed, const char *camera,
                       json_t *fields)
{
    (void)fields;
    return camera_overlay_remove(overlay, filed, camera);
}

struct sample {
    change_fn *change;
    const char *filed; /* what the file says of A; "null": nothing */
    const char *overlay, *fields, *result;
    const char *camera; /* what A then is; "null": it is none */
};

static const struct sample samples[] = {
    {camera_overlay_add, "null", "{}", "{'url':'http://a/'}", "{'A':{'url':'http://a/'}}",
     "{'url':'http://a/'}"},
    {camera_overlay_add, "null", "{'B':{}}", "{'fps':null}", "{'A':{},'B':{}}", "{}"},
    /* Of the one that was deleted nothing may shine through. */
    {camera_overlay_add, "{'url':'http://f/','user':'u','password':'p'}", "{'A':null}",
     "{'url':'http://a/'}", "{'A':{'url':'http://a/','user':null,'password':null}}",
     "{'url':'http://a/'}"},
    {camera_overlay_add, "{'path':'/f.mjpeg'}", "{'A':null}", "{}", "{'A':{'path':null}}", "{}"},
    {camera_overlay_change, "null", "{'A':{'fps':1,'name':'n'}}", "{'fps':2}",
     "{'A':{'fps':2,'name':'n'}}", "{'fps':2,'name':'n'}"},
    {camera_overlay_change, "null", "{'A':{'fps':1}}", "{'fps':null}", "{'A':{}}", "{}"},
    {camera_overlay_change, "{'fps':5}", "{}", "{'fps':2}", "{'A':{'fps':2}}", "{'fps':2}"},
    /* Back to the default, and not to what the file says. */
    {camera_overlay_change, "{'fps':5}", "{'A':{'fps':2}}", "{'fps':null}", "{'A':{'fps':null}}",
     "{}"},
    {camera_overlay_change, "{'fps':5}", "{'A':{'name':'n'}}", "{'name':null}", "{}", "{'fps':5}"},
    {camera_overlay_change, "{'spaces':[1,2]}", "{}", "{'spaces':[3]}", "{'A':{'spaces':[3]}}",
     "{'spaces':[3]}"},
    {removal, "null", "{'A':{'fps':1},'B':{}}", "{}", "{'B':{}}", "null"},
    {removal, "{'fps':1}", "{'A':{'fps':2}}", "{}", "{'A':null}", "null"},
    {removal, "{'fps':1}", "{}", "{}", "{'A':null}", "null"},
};

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct sample *sample = &samples[i];
        json_t *filed = parse(sample->filed), *overlay = parse(sample->overlay);
        json_t *before = json_deep_copy(overlay), *fields = parse(sample->fields);
        json_t *expected = parse(sample->result), *camera = parse(sample->camera);
        const json_t *of_file = json_is_null(filed) ? NULL : filed;
        json_t *result = sample->change(overlay, of_file, "A", fields);
        assert_true(json_equal(result, expected));
        assert_true(json_equal(overlay, before));
        json_t *cameras = json_object();
        if (of_file != NULL) {
            json_object_set(cameras, "A", filed);
        }
        cameras = config_document_patch(cameras, result);
        const json_t *merged = json_object_get(cameras, "A");
        assert_true(merged != NULL ? json_equal(merged, camera) : json_is_null(camera));
        json_decref(cameras);
        json_decref(result);
        json_decref(camera);
        json_decref(expected);
        json_decref(fields);
        json_decref(before);
        json_decref(overlay);
        json_decref(filed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
