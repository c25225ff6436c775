/* The configuration as a whole: what is right, what is wrong and how it is told. */
#include "common/config.h"

#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/text_hash.h"
#include "tests/unit/config_file.h"

#define CAMERA(members) "{'cameras': {'CAM1': {" members "}}}"
#define URL             "'url': 'http://h/'"
#define SPACES(spaces)  CAMERA(URL ", 'spaces': [" spaces "]")
#define SPACE(members)  SPACES("{'id': 'a', " members "}")
#define TRIANGLE        "'polygon': [[0,0],[1,0],[0,1]]"
#define BOX(x, y, width, height)                                                                   \
    SPACE("'bbox': {'x': " #x ", 'y': " #y ", 'width': " #width ", 'height': " #height "}")

static void load_right(struct config_file *file, const char *text)
{
    config_file_load(file, text);
    if (file->result != 0) {
        config_file_show_errors(file);
        fail_msg("refused: %s", text);
    }
}

static const struct config_camera *camera_of(struct config_file *file, const char *text)
{
    load_right(file, text);
    const struct config_camera *camera = config_find_camera(file->config, "CAM1");
    assert_non_null(camera);
    return camera;
}

/* --- what is right --- */

static void test_smallest_file(void **state)
{
    struct config_file *file = *state;
    const struct config_camera *camera = camera_of(file, CAMERA(URL));
    assert_string_equal(camera->id, "CAM1");
    assert_string_equal(camera->name, "CAM1");
    assert_int_equal(camera->source, SOURCE_MJPEG);
    assert_int_equal(camera->capture, CAPTURE_ALWAYS);
    assert_int_equal(camera->detect, DETECT_ON_DEMAND);
    assert_int_equal(camera->detector, -1);
    assert_true(camera->tls_verify);
    assert_null(camera->user);
    assert_null(file->config->detector.model);
    assert_string_equal(file->config->broadcaster.listen, "127.0.0.1:8069");
    assert_int_equal(file->config->max_frame_bytes, 4 << 20);
    assert_int_equal(file->errors.count, 0);
}

static void test_nothing_at_all(void **state)
{
    struct config_file *file = *state;
    load_right(file, "{}");
    assert_int_equal(file->config->camera_count, 0);
    assert_null(config_find_camera(file->config, "CAM1"));
    assert_int_equal(config_camera_detector(file->config, "CAM1"), 0);
}

static void test_source_follows_from_what_is_given(void **state)
{
    static const struct {
        const char *text;
        enum camera_source source;
        double source_fps;
        bool captured;
    } samples[] = {
        {CAMERA(URL), SOURCE_MJPEG, 10, true},
        {CAMERA(URL ", 'source': 'snapshot'"), SOURCE_SNAPSHOT, 5, true},
        {CAMERA(URL ", 'source': 'snapshot', 'source_fps': 0.5"), SOURCE_SNAPSHOT, 0.5, true},
        {CAMERA("'path': 'x.mjpeg'"), SOURCE_FILE, 10, true},
        {CAMERA(""), SOURCE_PUSH, 10, false},
        {CAMERA("'source': 'push'"), SOURCE_PUSH, 10, false},
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct config_camera *camera = camera_of(file, samples[i].text);
        assert_int_equal(camera->source, samples[i].source);
        assert_true(camera->source_fps == samples[i].source_fps);
        assert_int_equal(config_camera_has_capture(camera), samples[i].captured);
    }
}

static void test_detect_follows_from_spaces(void **state)
{
    struct config_file *file = *state;
    assert_int_equal(camera_of(file, SPACE(TRIANGLE))->detect, DETECT_ALWAYS);
    assert_int_equal(camera_of(file, SPACES(""))->detect, DETECT_ON_DEMAND);
    assert_int_equal(camera_of(file, CAMERA(URL ", 'detect': 'off'"))->detect, DETECT_OFF);
}

static void test_relative_paths(void **state)
{
    struct config_file *file = *state;
    load_right(file, "{'run_dir': 'run', 'state_dir': '/s', 'detector': {'model': 'm/x.onnx'}, "
                     "'cameras': {'CAM1': {'path': '../clips'}}}");
    char *folder = realpath(file->folder, NULL);
    char *run_dir = xasprintf("%s/run", folder), *model = xasprintf("%s/m/x.onnx", folder);
    char *clips = xasprintf("%s/../clips", folder);
    assert_string_equal(file->config->run_dir, run_dir);
    assert_string_equal(file->config->state_dir, "/s");
    assert_string_equal(file->config->detector.model, model);
    assert_string_equal(file->config->cameras[0].path, clips);
    /* The same when the file is named from elsewhere. */
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(file->folder), 0);
    strcpy(file->path, "ringcast.json");
    config_file_load_again(file);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(file->result, 0);
    assert_string_equal(file->config->run_dir, run_dir);
    free(before);
    free(clips);
    free(model);
    free(run_dir);
    free(folder);
}

