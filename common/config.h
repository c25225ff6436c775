/* The configuration: `ringcast.json`, the environment and the API's overlay, merged and checked by
 * the same code in every process. One option table (config_options.c: key, type, bounds, default,
 * help) makes the parser, --help and docs/configuration.md.
 *
 * A `struct config` never changes after config_load(); a reload makes another one. */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log.h"

enum camera_source { SOURCE_MJPEG, SOURCE_SNAPSHOT, SOURCE_FILE, SOURCE_PUSH };
enum camera_detect { DETECT_ALWAYS, DETECT_ON_DEMAND, DETECT_OFF };
/* Of which frames the record keeps the detections. */
enum history_detections {
    HISTORY_DETECTIONS_OFF,
    HISTORY_DETECTIONS_CHANGES,
    HISTORY_DETECTIONS_ALL
};
enum camera_capture { CAPTURE_ALWAYS, CAPTURE_ON_DEMAND };
/* Where a camera is described: in the file alone, there and changed by the
 * overlay, in the overlay. */
enum camera_origin { ORIGIN_FILE, ORIGIN_CHANGED, ORIGIN_ADDED };

struct config_point {
    double x, y; /* relative, 0..1 */
};

struct config_polygon {
    struct config_point *corners;
    size_t corner_count; /* 0: none given */
};

struct config_polygons {
    struct config_polygon *items;
    size_t count;
};

struct config_tiles {
    int64_t columns, rows; /* 0: none given */
};

/* A parking space: a polygon of at least three corners. A space given as
 * `bbox` becomes its four. */
struct config_space {
    char *id;
    char *name;
    struct config_point *corners;
    size_t corner_count;
};

struct config_camera {
    char *id;
    size_t place; /* in the file, from 0: what stands first there is the first camera */
    enum camera_origin origin;
    char *name;
    enum camera_source source;
    char *url;  /* mjpeg, snapshot; may hold a user and a password: never in a log or an answer */
    char *path; /* file: a .mjpeg file or a folder of JPEGs */
    char *user, *password; /* instead of in the URL; NULL: none */
    bool tls_verify;
    enum camera_capture capture;
    double linger_s;     /* on_demand: connected for so long after the last reader */
    double source_fps;   /* snapshot, file: how often a picture is taken from the source */
    double fps;          /* the camera's own rate of detection, at most */
    double max_fps;      /* up to which viewers may raise it */
    int64_t skip_frames; /* every Nth camera frame is considered */
    enum camera_detect detect;
    bool tracking;
    bool show_boxes, show_trails, show_spaces; /* in the annotated pictures */
    int64_t output_width;          /* of the annotated pictures, pixels; 0: the camera's own */
    int64_t quality_min;           /* so low may JPEG quality fall when detection falls behind */
    int64_t detector;              /* -1: by its place among the sorted ids */
    struct config_tiles tiles;     /* of what is looked at, each with a forward pass of its own */
    double tile_overlap;           /* of a tile's side, with its neighbour */
    bool tile_whole;               /* one pass over all of it besides */
    struct config_polygon region;  /* what is looked at */
    struct config_polygons ignore; /* boxes in them are dropped */
    struct config_polygons mask;   /* painted over before anybody sees the picture */
    struct config_space *spaces;
    size_t space_count;
};

/* A list of strings; items == NULL: none given. */
struct config_strings {
    char **items;
    size_t count;
};

#define CONFIG_DIGEST_SIZE 32 /* SHA-256 */

enum token_role { TOKEN_VIEWER, TOKEN_PUBLISHER, TOKEN_ADMIN };

/* One that may come in; what it says is known only as its hash. */
struct config_token {
    char *name;
    uint8_t sha256[CONFIG_DIGEST_SIZE];
    enum token_role role;
    struct config_strings cameras; /* none given: all */
};

struct config_detector {
    char *model;   /* NULL: no detection */
    char *weights; /* Darknet: `model` is the .cfg, this is the .weights */
    char *names;
    char *layout; /* auto, yolov5, yolov8, yolox, darknet */
    char *backend, *target;
    double conf, iou;
    struct config_strings classes;         /* detected; none given: all */
    struct config_strings vehicle_classes; /* counted by vehicle_count */
    int64_t max_detections;
    struct config_tiles tiles; /* of cameras that say nothing of it; so with the next two */
    double tile_overlap;
    bool tile_whole;
    double track_high, track_low; /* confidences: associated first, and at least */
    double track_buffer_s;        /* an object out of sight is remembered for so long */
    double space_conf;            /* a vehicle takes a space from this confidence on */
    double space_occupy_s, space_free_s;
    bool show_boxes, show_trails, show_spaces;
    int64_t processes, workers, threads;
    int64_t quality;  /* of the default rendering */
    bool show_labels; /* of the default rendering */
    char *post_url;   /* NULL: the broadcaster of this run directory */
    char *post_token;
};

