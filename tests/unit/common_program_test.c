/* Start and reload of a program; what ends the process is run in a child. */
#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/captured_stderr.h"
#include "tests/unit/config_file.h"

#define ONE_CAMERA "{'run_dir': 'run', 'cameras': {'CAM1': {'url': 'http://h/'}}}"

static const struct program_definition capture = {
    .name = "capture", .purpose = "a test", .takes_camera = true};

static void start(struct program *program, struct config_file *file, char *more, char *value)
{
    char *arguments[] = {
        "ringcast-capture", "-c", file->path, "--camera", "CAM1", more, value, NULL};
    int count = more == NULL ? 5 : 7;
    optind = 0; /* getopt() begins anew */
    program_start(program, &capture, count, arguments);
}

static void test_start(void **state)
{
    struct config_file *file = *state;
    struct program program;
    struct stat status;
    config_file_load(file, ONE_CAMERA);
    start(&program, file, NULL, NULL);
    assert_string_equal(program.camera, "CAM1");
    assert_string_equal(program.config->hash, file->config->hash);
    assert_int_equal(stat(program.config->run_dir, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    json_t *stats = program_stats(&program);
    assert_string_equal(json_string_value(json_object_get(stats, "config_hash")),
                        file->config->hash);
    assert_int_equal(json_integer_value(json_object_get(stats, "pid")), getpid());
    assert_true(json_is_integer(json_object_get(stats, "uptime_s")));
    json_decref(stats);
    program_finish(&program);
}

static void test_readiness(void **state)
{
    struct config_file *file = *state;
    struct program program;
    int ends[2];
    char number[16], said[8];
    config_file_load(file, ONE_CAMERA);
    assert_int_equal(pipe(ends), 0);
    snprintf(number, sizeof number, "%d", ends[1]);
    start(&program, file, "--ready-fd", number);
    assert_true((fcntl(ends[1], F_GETFD) & FD_CLOEXEC) != 0);
    loop_ready(program.loop);
    assert_int_equal(read(ends[0], said, sizeof said), 1);
    assert_int_equal(said[0], '\n');
    assert_int_equal(read(ends[0], said, sizeof said), 0);
    close(ends[0]);
    program_finish(&program);
}

static void test_reload(void **state)
{
    struct config_file *file = *state;
    struct program program;
    struct config *old;
    config_file_load(file, ONE_CAMERA);
    start(&program, file, NULL, NULL);
    struct config *first = program.config;
    config_file_write(file, "ringcast.json",
                      "{'run_dir': 'run', 'cameras': {'CAM1': {'url': 'http://other/'}}}");
    assert_int_equal(program_reload(&program, &old), 0);
    assert_ptr_equal(old, first);
    assert_string_equal(old->cameras[0].url, "http://h/");
    assert_string_equal(program.config->cameras[0].url, "http://other/");
    assert_string_not_equal(program.config->hash, old->hash);
    config_destroy(old);
    /* What to do without its camera is the process's own affair. */
    config_file_write(file, "ringcast.json", "{'run_dir': 'run'}");
    assert_int_equal(program_reload(&program, &old), 0);
    assert_null(config_find_camera(program.config, program.camera));
    config_destroy(old);
    program_finish(&program);
}

static void test_reload_that_is_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } samples[] = {
        {"{'run_dir': ", "not reloaded: it has mistakes"},
        {"{'run_dir': 'run', 'x': 1}", "configuration: x: unknown key"},
        {"{'run_dir': 'other', 'cameras': {'CAM1': {}}}", "not reloaded: run_dir cannot change"},
    };
    struct config_file *file = *state;
    struct captured_stderr captured;
    struct program program;
    struct config *old;
    config_file_load(file, ONE_CAMERA);
    start(&program, file, NULL, NULL);
    struct config *first = program.config;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char line[1024];
        bool told = false;
        config_file_write(file, "ringcast.json", samples[i].text);
        captured_stderr_start(&captured);
        int result = program_reload(&program, &old);
        while (captured_stderr_next(&captured, line, sizeof line)) {
            told |= strstr(line, samples[i].words) != NULL;
        }
        captured_stderr_stop(&captured);
        assert_int_equal(result, -EINVAL);
        assert_null(old);
        assert_ptr_equal(program.config, first);
        assert_true(told);
    }
    program_finish(&program);
}

/* What the command line says about the log holds against the file, also after a reload. */
static void test_log_level_of_the_command_line(void **state)
{
    struct config_file *file = *state;
    struct program program;
    struct config *old;
    config_file_load(file, ONE_CAMERA);
    start(&program, file, "--log-level", "debug");
    assert_true(log_enabled(LOG_DEBUG));
    assert_int_equal(program_reload(&program, &old), 0);
    config_destroy(old);
    assert_true(log_enabled(LOG_DEBUG));
    program_finish(&program);
    start(&program, file, "--log-level", "error");
    assert_false(log_enabled(LOG_WARN));
    program_finish(&program);
}

/* A child that is started by somebody else than it was told ends at once. */
static void test_supervisor_that_is_gone(void **state)
{
    struct config_file *file = *state;
    struct captured_stderr captured;
    int status = 0;
    char line[512];
    config_file_load(file, ONE_CAMERA);
    captured_stderr_start(&captured);
    pid_t child = fork();
    if (child == 0) {
        struct program program;
        setenv("RINGCAST_SUPERVISOR_PID", "1", 1);
        start(&program, file, NULL, NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(captured_stderr_next(&captured, line, sizeof line));
    captured_stderr_stop(&captured);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_FAULT);
    assert_non_null(strstr(line, "the supervisor that started this process is gone"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, config_file_create, config_file_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_start),
        TEST(test_readiness),
        TEST(test_reload),
        TEST(test_reload_that_is_refused),
        TEST(test_log_level_of_the_command_line),
        TEST(test_supervisor_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
