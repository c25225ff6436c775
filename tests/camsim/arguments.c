#include "tests/camsim/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

#define FPS_MAX 1000.0

static void print_help(void)
{
    printf(
        "usage: camsim [options] FILE.mjpeg | FOLDER\n"
        "       camsim [options] --scene carpark\n"
        "\n"
        "A simulated camera. Prints its address, then serves\n"
        "  GET /stream    MJPEG, framed as a stock ESP32-CAM does it, with X-Frame-Number\n"
        "  GET /capture   the newest picture, with an ETag\n"
        "  GET /state     clients, streams, frames sent and faults, as JSON\n"
        "  POST /fault    {\"fault\": NAME, \"value\": VALUE, \"frames\": N}; value and frames may\n"
        "                 be left out; with frames it is over after N frames or answers\n"
        "and of a scene\n"
        "  GET /truth     objects and spaces of the newest frame; ?frame=N: of one that was sent\n"
        "  GET /spaces.json  the spaces as the configuration of a camera wants them\n"
        "\n"
        "  --listen ADDRESS:PORT      default 127.0.0.1:0, any free port\n"
        "  --fps RATE                 default 10\n"
        "  --clients one|many         one: a second /stream is refused; default many\n"
        "  --loop                     start at once, and over behind the last picture (else: once,\n"
        "                             from the first client on)\n"
        "  --fault NAME[=VALUE]       from the start; may be given several times\n"
        "  --credentials USER:PASS    what lifts the fault 401; default camera:secret\n"
        "  --ready-fd N               a newline goes there when the port is bound\n"
        "  --help\n"
        "\n"
        "a scene: pictures drawn by camsim itself, of which it knows what is in them\n"
        "  --scene carpark            cars come, park and leave, people walk, day turns to dusk\n"
        "  --seed N                   another car park, camera and story; the same seed and options\n"
        "                             give the same bytes; default 1\n"
        "  --size WIDTHxHEIGHT        default 1280x720\n"
        "  --speed FACTOR             how fast its time passes; default 1\n"
        "  --day SECONDS              from midday over dusk to midday; default 1200\n"
        "  --light SHARE              of the day that has passed at frame 1: 0 midday, 0.5 deepest\n"
        "                             dusk; default 0.1\n"
        "  --quality N                of the JPEGs; default 85\n"
        "  --shake                    the pole sways in the wind\n"
        "  --still                    nobody comes, goes or walks; cars stand, and light changes\n"
        "  --frames N                 end after frame N\n"
        "  --truth FILE               a line of JSON for each frame that is drawn\n"
        "  --export FOLDER            write pictures, truth.jsonl and spaces.json there; serve nothing\n"
        "\n"
        "faults:\n");
    faults_print_help();
}

/* A number of the command line within bounds. */
static double parse_number(const char *option, const char *text, double least, double most)
{
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number >= least && number <= most)) {
        die_config("--%s is a number from %g to %g, not %s", option, least, most, text);
    }
    return number;
}

static uint64_t parse_count(const char *option, const char *text)
{
    char *end = NULL;
    errno = 0;
    uint64_t count = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || strchr(text, '-') != NULL) {
        die_config("--%s is a whole number, not %s", option, text);
    }
    return count;
}