/* Who runs it decides where it lives. */
static void test_default_folders(void **state)
{
    struct config_file *file = *state;
    load_right(file, "{}");
    unsetenv("RINGCAST_STATE_DIR");
    setenv("XDG_RUNTIME_DIR", "/xdg/run", 1);
    setenv("XDG_STATE_HOME", "/xdg/state", 1);
    if (geteuid() == 0) {
        config_file_load_again(file);
        assert_string_equal(file->config->run_dir, "/run/ringcast");
        assert_string_equal(file->config->state_dir, "/var/lib/ringcast");
        assert_int_equal(chmod(file->folder, 0755), 0);
        assert_int_equal(chmod(file->path, 0644), 0);
        assert_int_equal(seteuid(12345), 0);
    }
    config_file_load_again(file);
    assert_string_equal(file->config->run_dir, "/xdg/run/ringcast");
    assert_string_equal(file->config->state_dir, "/xdg/state/ringcast");
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/x", 1);
    config_file_load_again(file);
    char *run_dir = xasprintf("/tmp/ringcast-%u", (unsigned)geteuid());
    assert_string_equal(file->config->run_dir, run_dir);
    assert_string_equal(file->config->state_dir, "/home/x/.local/state/ringcast");
    free(run_dir);
    unsetenv("HOME");
    config_file_load_again(file);
    const struct passwd *user = getpwuid(geteuid());
    char *state_dir = xasprintf("%s/.local/state/ringcast", user != NULL ? user->pw_dir : "");
    assert_string_equal(file->config->state_dir, state_dir);
    free(state_dir);
    assert_int_equal(seteuid(getuid()), 0);
}

static void test_cameras_and_their_detectors(void **state)
{
    static const struct {
        const char *id;
        size_t detector;
    } cameras[] = {{"A", 0}, {"B", 1}, {"C", 2}, {"D", 0}, {"E", 0}};
    struct config_file *file = *state;
    load_right(file, "{'detector': {'processes': 3}, 'cameras': {'E': {'detector': 0}, 'C': {}, "
                     "'A': {}, 'D': {}, 'B': {}}}");
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(file->config->cameras[i].id, cameras[i].id);
        assert_ptr_equal(config_find_camera(file->config, cameras[i].id),
                         &file->config->cameras[i]);
        assert_int_equal(config_camera_detector(file->config, cameras[i].id), cameras[i].detector);
    }
    assert_null(config_find_camera(file->config, "AA"));
    assert_int_equal(config_camera_detector(file->config, "phone"), text_hash("phone") % 3);
}

static void test_spaces(void **state)
{
    static const struct config_point corners[] = {{0.5, 0.25}, {1, 0.25}, {1, 1}, {0.5, 1}};
    struct config_file *file = *state;
    const struct config_camera *camera = camera_of(
        file, SPACES("{'id': 'a', 'name': 'A 1', 'polygon': [[0,0],[1,0],[0.5,0.5]]}, {'id': 'b', "
                     "'bbox': {'x': 0.5, 'y': 0.25, 'width': 0.5, 'height': 0.75}}"));
    assert_int_equal(camera->space_count, 2);
    assert_string_equal(camera->spaces[0].name, "A 1");
    assert_int_equal(camera->spaces[0].corner_count, 3);
    assert_true(camera->spaces[0].corners[2].x == 0.5);
    assert_string_equal(camera->spaces[1].id, "b");
    assert_string_equal(camera->spaces[1].name, "b");
    assert_int_equal(camera->spaces[1].corner_count, 4);
    assert_memory_equal(camera->spaces[1].corners, corners, sizeof corners);
}