struct config_broadcaster {
    char *listen;                /* address:port, [address]:port */
    struct config_strings hosts; /* further Host names that are ours */
    struct config_strings cors_origins;
    struct config_strings frame_origins;
    struct config_strings trusted_proxies; /* address or address/length */
    char *base_path;                       /* "/cameras"; NULL: none */
    bool insecure;
    struct config_token *tokens;
    size_t token_count;
    double token_life_s;              /* of a signed token, when nobody says otherwise */
    char *tls_certificate, *tls_key;  /* NULL: plain; the key may stand with the certificate */
    char *web_dir;                    /* NULL: found beside the program */
    int64_t max_viewers, max_streams; /* 0: none */
    int64_t max_viewers_per_user, max_viewers_per_address;
    int64_t max_reconnects_per_minute;
    double max_posts_per_second; /* of each camera and source */
    int64_t intake_memory;       /* bytes of all bodies being received */
    double head_timeout_s, body_timeout_s, idle_timeout_s;
    double ping_interval_s, ping_timeout_s, keepalive_s, viewer_stall_s;
    double linger_s;                            /* a rendering without viewers is kept so long */
    bool mjpeg;                                 /* streams over HTTP */
    double streamer_warn_s, streamer_timeout_s; /* a streamer without a frame */
    bool adaptive;        /* slow viewers get a lesser quality before fewer frames */
    double stream_idle_s; /* streams without viewers and updates go after so long */
};

/* The record of counts, spaces and events. */
struct config_history {
    bool enabled;
    char *file;
    double interval_s; /* a row at least so often */
    enum history_detections detections;
    double retention_days;
    int64_t max_bytes;
};

struct config {
    char *run_dir;
    char *state_dir;
    int64_t max_frame_bytes;
    enum log_level log_level;
    enum log_format log_format;
    struct config_detector detector;
    struct config_broadcaster broadcaster;
    struct config_history history;
    struct config_camera *cameras; /* sorted by id */
    size_t camera_count;
    struct config_camera guest; /* what holds for a camera that pushes and is not configured */
    char hash[17]; /* of the merged configuration: what `stats` carries as config_hash */
};

/* Every mistake found, one line each: "cameras.CAM1.fps: 100 is above 60". */
struct config_errors {
    char **lines;
    size_t count;
};

/* Reads `path`, lays the overlay and the environment over it, checks the whole. On success 0 and
 * *config is the caller's; else -EINVAL (or -errno of the file) and `errors` holds every mistake.
 * config_errors_finish() frees those in both cases. */
int config_load(const char *path, struct config **config, struct config_errors *errors);

/* The same with `overlay` in the place of the one on disk: what a change would lead to. */
int config_load_overlaid(const char *path, json_t *overlay, struct config **config,
                         struct config_errors *errors);

void config_destroy(struct config *config); /* NULL is allowed */
void config_errors_finish(struct config_errors *errors);

/* The camera with this id, or NULL. */
const struct config_camera *config_find_camera(const struct config *config, const char *id);

/* The same, or config->guest, whose id and name are "". */
const struct config_camera *config_camera_or_guest(const struct config *config, const char *id);

/* Which detector process serves a camera: `camera.detector`, or its place in the sorted ids modulo
 * detector.processes, or for an id that is not configured a hash of it. The
 * same in every process. */
size_t config_camera_detector(const struct config *config, const char *id);

/* True when the supervisor must run a capture process for it (every source but push). */
bool config_camera_has_capture(const struct config_camera *camera);

/* The URL without user and password, for people. The caller frees it. */
char *config_redact_url(const char *url);

/* --- what the table says about itself --- */

/* docs/configuration.md, and the list under --help, to stdout. */
void config_print_reference(void);
void config_print_help(void);

/* One value of the configuration as text, e.g. "run_dir" or "detector.processes"; NULL: no such
 * key. The caller frees it. For the supervisor script. */
char *config_get_text(const struct config *config, const char *key);

#endif