static int parse_descriptor(const char *text)
{
    uint64_t descriptor = parse_count("ready-fd", text);
    if (descriptor > INT_MAX) {
        die_config("--ready-fd is the number of a descriptor, not %s", text);
    }
    return (int)descriptor;
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

static void parse_size(struct scene_options *scene, const char *text)
{
    char rest;
    if (sscanf(text, "%4dx%4d%c", &scene->width, &scene->height, &rest) != 2 ||
        scene->width < SCENE_SIDE_MIN || scene->width > SCENE_SIDE_MAX ||
        scene->height < SCENE_SIDE_MIN || scene->height > SCENE_SIDE_MAX) {
        die_config("--size is WIDTHxHEIGHT, each from %d to %d, not %s", SCENE_SIDE_MIN,
                   SCENE_SIDE_MAX, text);
    }
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

static const struct option options[] = {
    {"listen", required_argument, NULL, 'a'},
    {"fps", required_argument, NULL, 'r'},
    {"clients", required_argument, NULL, 'n'},
    {"loop", no_argument, NULL, 'l'},
    {"fault", required_argument, NULL, 'f'},
    {"credentials", required_argument, NULL, 'u'},
    {"ready-fd", required_argument, NULL, 'R'},
    {"scene", required_argument, NULL, 'c'},
    {"seed", required_argument, NULL, 's'},
    {"size", required_argument, NULL, 'g'},
    {"speed", required_argument, NULL, 'v'},
    {"day", required_argument, NULL, 'd'},
    {"light", required_argument, NULL, 'p'},
    {"quality", required_argument, NULL, 'q'},
    {"shake", no_argument, NULL, 'w'},
    {"frames", required_argument, NULL, 'N'},
    {"truth", required_argument, NULL, 't'},
    {"export", required_argument, NULL, 'e'},
    {"still", no_argument, NULL, 'S'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static void parse_camera_option(struct arguments *arguments, int option, const char *value)
{
    switch (option) {
    case 'a':
        arguments->camera.listen = value;
        break;
    case 'r':
        arguments->camera.fps = arguments->scene.fps = parse_fps(value);
        break;
    case 'n':
        arguments->camera.one_client = parse_clients(value);
        break;
    case 'l':
        arguments->camera.loop = true;
        break;
    case 'f':
        parse_fault(&arguments->faults, value);
        break;
    case 'u':
        arguments->camera.credentials = value;
        break;
    case 'R':
        arguments->ready_fd = parse_descriptor(value);
        break;
    case 'h':
        print_help();
        exit(EXIT_SUCCESS);
    default:
        exit(EXIT_CONFIG);
    }
}

/* False: it is none of a scene. */
static bool parse_scene_option(struct arguments *arguments, int option, const char *value)
{
    struct scene_options *scene = &arguments->scene;
    switch (option) {
    case 's':
        scene->seed = parse_count("seed", value);
        return true;
    case 'g':
        parse_size(scene, value);
        return true;
    case 'v':
        scene->speed = parse_number("speed", value, 0, 1000);
        return true;
    case 'd':
        scene->day = parse_number("day", value, 1, 1e9);
        return true;
    case 'p':
        scene->light = parse_number("light", value, 0, 1);
        return true;
    case 'q':
        scene->quality = (int)parse_number("quality", value, 1, 100);
        return true;
    case 'w':
        return scene->shake = true;
    case 'S':
        return scene->still = true;
    case 'N':
        arguments->frames = parse_count("frames", value);
        return true;
    case 't':
        arguments->truth_path = value;
        return true;
    case 'e':
        arguments->export_folder = value;
        return true;
    default:
        return false;
    }
}

static void arguments_check(const struct arguments *arguments, const char *scene, bool only_scene)
{
    if (scene == NULL && only_scene) {
        die_config("--seed, --size and their like want --scene; see camsim --help");
    }
    if (scene != NULL && strcmp(scene, "carpark") != 0) {
        die_config("--scene is carpark, not %s", scene);
    }
    if (arguments->export_folder != NULL && arguments->frames == 0) {
        die_config("--export wants --frames N");
    }
    if (arguments->camera.loop && arguments->frames > 0) {
        die_config("--loop and --frames exclude one another");
    }
}

void arguments_parse(struct arguments *arguments, int argc, char **argv)
{
    const char *scene = NULL;
    bool only_scene = false;
    int option;
    *arguments = (struct arguments){
        .camera = {.listen = "127.0.0.1:0", .fps = 10, .credentials = "camera:secret"},
        .scene = {.seed = 1,
                  .width = 1280,
                  .height = 720,
                  .fps = 10,
                  .speed = 1,
                  .day = 1200,
                  .light = 0.1,
                  .quality = 85},
        .ready_fd = -1,
    };
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c') {
            scene = optarg;
        } else if (parse_scene_option(arguments, option, optarg)) {
            only_scene = true;
        } else {
            parse_camera_option(arguments, option, optarg);
        }
    }
    arguments_check(arguments, scene, only_scene);
    if (optind != argc - (scene == NULL)) {
        die_config("give one .mjpeg file or folder of JPEGs, or --scene; see camsim --help");
    }
    arguments->path = scene == NULL ? argv[optind] : NULL;
    arguments->camera.once = scene != NULL && arguments->frames > 0;
}