/* 0.7 + 0.3 and the like are a little more than 1 in binary: no mistake of the user's. */
static void test_boxes_that_reach_the_edge(void **state)
{
    struct config_file *file = *state;
    for (int i = 1; i < 1000; i++) {
        char text[256];
        snprintf(text, sizeof text, SPACE("'bbox': {'x': %g, 'y': %g, 'width': %g, 'height': %g}"),
                 i / 1e3, 0., 1 - i / 1e3, 1.);
        const struct config_camera *camera = camera_of(file, text);
        assert_true(camera->spaces[0].corners[1].x <= 1);
    }
}

/* --- what is wrong --- */

static const struct {
    const char *text, *line;
} mistakes[] = {
    {"{'fps': 3}", "fps: unknown key"},
    {"{'camera': {}}", "camera: unknown key; did you mean \"cameras\"?"},
    {"{'x\\ny': 3}", "x?y: unknown key"},
    {"{'cameras': []}", "cameras: must be an object: {\"ID\": {…}}"},
    {"{'cameras': {'CAM1': 7}}", "cameras.CAM1: must be an object"},
    {"{'detector': 'x'}", "detector: must be an object"},
    {"{'detector': {'Model': 'x'}}", "detector.Model: unknown key; did you mean \"model\"?"},
    {"{'detector': {'classes': ['car', 3]}}", "detector.classes[1]: must be a text"},
    {"{'detector': {'classes': ['']}}", "detector.classes[0]: must not be empty"},
    {"{'detector': {'weights': 'x'}}", "detector.weights: without detector.model"},
    {"{'detector': {'post_token': 'x'}}", "detector.post_token: without detector.post_url"},
    {"{'detector': {'conf': null}}", "detector.conf: must be a number"},
    {"{'detector': {'threads': 1.0}}", "detector.threads: must be an integer"},
    {"{'detector': {'layout': 'v8'}}",
     "detector.layout: must be one of auto, yolov5, yolov8, yolox, darknet"},
    {"{'log_level': 'loud'}", "log_level: must be one of error, warn, info, debug"},
    {"{'max_frame_bytes': '4 MB'}",
     "max_frame_bytes: must be a number of bytes such as 65536 or \"4 MiB\""},
    {"{'max_frame_bytes': '1 KiB'}", "max_frame_bytes: 1024 is below 64 KiB"},
    {"{'max_frame_bytes': -1}", "max_frame_bytes: -1 is below 64 KiB"},
    {"{'max_frame_bytes': 99999999999}", "max_frame_bytes: 99999999999 is above 64 MiB"},
    {"{'max_frame_bytes': '64 MiB'}",
     "broadcaster.intake_memory: 67108864 is too little for one frame of max_frame_bytes: at least "
     "89544024"},
    {"{'broadcaster': {'ping_interval_s': 30}}",
     "broadcaster.ping_timeout_s: 30 is not longer than ping_interval_s 30"},
    {"{'broadcaster': {'cors_origins': ['https://a/b']}}",
     "broadcaster.cors_origins[0]: is not an origin: scheme://host[:port] and nothing behind it"},
    {"{'cameras': {'-x': {}}}",
     "cameras.-x: a camera's id has 1 to 64 letters, digits, '_', '.' and '-', the first a letter or "
     "digit"},
    {CAMERA("'url': ''"), "cameras.CAM1.url: must not be empty"},
    {CAMERA("'url': 'rtsp://h/'"), "cameras.CAM1.url: must begin with http:// or https://"},
    {CAMERA("'source': 'mjpeg'"), "cameras.CAM1: source mjpeg needs a url"},
    {CAMERA("'source': 'snapshot'"), "cameras.CAM1: source snapshot needs a url"},
    {CAMERA("'fps': 12, 'max_fps': 5"), "cameras.CAM1: max_fps 5 is below fps 12"},
    {CAMERA("'source': 'file'"), "cameras.CAM1: source file needs a path"},
    {CAMERA(URL ", 'source': 'push'"), "cameras.CAM1: source push takes no url"},
    {CAMERA(URL ", 'path': 'x'"), "cameras.CAM1: source file takes no url"},
    {CAMERA(URL ", 'path': 'x', 'source': 'mjpeg'"), "cameras.CAM1: source mjpeg takes no path"},
    {CAMERA(URL ", 'password': 'x'"), "cameras.CAM1: password without user"},
    {CAMERA("'url': 'http://a:b@h/', 'user': 'x'"),
     "cameras.CAM1: user stands in the url as well: give it once"},
    {CAMERA(URL ", 'detector': 1"),
     "cameras.CAM1: detector 1 does not exist: detector.processes is 1"},
    {CAMERA(URL ", 'spaces': {}"), "cameras.CAM1.spaces: must be a list of spaces"},
    {SPACES("7"), "cameras.CAM1.spaces[0]: must be an object"},
    {SPACES("{" TRIANGLE "}"),
     "cameras.CAM1.spaces[0]: needs an id of 1 to 64 letters, digits, '_', '.' and '-', the first a "
     "letter or digit"},
    {SPACES("{'id': 'a'}"), "cameras.CAM1.spaces[0]: needs either polygon or bbox"},
    {SPACE(TRIANGLE ", 'bbox': {}"), "cameras.CAM1.spaces[0]: needs either polygon or bbox"},
    {SPACE(TRIANGLE ", 'name': ''"),
     "cameras.CAM1.spaces[0]: name must be a text of 1 to 128 bytes"},
    {SPACE(TRIANGLE ", 'color': 1"), "cameras.CAM1.spaces[0].color: unknown key"},
    {SPACE("'polygon': 3"), "cameras.CAM1.spaces[0].polygon: must be a list of corners [x, y]"},
    {SPACE("'polygon': [[0,0],[1,1]]"),
     "cameras.CAM1.spaces[0].polygon: has 2 corners, not 3 to 64"},
    {SPACE("'polygon': [[0,0],[1,1],[0.5,0.5]]"), "cameras.CAM1.spaces[0].polygon: has no area"},
    {SPACE("'polygon': [[0,0],[1,0],[0,1.5]]"),
     "cameras.CAM1.spaces[0].polygon[2]: 1.5 is not within 0 and 1"},
    {SPACE("'polygon': [[-0.1,0],[1,0],[0,1]]"),
     "cameras.CAM1.spaces[0].polygon[0]: -0.1 is not within 0 and 1"},
    {SPACE("'polygon': [[0,0],[1,0,1],[0,1]]"),
     "cameras.CAM1.spaces[0].polygon[1]: must be [x, y]"},
    {SPACE("'polygon': [[0,0],['1',0],[0,1]]"),
     "cameras.CAM1.spaces[0].polygon[1]: must be a number"},
    {SPACE("'bbox': []"), "cameras.CAM1.spaces[0].bbox: must be {x, y, width, height}"},
    {SPACE("'bbox': {'x': 0, 'y': 0, 'width': 1}"),
     "cameras.CAM1.spaces[0].bbox.height: must be a number"},
    {SPACE("'bbox': {'x': 0, 'y': 0, 'width': 1, 'height': 1, 'w': 1}"),
     "cameras.CAM1.spaces[0].bbox.w: unknown key"},
    {BOX(0.5, 0, 0.6, 1), "cameras.CAM1.spaces[0].bbox: reaches beyond the picture"},
    {BOX(0.5, 0, 0, 1), "cameras.CAM1.spaces[0].bbox: has no area"},
    {SPACES("{'id': 'a', " TRIANGLE "}, {'id': 'b', " TRIANGLE "}, {'id': 'a', " TRIANGLE "}"),
     "cameras.CAM1.spaces: [0] and [2] have the same id \"a\""},
};

