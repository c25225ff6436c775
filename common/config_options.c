#include "common/config_options.h"

#include <ctype.h>
#include <string.h>

#include "common/config.h"
#include "common/memory.h"

#define SUGGEST_KEY_MAX 32

#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define HOUR_S 3600.0

#define TOP(field)         SECTION_TOP, offsetof(struct config, field)
#define DETECTOR(field)    SECTION_DETECTOR, offsetof(struct config_detector, field)
#define BROADCASTER(field) SECTION_BROADCASTER, offsetof(struct config_broadcaster, field)
#define HISTORY(field)     SECTION_HISTORY, offsetof(struct config_history, field)
#define CAMERA(field)      SECTION_CAMERA, offsetof(struct config_camera, field)

/* ROW(section(field), key, type, minimum, maximum, default, help, further members) */
#define ROW(...) ROW_(__VA_ARGS__)
#define ROW_(section_, offset_, key_, type_, minimum_, maximum_, fallback_, ...)                   \
    {                                                                                              \
        .section = section_, .offset = offset_, .key = key_, .type = type_, .minimum = minimum_,   \
        .maximum = maximum_, .fallback = fallback_, .help = __VA_ARGS__                            \
    }

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const layouts[] = {"auto", "yolov5", "yolov8", "yolox", "darknet", NULL};
static const char *const sources[] = {"mjpeg", "snapshot", "file", "push", NULL};
static const char *const captures[] = {"always", "on_demand", NULL};
static const char *const histories[] = {"off", "changes", "all", NULL};
static const char *const detects[] = {"always", "on_demand", "off", NULL};

