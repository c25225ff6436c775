#include "capture/probe.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/memory.h"

#define DESCRIPTION_MAX   65536
#define FRAME_BYTES       (4 * 1024 * 1024)
#define FRAME_BYTES_LEAST 1024
#define FRAME_BYTES_MOST  (64 * 1024 * 1024)

#define PROBE_LIMIT_NS (10 * NS_PER_SECOND) /* to the first picture */

/* A stream is read on for so long, or so many pictures, to see how fast they come. */
#define RATE_LIMIT_NS (1 * NS_PER_SECOND)
#define RATE_PICTURES 10

struct probe {
    struct loop *loop;
    struct config_camera camera; /* what the description says; points into it */
    size_t max_frame_bytes;
    const struct source_type *type;
    struct source *source;
    struct event *limit;
    struct frame_info info; /* of the first picture */
    uint8_t *jpeg;          /* NULL: none yet */
    size_t pictures;
    uint64_t newest_ns;      /* when the newest came */
    enum jpeg_fault dropped; /* why the newest bad picture was; JPEG_WHOLE: none was */
    char *error;             /* NULL: none */
};

/* --- what the source says --- */

/* Signs of life are not enough here. */
static void probe_on_life(void *arg)
{
    (void)arg;
}

static void probe_on_picture(void *arg, const struct frame_info *info, const uint8_t *jpeg)
{
    struct probe *probe = arg;
    probe->newest_ns = info->captured_ns;
    probe->pictures++;
    if (probe->jpeg == NULL) {
        probe->info = *info;
        probe->jpeg = xmalloc(info->size);
        memcpy(probe->jpeg, jpeg, info->size);
        struct timeval more = clock_timeval(RATE_LIMIT_NS);
        event_add(probe->limit, &more);
    }
    if (probe->camera.source == SOURCE_SNAPSHOT || probe->pictures >= RATE_PICTURES) {
        loop_stop(probe->loop, EXIT_SUCCESS);
    }
}

static const char *fault_words(enum jpeg_fault fault)
{
    return fault == JPEG_TOO_LARGE ? "larger than max_frame_bytes" : jpeg_fault_name(fault);
}

/* Of a stream the next one may be whole; a snapshot is what it is. */
static void probe_on_bad(void *arg, enum jpeg_fault fault)
{
    struct probe *probe = arg;
    probe->dropped = fault;
    if (probe->camera.source == SOURCE_SNAPSHOT && probe->error == NULL) {
        probe->error = xasprintf("the answer is no whole JPEG: %s", fault_words(fault));
        loop_stop(probe->loop, EXIT_SUCCESS);
    }
}

static void probe_on_ended(void *arg, const char *reason)
{
    struct probe *probe = arg;
    probe->error = xstrdup(reason);
    loop_stop(probe->loop, EXIT_SUCCESS);
}

/* No picture in time; or with one, enough has been seen of how fast they come. */
static void probe_on_limit(evutil_socket_t fd, short events, void *arg)
{
    struct probe *probe = arg;
    int seconds = (int)(PROBE_LIMIT_NS / NS_PER_SECOND);
    (void)fd;
    (void)events;
    if (probe->jpeg == NULL && probe->dropped != JPEG_WHOLE) {
        probe->error = xasprintf("no whole picture for %d s, the last one was %s", seconds,
                                 fault_words(probe->dropped));
    } else if (probe->jpeg == NULL) {
        bool answered = probe->type->content_type(probe->source)[0] != '\0';
        probe->error =
            xasprintf("%s for %d s", answered ? "connected, but no picture" : "no answer", seconds);
    }
    loop_stop(probe->loop, EXIT_SUCCESS);
}

/* --- the answer --- */

static json_t *probe_rate(const struct probe *probe)
{
    uint64_t between_ns = clock_elapsed_ns(probe->info.captured_ns, probe->newest_ns);
    if (probe->camera.source == SOURCE_SNAPSHOT || probe->pictures < 2 || between_ns == 0) {
        return json_null();
    }
    double rate = (double)(probe->pictures - 1) * (double)NS_PER_SECOND / (double)between_ns;
    return json_real((double)(int64_t)(rate * 10 + 0.5) / 10);
}

/* What comes from a camera may be anything. */
static json_t *plain_text(const char *text)
{
    char *copy = xstrdup(text);
    for (char *c = copy; *c != '\0'; c++) {
        *c = *c >= ' ' && *c < 0x7f ? *c : '?';
    }
    json_t *json = json_string(copy);
    free(copy);
    return json;
}

