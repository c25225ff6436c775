#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/log_tail.h"

#define DEFAULT_CONFIG_PATH "ringcast.json"
#define INDEX_MAX           63
#define WARNINGS_TOLD       10 /* in `stats`: a packet has 64 KiB for all */

/* A file of nothing but mistakes is not worth more lines; --check prints them all. */
#define MISTAKES_LOGGED 40

enum {
    OPTION_CHECK = 256,
    OPTION_READY_FD,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
    OPTION_CAMERA,
    OPTION_INDEX
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"ready-fd", required_argument, NULL, OPTION_READY_FD},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"camera", required_argument, NULL, OPTION_CAMERA},
    {"index", required_argument, NULL, OPTION_INDEX},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* What the command line says beside what ends up in struct program. */
struct program_command {
    bool check, has_index;
    int ready_fd;
};

static _Noreturn void program_help(const struct program_definition *definition)
{
    printf("ringcast-%s: %s\n\n", definition->name, definition->purpose);
    printf("usage: ringcast-%s [-c FILE]%s%s [options]\n%s\n", definition->name,
           definition->takes_camera ? " --camera ID" : "",
           definition->takes_index ? " --index N" : "",
           definition->further_usage != NULL ? definition->further_usage : "");
    printf("  -c, --config FILE     the configuration (" DEFAULT_CONFIG_PATH ")\n");
    if (definition->takes_camera) {
        printf("      --camera ID       the camera to serve\n");
    }
    if (definition->takes_index) {
        printf("      --index N         which of detector.processes this is, from 0\n");
    }
    printf("      --check           check the configuration and end: 0, or 78 with every mistake\n"
           "      --ready-fd N      write a newline to descriptor N when it can serve\n"
           "      --log-level L     error, warn, info, debug; instead of log_level\n"
           "      --log-format F    text, json; instead of log_format\n"
           "      --help, --version\n\n"
           "Keys of the configuration (docs/configuration.md explains them):\n\n");
    config_print_help();
    exit(EXIT_SUCCESS);
}

static _Noreturn void program_usage(const struct program_definition *definition)
{
    fprintf(stderr, "try: ringcast-%s --help\n", definition->name);
    exit(EXIT_CONFIG);
}

static long program_number(const char *option, const char *text, long maximum)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < 0 || number > maximum) {
        die_config("%s takes a number from 0 to %ld", option, maximum);
    }
    return number;
}

/* The place of `text` among the names. */
static int program_name(const char *option, const char *text, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    die_config("%s does not know \"%s\": try --help", option, text);
}

static void program_option(struct program *program, struct program_command *command, int option)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    static const char *const formats[] = {"text", "json"};
    switch (option) {
    case 'c':
        program->config_path = optarg;
        break;
    case OPTION_CHECK:
        command->check = true;
        break;
    case OPTION_READY_FD:
        command->ready_fd = (int)program_number("--ready-fd", optarg, 1 << 20);
        break;
    case OPTION_LOG_LEVEL:
        program->log_level = program_name("--log-level", optarg, levels, 4);
        break;
    case OPTION_LOG_FORMAT:
        program->log_format = program_name("--log-format", optarg, formats, 2);
        break;
    case OPTION_CAMERA:
        program->camera = optarg;
        break;
    case OPTION_INDEX:
        program->index = (size_t)program_number("--index", optarg, INDEX_MAX);
        command->has_index = true;
        break;
    case 'h':
        program_help(program->definition);
    case 'V':
        printf("ringcast-%s " RINGCAST_VERSION "\n", program->definition->name);
        exit(EXIT_SUCCESS);
    default:
        program_usage(program->definition);
    }
}

static void program_command_line(struct program *program, struct program_command *command, int argc,
                                 char **argv)
{
    const struct program_definition *definition = program->definition;
    int option;
    while ((option = getopt_long(argc, argv, "c:hV", long_options, NULL)) >= 0) {
        program_option(program, command, option);
    }
    if (optind < argc) {
        die_config("unexpected argument \"%s\": try --help", argv[optind]);
    }
    if ((program->camera != NULL) != definition->takes_camera && !command->check) {
        die_config("--camera %s", definition->takes_camera ? "ID is needed" : "is not for this");
    }
    if (command->has_index != definition->takes_index && !command->check) {
        die_config("--index %s", definition->takes_index ? "N is needed" : "is not for this");
    }
}

static _Noreturn void program_check(const char *path)
{
    struct config *config;
    struct config_errors errors;
    int result = config_load(path, &config, &errors);
    for (size_t i = 0; i < errors.count; i++) {
        fprintf(stderr, "%s\n", errors.lines[i]);
    }
    config_errors_finish(&errors);
    config_destroy(config);
    exit(result < 0 ? EXIT_CONFIG : EXIT_SUCCESS);
}

