/* ringcast-ctl: asks control sockets and reads the configuration, for people and for the supervisor
 * script. */
#include <event2/event.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/ctl_question.h"
#include "common/ctl_status.h"
#include "common/ctl_store.h"
#include "common/ctl_token.h"
#include "common/ctl_top.h"
#include "common/ctl_wait.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"

#define ANSWER_TIMEOUT_S 5.0

static const char *const usage =
    "usage: ringcast-ctl [-c FILE] SOCKET MESSAGE [JSON-FIELDS]\n"
    "       ringcast-ctl COMMAND [-c FILE] …\n"
    "\n"
    "SOCKET is a path, or a name in the run directory (capture.CAM1, detector.0, broadcaster).\n"
    "The answer is printed as JSON. MESSAGE is stats, viewers, kick …; for captures also status. It may\n"
    "be the whole message as well: '{\"type\": \"viewers\", \"limit\": 5}'.\n"
    "\n"
    "  cameras      the ids of the cameras that need a capture process\n"
    "  check        every mistake of the configuration; ends with 78 when there is one\n"
    "  get KEY…     values of the configuration, one per line\n"
    "  reference    docs/configuration.md\n"
    "  status       the processes of the run directory\n"
    "  top          the same and the viewers, live, with what each uses; `q` ends it.\n"
    "               --once: prints it, which it does too when stdout is no terminal\n"
    "  token NAME   a new secret, and its line for broadcaster.tokens; with\n"
    "               --role viewer|publisher|admin (viewer), --cameras ID,ID… (all)\n"
    "  store FILE SIZE\n"
    "               so many bytes from stdin become the file: at any moment it is the old or the new one\n"
    "  wait         until every process works with the configuration; ends with 1 when one does not\n"
    "               within 30 s\n"
    "\n"
    "  -c, --config FILE   the configuration (ringcast.json)\n"
    "      --help, --version\n";

/* What a command works on. */
struct ctl {
    const char *config_path;
    char **arguments;
    int count;
    const char *role, *cameras; /* of a token; NULL: not given */
    bool once;                  /* of top */
};

/* The configuration, or NULL when it has mistakes, which are then on stderr.
 * The caller frees it. */
static struct config *ctl_load(const struct ctl *ctl)
{
    struct config *config;
    struct config_errors errors;
    config_load(ctl->config_path, &config, &errors);
    for (size_t i = 0; i < errors.count; i++) {
        fprintf(stderr, "%s\n", errors.lines[i]);
    }
    config_errors_finish(&errors);
    return config;
}

/* --- commands on the configuration --- */

static int ctl_cameras(const struct ctl *ctl, const struct config *config)
{
    (void)ctl;
    for (size_t i = 0; i < config->camera_count; i++) {
        if (config_camera_has_capture(&config->cameras[i])) {
            printf("%s\n", config->cameras[i].id);
        }
    }
    return EXIT_SUCCESS;
}

static int ctl_check(const struct ctl *ctl, const struct config *config)
{
    printf("%s: no mistakes config_hash=%s\n", ctl->config_path, config->hash);
    return EXIT_SUCCESS;
}

static int ctl_get(const struct ctl *ctl, const struct config *config)
{
    for (int i = 0; i < ctl->count; i++) {
        char *text = config_get_text(config, ctl->arguments[i]);
        if (text == NULL) {
            fprintf(stderr, "no such key: %s\n", ctl->arguments[i]);
            return EXIT_FAILURE;
        }
        printf("%s\n", text);
        free(text);
    }
    return EXIT_SUCCESS;
}

static int ctl_status(const struct ctl *ctl, const struct config *config)
{
    (void)ctl;
    return ctl_status_print(config);
}

static int ctl_wait(const struct ctl *ctl, const struct config *config)
{
    (void)ctl;
    return ctl_wait_print(config);
}

static int ctl_top_show(const struct ctl *ctl, const struct config *config)
{
    return ctl_top(config, ctl->once);
}

static const struct {
    const char *name;
    int (*run)(const struct ctl *ctl, const struct config *config);
} ctl_commands[] = {
    {"cameras", ctl_cameras}, {"check", ctl_check},  {"get", ctl_get},
    {"status", ctl_status},   {"top", ctl_top_show}, {"wait", ctl_wait},
};

/* --- asking a socket --- */

struct ctl_ask {
    struct event_base *base;
    const char *socket;
    int exit_code;
};

static void ctl_answered(void *arg, json_t *answer, const char *mistake)
{
    struct ctl_ask *ask = arg;
    const char *type = json_string_value(json_object_get(answer, "type"));
    if (answer == NULL) {
        fprintf(stderr, "%s: %s\n", ask->socket, mistake);
        ask->exit_code = EXIT_FAILURE;
    } else {
        json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        printf("\n");
        ask->exit_code = strcmp(type, "error") == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    event_base_loopbreak(ask->base);
}

/* NULL with a line on stderr. The caller owns the reference. */
static json_t *ctl_object(const char *text, const char *what)
{
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        fprintf(stderr, "%s must be a JSON object: %s\n", what,
                object == NULL ? error.text : "something else stands there");
        json_decref(object);
        return NULL;
    }
    return object;
}