static void probe_answer(const struct probe *probe)
{
    json_t *answer;
    if (probe->jpeg != NULL) {
        answer = json_pack(
            "{s:b,s:I,s:I,s:I,s:o,s:o}", "ok", true, "size", (json_int_t)probe->info.size, "width",
            (json_int_t)probe->info.width, "height", (json_int_t)probe->info.height, "content_type",
            plain_text(probe->type->content_type(probe->source)), "fps", probe_rate(probe));
    } else {
        const char *error = probe->error != NULL ? probe->error : "interrupted";
        answer = json_pack("{s:b,s:o}", "ok", false, "error", plain_text(error));
    }
    json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    if (probe->jpeg != NULL) {
        fwrite(probe->jpeg, 1, probe->info.size, stdout);
    }
    fflush(stdout);
    json_decref(answer);
}

/* --- the description --- */

static char *text_of(json_t *description, const char *key)
{
    return (char *)json_string_value(json_object_get(description, key));
}

/* False when something that is needed is missing. */
static bool probe_read(struct probe *probe, json_t *description)
{
    const char *source = text_of(description, "source");
    const json_t *verify = json_object_get(description, "tls_verify");
    json_int_t largest = json_integer_value(json_object_get(description, "max_frame_bytes"));
    bool snapshot = source != NULL && strcmp(source, "snapshot") == 0;
    probe->camera = (struct config_camera){
        .id = (char *)"probe",
        .source = snapshot ? SOURCE_SNAPSHOT : SOURCE_MJPEG,
        .url = text_of(description, "url"),
        .user = text_of(description, "user"),
        .password = text_of(description, "password"),
        .tls_verify = verify == NULL || json_is_true(verify),
        .source_fps = 1, /* asks again each second while answers are no pictures */
    };
    probe->type = snapshot ? &snapshot_source : &mjpeg_source;
    bool given = largest >= FRAME_BYTES_LEAST && largest <= FRAME_BYTES_MOST;
    probe->max_frame_bytes = given ? (size_t)largest : FRAME_BYTES;
    return probe->camera.url != NULL &&
           (snapshot || (source != NULL && strcmp(source, "mjpeg") == 0));
}

static void probe_camera(struct probe *probe)
{
    static const struct source_handlers handlers = {.opened = probe_on_life,
                                                    .picture = probe_on_picture,
                                                    .bad = probe_on_bad,
                                                    .alive = probe_on_life,
                                                    .ended = probe_on_ended};
    probe->loop = loop_create(-1);
    struct event_base *base = loop_base(probe->loop);
    struct curl_loop *curl = curl_loop_create(base);
    const struct source_settings settings = {.base = base,
                                             .curl = curl,
                                             .camera = &probe->camera,
                                             .max_frame_bytes = probe->max_frame_bytes,
                                             .handlers = &handlers,
                                             .arg = probe};
    struct timeval limit = clock_timeval(PROBE_LIMIT_NS);
    probe->limit = evtimer_new(base, probe_on_limit, probe);
    if (probe->limit == NULL) {
        die("libevent cannot make a timer");
    }
    event_add(probe->limit, &limit);
    probe->source = probe->type->create(&settings);
    loop_run(probe->loop);
    probe_answer(probe);
    probe->type->destroy(probe->source);
    event_free(probe->limit);
    curl_loop_destroy(curl);
    loop_destroy(probe->loop);
    free(probe->jpeg);
    free(probe->error);
}

int probe_run(void)
{
    struct probe probe = {.dropped = JPEG_WHOLE};
    uint8_t *text;
    size_t size;
    json_error_t ignored; /* it would quote the description, which may hold a password */
    log_init("capture", "probe");
    if (fd_read_file("/dev/stdin", DESCRIPTION_MAX, &text, &size) < 0) {
        die_config("--probe reads the description of a camera from stdin");
    }
    json_t *description = json_loadb((const char *)text, size, JSON_REJECT_DUPLICATES, &ignored);
    free(text);
    if (!probe_read(&probe, description)) {
        die_config("--probe wants {\"source\": \"mjpeg\" or \"snapshot\", \"url\": …}");
    }
    probe_camera(&probe);
    json_decref(description);
    return EXIT_SUCCESS;
}