/* clang-format off */
const struct config_option config_options[] = {
    /* --- top --- */
    ROW(TOP(run_dir), "run_dir", CONFIG_PATH, 1, 4096, NULL,
        "Where the sockets live. An instance is a run directory; it is made with mode 0700 and must "
        "belong to the user.",
        .fallback_note = "`/run/ringcast` as root, else `$XDG_RUNTIME_DIR/ringcast`, else "
                         "`/tmp/ringcast-UID`"),
    ROW(TOP(state_dir), "state_dir", CONFIG_PATH, 1, 4096, NULL,
        "What outlives a restart: `cameras.json`, laid over `cameras` by JSON merge patch.",
        .fallback_note = "`/var/lib/ringcast` as root, else `$XDG_STATE_HOME/ringcast`, else "
                         "`~/.local/state/ringcast`"),
    ROW(TOP(max_frame_bytes), "max_frame_bytes", CONFIG_BYTES, 64 * KIB, 64 * MIB, "4 MiB",
        "The largest JPEG that is taken, from cameras, by POST and from browsers."),
    ROW(TOP(log_level), "log_level", CONFIG_ENUM, 0, 0, "info",
        "What is logged: this level and everything graver.", .names = log_levels),
    ROW(TOP(log_format), "log_format", CONFIG_ENUM, 0, 0, "text",
        "Lines for people or one JSON object per line.", .names = log_formats),

    /* --- detector --- */
    ROW(DETECTOR(model), "model", CONFIG_PATH, 1, 4096, NULL,
        "The network: an `.onnx` file, or Darknet's `.cfg`.",
        .fallback_note = "none: raw pictures only"),
    ROW(DETECTOR(weights), "weights", CONFIG_PATH, 1, 4096, NULL,
        "Darknet's `.weights`, when `model` is a `.cfg`.", .fallback_note = "none"),
    ROW(DETECTOR(names), "names", CONFIG_PATH, 1, 4096, NULL,
        "The names of the classes, one per line.", .fallback_note = "the 80 of COCO"),
    ROW(DETECTOR(layout), "layout", CONFIG_CHOICE, 0, 0, "auto",
        "How the output of the network is to be read; `auto` tells it from its shape.",
        .names = layouts),
    ROW(DETECTOR(backend), "backend", CONFIG_STRING, 1, 64, "default",
        "What OpenCV computes with, e.g. `opencv`, `openvino`, `cuda`; refused at start when this "
        "build of OpenCV lacks it."),
    ROW(DETECTOR(target), "target", CONFIG_STRING, 1, 64, "cpu",
        "Where it computes, e.g. `cpu`, `opencl`, `cuda`."),
    ROW(DETECTOR(conf), "conf", CONFIG_NUMBER, 0.05, 0.95, "0.25",
        "The least confidence of a detection in the default rendering."),
    ROW(DETECTOR(iou), "iou", CONFIG_NUMBER, 0.05, 0.95, "0.45",
        "Of two boxes of one class that overlap by more than this, the weaker is dropped."),
    ROW(DETECTOR(classes), "classes", CONFIG_STRINGS, 1, 64, NULL,
        "The classes that are detected.", .fallback_note = "all"),
    ROW(DETECTOR(vehicle_classes), "vehicle_classes", CONFIG_STRINGS, 1, 64,
        "car,truck,bus,motorbike,motorcycle", "The classes that `vehicle_count` counts."),
    ROW(DETECTOR(max_detections), "max_detections", CONFIG_INTEGER, 1, 10000, "300",
        "The most detections of one picture, the most confident first."),
    ROW(DETECTOR(tiles), "tiles", CONFIG_TILES, 1, 8, "1,1",
        "`[columns, rows]`: a picture is cut into so many overlapping tiles, and the network looks at each "
        "of them. Finds small and distant objects, at the cost of as many forward passes."),
    ROW(DETECTOR(tile_overlap), "tile_overlap", CONFIG_NUMBER, 0, 0.5, "0.2",
        "How much of a tile lies in its neighbour too. Objects smaller than that are whole in one of them."),
    ROW(DETECTOR(tile_whole), "tile_whole", CONFIG_BOOL, 0, 0, "true",
        "Whether the network looks at the picture as a whole besides, for objects that no tile holds."),
    ROW(DETECTOR(track_high), "track_high", CONFIG_NUMBER, 0.1, 0.85, "0.3",
        "Tracking: boxes of this confidence are matched first, and begin tracks; the surer they are, the "
        "sooner a track is shown."),
    ROW(DETECTOR(track_low), "track_low", CONFIG_NUMBER, 0.05, 0.85, "0.1",
        "Tracking: boxes between this and `track_high` continue a track, but do not begin one."),
    ROW(DETECTOR(track_buffer_s), "track_buffer_s", CONFIG_NUMBER, 0.1, 60, "5",
        "Seconds for which a track out of sight is kept."),
    ROW(DETECTOR(space_conf), "space_conf", CONFIG_NUMBER, 0.05, 0.95, "0.15",
        "The least confidence of a vehicle that keeps a parking space occupied. To begin with it takes one of "
        "`conf`, except in the first ten seconds that the space is looked at: what is fainter and appears later is as "
        "often a shadow or a roof as a car."),
    ROW(DETECTOR(space_occupy_s), "space_occupy_s", CONFIG_NUMBER, 0, 60, "1.5",
        "Seconds for which a vehicle has to stand in a space before it is occupied."),
    ROW(DETECTOR(space_free_s), "space_free_s", CONFIG_NUMBER, 0, 600, "3",
        "Seconds for which none must have been seen before a space is free."),
    ROW(DETECTOR(processes), "processes", CONFIG_INTEGER, 1, 64, "1",
        "Detector processes, which share the cameras."),
    ROW(DETECTOR(workers), "workers", CONFIG_INTEGER, 1, 64, "1",
        "Workers of each process, each with a network of its own."),
    ROW(DETECTOR(threads), "threads", CONFIG_INTEGER, 1, 64, "1",
        "Threads that OpenCV uses for one forward pass."),
    ROW(DETECTOR(quality), "quality", CONFIG_INTEGER, 1, 100, "85",
        "JPEG quality of the default rendering."),
    ROW(DETECTOR(show_labels), "show_labels", CONFIG_BOOL, 0, 0, "true",
        "Class and confidence beside each box of the default rendering."),
    ROW(DETECTOR(show_boxes), "show_boxes", CONFIG_BOOL, 0, 0, "true",
        "Draws a box around each detection."),
    ROW(DETECTOR(show_trails), "show_trails", CONFIG_BOOL, 0, 0, "true",
        "Draws where each track was in the last two seconds."),
    ROW(DETECTOR(show_spaces), "show_spaces", CONFIG_BOOL, 0, 0, "true",
        "Draws the parking spaces in the colour of their state, with their names."),
    ROW(DETECTOR(post_url), "post_url", CONFIG_URL, 1, 2048, NULL,
        "A broadcaster on another machine to post to.",
        .fallback_note = "the broadcaster of the same run directory"),
    ROW(DETECTOR(post_token), "post_token", CONFIG_STRING, 1, 1024, NULL,
        "The token to post with; best given as `${VARIABLE}`.", .fallback_note = "none"),

    /* --- broadcaster --- */
    ROW(BROADCASTER(listen), "listen", CONFIG_LISTEN, 1, 300, "127.0.0.1:8069",
        "`address:port` or `[address]:port`; port 0 takes a free one."),
    ROW(BROADCASTER(hosts), "hosts", CONFIG_STRINGS, 1, 255, NULL,
        "Further names under which browsers reach it. Loopback and the listen address are always "
        "allowed; any other Host is refused (DNS rebinding).", .fallback_note = "none"),
    ROW(BROADCASTER(cors_origins), "cors_origins", CONFIG_ORIGINS, 1, 255, NULL,
        "Origins of foreign pages that may use it, e.g. `https://portal.example`; `*`: any, but "
        "without the browser's own credentials.", .fallback_note = "none"),
    ROW(BROADCASTER(frame_origins), "frame_origins", CONFIG_ORIGINS, 1, 255, NULL,
        "Origins of foreign pages that may show ours in a frame, e.g. `https://home.example:8123`; `*`: "
        "any.", .fallback_note = "none"),
    ROW(BROADCASTER(tokens), "tokens", CONFIG_TOKENS, 0, 1000, NULL,
        "Who may use it: a list of `{name, sha256, role, cameras}`. `ringcast token NAME` makes one. "
        "`role` is `viewer` (the default), `publisher` (posts frames) or `admin` (everything); "
        "`cameras` lists the ids that it is for, none given: all.",
        .fallback_note = "none: everybody may do everything"),
    ROW(BROADCASTER(token_life_s), "token_life_s", CONFIG_NUMBER, 1, 24 * HOUR_S, "300",
        "Seconds for which a token of `POST /api/tokens` is good, unless the request asks for less."),
    ROW(BROADCASTER(tls_certificate), "tls_certificate", CONFIG_PATH, 1, 4096, NULL,
        "The certificate in PEM form, the intermediate ones behind it. With it the port speaks TLS "
        "only. Read again at a reload.", .fallback_note = "none: no TLS"),
    ROW(BROADCASTER(tls_key), "tls_key", CONFIG_PATH, 1, 4096, NULL, "Its private key in PEM form.",
        .fallback_note = "in the file of the certificate"),
    ROW(BROADCASTER(trusted_proxies), "trusted_proxies", CONFIG_NETWORKS, 1, 64, NULL,
        "Addresses and networks of reverse proxies, e.g. `127.0.0.1`, `10.0.0.0/8`. From them, and "
        "from nobody else, `X-Forwarded-For`, `-Proto` and `-Host` are believed.",
        .fallback_note = "none"),
    ROW(BROADCASTER(base_path), "base_path", CONFIG_BASE_PATH, 1, 255, NULL,
        "The path below which everything is served, e.g. `/cameras`.", .fallback_note = "none"),
    ROW(BROADCASTER(insecure), "insecure", CONFIG_BOOL, 0, 0, "false",
        "Listen on an address that others can reach although there are neither `tokens` nor "
        "`tls_certificate` nor `trusted_proxies`."),
    ROW(BROADCASTER(web_dir), "web_dir", CONFIG_PATH, 1, 4096, NULL, "The folder of the web pages.",
        .fallback_note = "found beside the program"),
    ROW(BROADCASTER(max_viewers), "max_viewers", CONFIG_INTEGER, 0, 1000000, "20000",
        "The most viewers at a time; 0: no limit."),
    ROW(BROADCASTER(max_streams), "max_streams", CONFIG_INTEGER, 0, 100000, "1000",
        "The most streams at a time; 0: no limit."),
    ROW(BROADCASTER(max_viewers_per_user), "max_viewers_per_user", CONFIG_INTEGER, 0, 1000000, "0",
        "The most viewers of one user at a time; 0: no limit."),
    ROW(BROADCASTER(max_viewers_per_address), "max_viewers_per_address", CONFIG_INTEGER, 0, 1000000,
        "0", "The most viewers of one address (IPv6: of its first 64 bits) at a time; 0: no limit."),
    ROW(BROADCASTER(max_reconnects_per_minute), "max_reconnects_per_minute", CONFIG_INTEGER, 0, 100000,
        "0", "How often one user may open a stream from one address, per minute; 0: no limit."),
    ROW(BROADCASTER(max_posts_per_second), "max_posts_per_second", CONFIG_NUMBER, 0, 10000, "0",
        "How many frames per second one source may post of one camera; 0: no limit."),
    ROW(BROADCASTER(intake_memory), "intake_memory", CONFIG_BYTES, 256 * KIB, 64 * GIB, "64 MiB",
        "Memory for all bodies being received together; beyond it a POST is answered 503."),
    ROW(BROADCASTER(head_timeout_s), "head_timeout_s", CONFIG_NUMBER, 0.1, HOUR_S, "10",
        "Seconds within which the head of a request must be complete."),
    ROW(BROADCASTER(body_timeout_s), "body_timeout_s", CONFIG_NUMBER, 0.1, HOUR_S, "30",
        "Seconds within which its body must be complete."),
    ROW(BROADCASTER(idle_timeout_s), "idle_timeout_s", CONFIG_NUMBER, 0.1, HOUR_S, "60",
        "Seconds for which a connection is kept between two requests."),
    ROW(BROADCASTER(ping_interval_s), "ping_interval_s", CONFIG_NUMBER, 0.1, HOUR_S, "10",
        "Seconds between WebSocket pings to a viewer, of those that come from then on."),
    ROW(BROADCASTER(ping_timeout_s), "ping_timeout_s", CONFIG_NUMBER, 0.2, HOUR_S, "30",
        "Seconds of silence after which a viewer is taken for gone, of those that come from then on."),
    ROW(BROADCASTER(keepalive_s), "keepalive_s", CONFIG_NUMBER, 0.1, HOUR_S, "30",
        "Seconds without a message after which a viewer gets `keepalive`."),
    ROW(BROADCASTER(viewer_stall_s), "viewer_stall_s", CONFIG_NUMBER, 0.1, HOUR_S, "10",
        "Seconds after which a viewer that takes no byte is closed, of those that come from then on. A slow "
        "one only gets fewer frames."),
    ROW(BROADCASTER(adaptive), "adaptive", CONFIG_BOOL, 0, 0, "true",
        "Whether a viewer whose link cannot carry its rate gets pictures of lesser quality before it gets "
        "fewer of them. The stall limit is then at least 20 round trips of its link."),
    ROW(BROADCASTER(linger_s), "linger_s", CONFIG_NUMBER, 0, HOUR_S, "2",
        "Seconds for which a rendering and its last picture are kept after its last viewer, for one who "
        "reloads the page. Nothing is drawn meanwhile."),
    ROW(BROADCASTER(mjpeg), "mjpeg", CONFIG_BOOL, 0, 0, "true",
        "Whether streams are given as MJPEG over HTTP too, to all that speak no WebSocket. Switched off, those "
        "that watch so are closed."),
    ROW(BROADCASTER(streamer_warn_s), "streamer_warn_s", CONFIG_NUMBER, 0.1, HOUR_S, "10",
        "Seconds without a frame after which a streamer (a browser that sends its pictures) is warned."),
    ROW(BROADCASTER(streamer_timeout_s), "streamer_timeout_s", CONFIG_NUMBER, 0.1, HOUR_S, "15",
        "Seconds without a frame after which it is closed and its stream ends."),
    ROW(BROADCASTER(stream_idle_s), "stream_idle_s", CONFIG_NUMBER, 0.1, 24 * HOUR_S, "300",
        "Seconds after which a stream without viewers and updates is removed."),

    /* --- history --- */
    ROW(HISTORY(enabled), "enabled", CONFIG_BOOL, 0, 0, "true", "Whether the record is kept at all."),
    ROW(HISTORY(file), "file", CONFIG_PATH, 1, 4096, NULL,
        "The SQLite file of the record. Another one is taken at the next start only.",
        .fallback_note = "`history.sqlite` in `state_dir`"),
    ROW(HISTORY(interval_s), "interval_s", CONFIG_NUMBER, 1, HOUR_S, "10",
        "Seconds after which a row is written though nothing has changed. Changes are written as they "
        "come."),
    ROW(HISTORY(detections), "detections", CONFIG_ENUM, 0, 0, "off",
        "Which frames' `detections` are kept too: none (`off`), those of each frame of which a change is "
        "written (`changes`), or those of every frame (`all`, many rows).", .names = histories),
    ROW(HISTORY(retention_days), "retention_days", CONFIG_NUMBER, 0.01, 36500, "400",
        "Days after which rows go."),
    ROW(HISTORY(max_bytes), "max_bytes", CONFIG_BYTES, MIB, 1024 * GIB, "1 GiB",
        "Size from which the oldest rows go, in whatever table they are; the sums of whole hours stay."),

    /* --- cameras --- */
    ROW(CAMERA(name), "name", CONFIG_STRING, 1, 128, NULL, "What people read.",
        .fallback_note = "the id"),
    ROW(CAMERA(source), "source", CONFIG_ENUM, 0, 0, NULL,
        "How pictures come: `mjpeg` (a multipart stream), `snapshot` (single JPEGs, polled), `file` (a "
        "`.mjpeg` file or a folder of JPEGs, looped), `push` (a browser or phone sends them).",
        .names = sources,
        .fallback_note = "`file` with `path`, `mjpeg` with `url`, else `push`"),
    ROW(CAMERA(url), "url", CONFIG_URL, 1, 2048, NULL, "Where the camera is; `mjpeg` and `snapshot`.",
        .fallback_note = "none"),
    ROW(CAMERA(path), "path", CONFIG_PATH, 1, 4096, NULL,
        "The file or folder of `file`. Not settable through the API.", .fallback_note = "none"),
    ROW(CAMERA(user), "user", CONFIG_STRING, 1, 256, NULL,
        "User name for the camera (basic or digest).", .fallback_note = "none"),
    ROW(CAMERA(password), "password", CONFIG_STRING, 1, 256, NULL,
        "Its password; best given as `${VARIABLE}`.", .fallback_note = "none"),
    ROW(CAMERA(tls_verify), "tls_verify", CONFIG_BOOL, 0, 0, "true",
        "Whether the certificate of an https camera is checked."),
    ROW(CAMERA(capture), "capture", CONFIG_ENUM, 0, 0, "always",
        "`on_demand` connects to the camera only while somebody wants its pictures.",
        .names = captures),
    ROW(CAMERA(linger_s), "linger_s", CONFIG_NUMBER, 0, HOUR_S, "10",
        "With `on_demand`: seconds for which it stays connected after the last reader."),
    ROW(CAMERA(source_fps), "source_fps", CONFIG_NUMBER, 0.01, 120, NULL,
        "How often `snapshot` and `file` take a picture, per second.",
        .fallback_note = "5 for `snapshot`, 10 for `file`"),
    ROW(CAMERA(fps), "fps", CONFIG_NUMBER, 0.1, 60, "10",
        "The camera's own rate of detection, at most."),
    ROW(CAMERA(max_fps), "max_fps", CONFIG_NUMBER, 0.1, 60, NULL,
        "Up to which rate a viewer who asks for more than `fps` may raise it.",
        .fallback_note = "`fps`: nobody may"),
    ROW(CAMERA(skip_frames), "skip_frames", CONFIG_INTEGER, 1, 100, "1",
        "Every Nth frame of the camera is considered for detection."),
    ROW(CAMERA(detect), "detect", CONFIG_ENUM, 0, 0, NULL,
        "Whether it is detected `always`, only while somebody watches (`on_demand`), or not at all "
        "(`off`).", .names = detects,
        .fallback_note = "`always` with `spaces`, else `on_demand`"),
    ROW(CAMERA(tracking), "tracking", CONFIG_BOOL, 0, 0, "true",
        "Whether detections are followed from frame to frame and bear a `track_id`."),
    ROW(CAMERA(show_boxes), "show_boxes", CONFIG_BOOL, 0, 0, NULL,
        "Draws a box around each detection.", .fallback_note = "`detector.show_boxes`"),
    ROW(CAMERA(show_trails), "show_trails", CONFIG_BOOL, 0, 0, NULL,
        "Draws where each track was in the last two seconds.",
        .fallback_note = "`detector.show_trails`"),
    ROW(CAMERA(show_spaces), "show_spaces", CONFIG_BOOL, 0, 0, NULL,
        "Draws the parking spaces in the colour of their state, with their names.",
        .fallback_note = "`detector.show_spaces`"),
    ROW(CAMERA(output_width), "output_width", CONFIG_INTEGER, 160, 7680, NULL,
        "Width of the annotated pictures in pixels, where the camera's are wider; detection takes the "
        "camera's own, and metadata counts in its pixels.",
        .fallback_note = "the camera's own"),
    ROW(CAMERA(quality_min), "quality_min", CONFIG_INTEGER, 1, 100, "70",
        "When detection cannot keep up with the camera's rate, JPEG quality falls in steps from "
        "`detector.quality` to this, and comes back with the time to spare; 100: never."),
    ROW(CAMERA(detector), "detector", CONFIG_INTEGER, 0, 63, NULL,
        "The detector process that serves it.",
        .fallback_note = "its place among the sorted ids modulo `detector.processes`"),
    ROW(CAMERA(tiles), "tiles", CONFIG_TILES, 1, 8, NULL,
        "As in `detector`, for this camera; of what `region` leaves of the picture.",
        .fallback_note = "`detector.tiles`"),
    ROW(CAMERA(tile_overlap), "tile_overlap", CONFIG_NUMBER, 0, 0.5, NULL,
        "As in `detector`, for this camera.",
        .fallback_note = "`detector.tile_overlap`"),
    ROW(CAMERA(tile_whole), "tile_whole", CONFIG_BOOL, 0, 0, NULL,
        "As in `detector`, for this camera.",
        .fallback_note = "`detector.tile_whole`"),
    ROW(CAMERA(region), "region", CONFIG_POLYGON, 3, 64, NULL,
        "A polygon `[[x, y], …]`, relative to the picture. The network looks at the rectangle around it "
        "alone, and objects whose centre lies outside of it are dropped.",
        .fallback_note = "the whole picture"),
    ROW(CAMERA(ignore), "ignore", CONFIG_POLYGONS, 0, 64, NULL,
        "Polygons; an object of whose box at least half lies in one of them is dropped.",
        .fallback_note = "none"),
    ROW(CAMERA(mask), "mask", CONFIG_POLYGONS, 0, 64, NULL,
        "Polygons that are painted grey before anybody sees the picture, for privacy: also in raw "
        "streams, snapshots and pushed pictures. Whole blocks of the JPEG are painted, 8 or 16 pixels "
        "wide.", .fallback_note = "none"),
    ROW(CAMERA(spaces), "spaces", CONFIG_SPACES, 0, 1000, NULL,
        "Parking spaces: a list of `{id, name, polygon}` with 3 to 64 corners `[x, y]`, or "
        "`{id, name, bbox: {x, y, width, height}}`; all numbers relative to the picture, 0 to 1.",
        .fallback_note = "none"),
};
/* clang-format on */