static void test_every_mistake(void **state)
{
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        config_file_load(file, mistakes[i].text);
        if (file->result != -EINVAL || file->config != NULL || file->errors.count != 1 ||
            !config_file_has_error(file, mistakes[i].line)) {
            config_file_show_errors(file);
            fail_msg("%s\n    instead of: %s", mistakes[i].text, mistakes[i].line);
        }
    }
}

static void test_all_mistakes_at_once(void **state)
{
    struct config_file *file = *state;
    config_file_load(file,
                     "{'detector': {'conf': 2, 'modle': 'x'}, 'broadcaster': {'listen': 'x'}, "
                     "'cameras': {'A': {'fps': 'x'}, 'B': {'url': 'x'}}}");
    assert_int_equal(file->result, -EINVAL);
    assert_int_equal(file->errors.count, 5);
    assert_true(config_file_has_error(file, "detector.conf: 2 is above 0.95"));
    assert_true(config_file_blames(file, "detector.modle"));
    assert_true(config_file_blames(file, "broadcaster.listen"));
    assert_true(config_file_blames(file, "cameras.A.fps"));
    assert_true(config_file_blames(file, "cameras.B.url"));
}

/* What is wrong with a secret is told without the secret. */
static void test_mistakes_keep_secrets(void **state)
{
    static const char *const texts[] = {
        CAMERA("'url': 'ftp://user:S3CRET@h/'"),
        CAMERA("'url': 'http://user:S3CRET@h/', 'user': 'a', 'password': 'S3CRET'"),
        CAMERA("'url': 'http://h', 'password': 'S3CRET'"),
        "{'detector': {'post_token': 'S3CRET'}}",
    };
    struct config_file *file = *state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        config_file_load(file, texts[i]);
        assert_true(file->errors.count > 0);
        for (size_t j = 0; j < file->errors.count; j++) {
            assert_null(strstr(file->errors.lines[j], "S3CRET"));
        }
    }
}

