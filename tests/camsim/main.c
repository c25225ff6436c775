#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "tests/camsim/camera.h"

#define FPS_MAX 1000.0

struct arguments {
    struct camera_options camera;
    struct faults faults;
    const char *path;
    int ready_fd;
};

static void print_help(void)
{
    printf(
        "usage: camsim [options] FILE.mjpeg | FOLDER\n"
        "\n"
        "A simulated camera. Prints its address, then serves\n"
        "  GET /stream    MJPEG, framed as a stock ESP32-CAM does it, with X-Frame-Number\n"
        "  GET /capture   the newest picture, with an ETag\n"
        "  GET /state     clients, streams, frames sent and faults, as JSON\n"
        "  POST /fault    {\"fault\": NAME, \"value\": VALUE, \"frames\": N}; value and frames may\n"
        "                 be left out; with frames it is over after N frames or answers\n"
        "\n"
        "  --listen ADDRESS:PORT      default 127.0.0.1:0, any free port\n"
        "  --fps RATE                 default 10\n"
        "  --clients one|many         one: a second /stream is refused; default many\n"
        "  --loop                     start over behind the last picture (else: once, from the\n"
        "                             first client on)\n"
        "  --fault NAME[=VALUE]       from the start; may be given several times\n"
        "  --credentials USER:PASS    what lifts the fault 401; default camera:secret\n"
        "  --ready-fd N               a newline goes there when the port is bound\n"
        "  --help\n"
        "\n"
        "faults:\n");
    faults_print_help();
}

static double parse_fps(const char *text)
{
    char *end = NULL;
    double fps = strtod(text, &end);
    if (end == text || *end != '\0' || !(fps > 0 && fps <= FPS_MAX)) {
        die_config("--fps is a number above 0 and at most %g, not %s", FPS_MAX, text);
    }
    return fps;
}

static bool parse_clients(const char *text)
{
    if (strcmp(text, "one") != 0 && strcmp(text, "many") != 0) {
        die_config("--clients is one or many, not %s", text);
    }
    return strcmp(text, "one") == 0;
}

static void parse_fault(struct faults *faults, const char *text)
{
    char error[FAULT_ERROR_SIZE];
    if (faults_set_option(faults, text, error) < 0) {
        die_config("%s", error);
    }
}

static void parse_arguments(struct arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'a'},
        {"fps", required_argument, NULL, 'r'},
        {"clients", required_argument, NULL, 'n'},
        {"loop", no_argument, NULL, 'l'},
        {"fault", required_argument, NULL, 'f'},
        {"credentials", required_argument, NULL, 'u'},
        {"ready-fd", required_argument, NULL, 'R'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'a':
            arguments->camera.listen = optarg;
            break;
        case 'r':
            arguments->camera.fps = parse_fps(optarg);
            break;
        case 'n':
            arguments->camera.one_client = parse_clients(optarg);
            break;
        case 'l':
            arguments->camera.loop = true;
            break;
        case 'f':
            parse_fault(&arguments->faults, optarg);
            break;
        case 'u':
            arguments->camera.credentials = optarg;
            break;
        case 'R':
            arguments->ready_fd = atoi(optarg);
            break;
        case 'h':
            print_help();
            exit(EXIT_SUCCESS);
        default:
            exit(EXIT_CONFIG);
        }
    }
    if (optind != argc - 1) {
        die_config("give one .mjpeg file or folder of JPEGs; see camsim --help");
    }
    arguments->path = argv[optind];
}

int main(int argc, char **argv)
{
    struct arguments arguments = {
        .camera = {.listen = "127.0.0.1:0", .fps = 10, .credentials = "camera:secret"},
        .ready_fd = -1,
    };
    struct frames *frames = NULL;
    log_init("camsim", NULL);
    parse_arguments(&arguments, argc, argv);
    int result = frames_open(&frames, arguments.path);
    if (result < 0) {
        die_config("no pictures path=%s: %s", arguments.path,
                   result == -ENODATA ? "there is no whole JPEG in it" : strerror(-result));
    }
    struct loop *loop = loop_create(arguments.ready_fd);
    struct camera *camera =
        camera_create(loop_base(loop), frames, &arguments.faults, &arguments.camera);
    printf("http://%s\n", camera_address(camera));
    fflush(stdout);
    loop_ready(loop);
    int exit_code = loop_run(loop);
    camera_destroy(camera);
    loop_destroy(loop);
    frames_close(frames);
    return exit_code;
}