const size_t config_option_count = sizeof config_options / sizeof config_options[0];

_Static_assert(sizeof(enum log_level) == sizeof(int) && sizeof(enum camera_source) == sizeof(int),
               "fields of type CONFIG_ENUM are written as int");

static const char *const section_names[SECTION_COUNT] = {
    [SECTION_TOP] = "",
    [SECTION_DETECTOR] = "detector",
    [SECTION_BROADCASTER] = "broadcaster",
    [SECTION_HISTORY] = "history",
    [SECTION_CAMERA] = "cameras",
};

const char *config_section_name(enum config_section section)
{
    return section_names[section];
}

size_t config_section_offset(enum config_section section)
{
    switch (section) {
    case SECTION_DETECTOR:
        return offsetof(struct config, detector);
    case SECTION_BROADCASTER:
        return offsetof(struct config, broadcaster);
    case SECTION_HISTORY:
        return offsetof(struct config, history);
    default:
        return 0;
    }
}

const struct config_option *config_option_find(enum config_section section, const char *key)
{
    for (size_t i = 0; i < config_option_count; i++) {
        if (config_options[i].section == section && strcmp(config_options[i].key, key) == 0) {
            return &config_options[i];
        }
    }
    return NULL;
}

static size_t minimum(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance: how many letters must be changed, added or taken away. Both texts are at
 * most SUGGEST_KEY_MAX long. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[SUGGEST_KEY_MAX + 1];
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t change = diagonal + (tolower((unsigned char)a[i]) != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = minimum(change, minimum(diagonal, row[j]) + 1);
        }
    }
    return row[length];
}

const char *config_option_suggest(enum config_section section, const char *wrong)
{
    const char *best = NULL;
    size_t length = strlen(wrong);
    if (length > SUGGEST_KEY_MAX) {
        return NULL;
    }
    /* Further away than this it would be a guess. */
    size_t best_distance = length / 3 + 2;
    for (size_t i = 0; i < config_option_count + SECTION_COUNT; i++) {
        const char *key = NULL;
        if (i < config_option_count) {
            key = config_options[i].section == section ? config_options[i].key : NULL;
        } else if (section == SECTION_TOP) {
            key = section_names[i - config_option_count];
        }
        if (key == NULL || key[0] == '\0') {
            continue;
        }
        size_t distance = edit_distance(wrong, key);
        if (distance < best_distance) {
            best_distance = distance;
            best = key;
        }
    }
    return best;
}

char *config_option_variable(const struct config_option *option)
{
    if (option->section == SECTION_CAMERA) {
        return NULL;
    }
    const char *section = section_names[option->section];
    char *name = xasprintf("RINGCAST_%s%s%s", section, section[0] != '\0' ? "_" : "", option->key);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    return name;
}