/* --- single values --- */

static void test_single_values(void **state)
{
    static const struct {
        const char *key, *text;
    } samples[] = {
        {"run_dir", "/r"},
        {"log_format", "text"},
        {"max_frame_bytes", "4194304"},
        {"detector.processes", "2"},
        {"detector.model", ""},
        {"detector.conf", "0.25"},
        {"detector.show_labels", "true"},
        {"detector.vehicle_classes", "car,truck,bus,motorbike,motorcycle"},
        {"broadcaster.hosts", ""},
        {"cameras.a.b.url", "http://h/"},
        {"cameras.a.b.source", "mjpeg"},
        {"cameras.a.b.spaces", "0"},
    };
    static const char *const unknown[] = {"",
                                          "x",
                                          "detector",
                                          "detector.",
                                          "detector.x",
                                          "cameras.a.b",
                                          "cameras.b.url",
                                          "cameras.",
                                          "cameras.a.b.x",
                                          "a.run_dir"};
    struct config_file *file = *state;
    load_right(file, "{'run_dir': '/r', 'detector': {'processes': 2}, "
                     "'cameras': {'a.b': {'url': 'http://h/'}}}");
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *text = config_get_text(file->config, samples[i].key);
        assert_non_null(text);
        assert_string_equal(text, samples[i].text);
        free(text);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_null(config_get_text(file->config, unknown[i]));
    }
    char *hash = config_get_text(file->config, "config_hash");
    assert_string_equal(hash, file->config->hash);
    free(hash);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, config_file_create, config_file_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_smallest_file),
        TEST(test_nothing_at_all),
        TEST(test_source_follows_from_what_is_given),
        TEST(test_detect_follows_from_spaces),
        TEST(test_relative_paths),
        TEST(test_default_folders),
        TEST(test_cameras_and_their_detectors),
        TEST(test_spaces),
        TEST(test_boxes_that_reach_the_edge),
        TEST(test_every_mistake),
        TEST(test_all_mistakes_at_once),
        TEST(test_mistakes_keep_secrets),
        TEST(test_single_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