/* Loads the configuration; on failure logs the mistakes and returns NULL. */
static struct config *program_load(const char *path)
{
    struct config *config;
    struct config_errors errors;
    config_load(path, &config, &errors);
    for (size_t i = 0; i < errors.count && i < MISTAKES_LOGGED; i++) {
        log_error("configuration: %s", errors.lines[i]);
    }
    if (errors.count > MISTAKES_LOGGED) {
        log_error("configuration: %zu more mistakes; --check shows them all",
                  errors.count - MISTAKES_LOGGED);
    }
    config_errors_finish(&errors);
    return config;
}

static void program_configure_log(const struct program *program, const struct config *config)
{
    log_configure(program->log_level >= 0 ? (enum log_level)program->log_level : config->log_level,
                  program->log_format >= 0 ? (enum log_format)program->log_format
                                           : config->log_format);
}

/* Before the configuration is known, its mistakes are logged as the command line wants. */
static void program_first_log(const struct program *program)
{
    log_init(program->definition->name, program->camera);
    log_configure(program->log_level >= 0 ? (enum log_level)program->log_level : LOG_INFO,
                  program->log_format >= 0 ? (enum log_format)program->log_format : LOG_TEXT);
}

/* What this process is to be must be in the configuration. NULL, or what is missing. */
static const char *program_missing(const struct program *program, const struct config *config)
{
    if (program->definition->takes_camera && config_find_camera(config, program->camera) == NULL) {
        return "--camera is not in the configuration";
    }
    if (program->definition->takes_index && program->index >= (size_t)config->detector.processes) {
        return "--index is not below detector.processes";
    }
    return NULL;
}

void program_start(struct program *program, const struct program_definition *definition, int argc,
                   char **argv)
{
    struct program_command command = {.ready_fd = -1};
    *program = (struct program){
        .definition = definition,
        .config_path = DEFAULT_CONFIG_PATH,
        .log_level = -1,
        .log_format = -1,
        .started_ns = clock_monotonic_ns(),
    };
    log_init(definition->name, NULL);
    program_command_line(program, &command, argc, argv);
    if (command.check) {
        program_check(program->config_path);
    }
    program_first_log(program);
    if (command.ready_fd >= 0 && fcntl(command.ready_fd, F_SETFD, FD_CLOEXEC) < 0) {
        die_config("--ready-fd %d is not an open descriptor", command.ready_fd);
    }
    program->config = program_load(program->config_path);
    if (program->config == NULL) {
        die_config("the configuration has mistakes path=%s", program->config_path);
    }
    program_configure_log(program, program->config);
    const char *missing = program_missing(program, program->config);
    if (missing != NULL) {
        die_config("%s path=%s", missing, program->config_path);
    }
    int result = fd_make_private_directory(program->config->run_dir);
    if (result < 0) {
        die_config("run_dir cannot be used: it must be this user's own with mode 0700 path=%s: %s",
                   program->config->run_dir, strerror(-result));
    }
    program->loop = loop_create(command.ready_fd);
}

int program_reload(struct program *program, struct config **old)
{
    *old = NULL;
    struct config *config = program_load(program->config_path);
    if (config == NULL) {
        log_error("configuration not reloaded: it has mistakes path=%s", program->config_path);
        return -EINVAL;
    }
    if (strcmp(config->run_dir, program->config->run_dir) != 0) {
        log_error("configuration not reloaded: run_dir cannot change while it runs: stop and start "
                  "instead path=%s",
                  program->config_path);
        config_destroy(config);
        return -EINVAL;
    }
    *old = program->config;
    program->config = config;
    program_configure_log(program, config);
    log_info("configuration reloaded config_hash=%s", config->hash);
    return 0;
}

void program_revert(struct program *program, struct config *old)
{
    config_destroy(program->config);
    program->config = old;
    program_configure_log(program, old);
}

json_t *program_stats(const struct program *program)
{
    uint64_t uptime_ns = clock_elapsed_ns(program->started_ns, clock_monotonic_ns());
    json_t *body = json_object();
    json_object_set_new(body, "config_hash", json_string(program->config->hash));
    json_object_set_new(body, "pid", json_integer(getpid()));
    json_object_set_new(body, "uptime_s", json_integer((json_int_t)(uptime_ns / NS_PER_SECOND)));
    json_object_set_new(body, "warnings", log_tail_json(WARNINGS_TOLD));
    return body;
}

void program_finish(struct program *program)
{
    loop_destroy(program->loop);
    config_destroy(program->config);
    program->loop = NULL;
    program->config = NULL;
}