/* The message: a name, perhaps with fields, or the whole as an object. NULL with a line on stderr.
 * The caller owns the reference. */
static json_t *ctl_request(const struct ctl *ctl)
{
    const char *message = ctl->arguments[1];
    if (*message == '{') {
        return ctl_object(message, "the message");
    }
    json_t *request = ctl->count > 2 ? ctl_object(ctl->arguments[2], "the fields") : json_object();
    if (request != NULL) {
        json_object_set_new(request, "type", json_string(message));
    }
    return request;
}

static int ctl_ask_socket(const char *directory, const char *name, json_t *request)
{
    char *mistake = NULL;
    struct ctl_ask ask = {.base = event_base_new(), .socket = name};
    if (ask.base == NULL) {
        die("libevent cannot make an event loop");
    }
    struct ctl_question *question = ctl_question_create(
        ask.base, directory, name, request, ANSWER_TIMEOUT_S, ctl_answered, &ask, &mistake);
    if (question == NULL) {
        fprintf(stderr, "%s\n", mistake);
        free(mistake);
        ask.exit_code = EXIT_FAILURE;
    } else {
        event_base_dispatch(ask.base);
    }
    ctl_question_destroy(question);
    event_base_free(ask.base);
    return ask.exit_code;
}

/* A name of the run directory, with or without ".sock". The caller frees it. */
static char *ctl_socket_name(const char *name)
{
    size_t length = strlen(name);
    bool whole = length > 5 && strcmp(name + length - 5, ".sock") == 0;
    return xasprintf("%s%s", name, whole ? "" : ".sock");
}

static int ctl_talk(const struct ctl *ctl)
{
    char *socket = ctl->arguments[0];
    json_t *request = ctl_request(ctl);
    int exit_code = EXIT_CONFIG;
    if (request == NULL) {
        return EXIT_FAILURE;
    }
    if (strchr(socket, '/') != NULL) {
        char *copy = xstrdup(socket);
        exit_code = ctl_ask_socket(dirname(copy), basename(socket), request);
        free(copy);
        return exit_code;
    }
    struct config *config = ctl_load(ctl);
    if (config != NULL) {
        char *name = ctl_socket_name(socket);
        exit_code = ctl_ask_socket(config->run_dir, name, request);
        free(name);
    } else {
        json_decref(request);
    }
    config_destroy(config);
    return exit_code;
}

/* --- */

static int ctl_run(struct ctl *ctl)
{
    const char *command = ctl->arguments[0];
    if (strcmp(command, "reference") == 0) {
        config_print_reference();
        return EXIT_SUCCESS;
    }
    if (strcmp(command, "token") == 0 && ctl->count == 2) {
        return ctl_token_print(ctl->arguments[1], ctl->role, ctl->cameras);
    }
    if (strcmp(command, "store") == 0 && ctl->count == 3) {
        return ctl_store_stdin(ctl->arguments[1], ctl->arguments[2]);
    }
    for (size_t i = 0; i < sizeof ctl_commands / sizeof ctl_commands[0]; i++) {
        if (strcmp(command, ctl_commands[i].name) == 0) {
            ctl->arguments++;
            ctl->count--;
            struct config *config = ctl_load(ctl);
            int exit_code = config != NULL ? ctl_commands[i].run(ctl, config) : EXIT_CONFIG;
            config_destroy(config);
            return exit_code;
        }
    }
    if (ctl->count != 2 && ctl->count != 3) {
        fprintf(stderr, "%s", usage);
        return EXIT_FAILURE;
    }
    return ctl_talk(ctl);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"role", required_argument, NULL, 'r'},
        {"cameras", required_argument, NULL, 'C'},
        {"help", no_argument, NULL, 'h'},
        {"once", no_argument, NULL, '1'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    struct ctl ctl = {.config_path = "ringcast.json"};
    int option;
    log_init("ctl", NULL);
    log_configure(LOG_WARN, LOG_TEXT);
    signal(SIGPIPE, SIG_IGN);
    while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) >= 0) {
        switch (option) {
        case 'c':
            ctl.config_path = optarg;
            break;
        case 'r':
            ctl.role = optarg;
            break;
        case 'C':
            ctl.cameras = optarg;
            break;
        case '1':
            ctl.once = true;
            break;
        case 'h':
            printf("%s", usage);
            return EXIT_SUCCESS;
        case 'V':
            printf("ringcast-ctl " RINGCAST_VERSION "\n");
            return EXIT_SUCCESS;
        default:
            fprintf(stderr, "%s", usage);
            return EXIT_FAILURE;
        }
    }
    if (optind >= argc) {
        fprintf(stderr, "%s", usage);
        return EXIT_FAILURE;
    }
    ctl.arguments = argv + optind;
    ctl.count = argc - optind;
    return ctl_run(&ctl);
}
