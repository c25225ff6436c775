#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log_tail.h"
#include "common/text_hash.h"

#define LOG_LINE_MAX    2048
#define LOG_MESSAGE_MAX 1024
#define LOG_PLACES      128
#define LOG_NAME_MAX    80
#define LOG_LEVEL_COUNT 4
#define LOG_PATIENCE_MS 100 /* with a reader that does not take lines as fast as they come */

/* Kept free behind a JSON message for what closes the line: ","suppressed":4294967295} */
#define LOG_JSON_RESERVE 64

/* One place in the code, for one camera, that wrote lately. */
struct log_place {
    const char *place; /* a string literal */
    char camera[LOG_NAME_MAX];
    uint64_t window_ns; /* when the current window began */
    uint64_t text;      /* hash of the last message */
    unsigned written, suppressed;
};

static const char *const level_names[LOG_LEVEL_COUNT] = {"error", "warn", "info", "debug"};

static char log_process[LOG_NAME_MAX] = "ringcast";
static char log_camera_name[LOG_NAME_MAX];
static atomic_int log_threshold = LOG_INFO;
static atomic_int log_line_format = LOG_TEXT;

static atomic_uint log_lost; /* lines that nobody took; the next one counts them in */

static pthread_mutex_t log_places_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_place log_places[LOG_PLACES];

void log_init(const char *process, const char *camera)
{
    snprintf(log_process, sizeof log_process, "%s", process);
    snprintf(log_camera_name, sizeof log_camera_name, "%s", camera != NULL ? camera : "");
}

void log_configure(enum log_level level, enum log_format format)
{
    atomic_store(&log_threshold, (int)level);
    atomic_store(&log_line_format, (int)format);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load(&log_threshold);
}

/* The entry of a place; when the table is full the one that has been silent longest gives way. */
static struct log_place *log_find_place(const char *place, const char *camera)
{
    struct log_place *oldest = &log_places[0];
    for (size_t i = 0; i < LOG_PLACES; i++) {
        struct log_place *entry = &log_places[i];
        if (entry->place != NULL && strcmp(entry->place, place) == 0 &&
            strncmp(entry->camera, camera, LOG_NAME_MAX - 1) == 0) {
            return entry;
        }
        if (entry->window_ns < oldest->window_ns) {
            oldest = entry;
        }
    }
    *oldest = (struct log_place){.place = place};
    snprintf(oldest->camera, sizeof oldest->camera, "%s", camera);
    return oldest;
}

/* True when the line may be written now; *suppressed is how many were left out before it. */
static bool log_admit(const char *place, const char *camera, const char *message,
                      unsigned *suppressed)
{
    uint64_t now = clock_monotonic_ns();
    uint64_t text = text_hash(message);
    pthread_mutex_lock(&log_places_lock);
    struct log_place *entry = log_find_place(place, camera);
    if (now - entry->window_ns >= LOG_WINDOW_NS) {
        entry->window_ns = now;
        entry->written = 0;
    }
    bool admitted = entry->written == 0 || (entry->text != text && entry->written < LOG_BURST);
    if (admitted) {
        *suppressed = entry->suppressed;
        entry->suppressed = 0;
        entry->written++;
        entry->text = text;
    } else {
        entry->suppressed++;
    }
    pthread_mutex_unlock(&log_places_lock);
    return admitted;
}

/* Appends formatted text; the line is cut rather than overrun. */
__attribute__((format(printf, 3, 4))) static size_t log_append(char *line, size_t used,
                                                               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(line + used, LOG_LINE_MAX - used, format, arguments);
    va_end(arguments);
    if (written < 0) {
        return used;
    }
    size_t room = LOG_LINE_MAX - used - 1;
    return used + ((size_t)written < room ? (size_t)written : room);
}

/* The length of the character at `text`, 0 when it may not be shown: not UTF-8 (RFC 3629), or a
 * control character (C0, DEL or C1), which could steer a terminal or forge a line. */
static size_t log_character_length(const unsigned char *text)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    if (text[0] < 0x80) {
        return text[0] >= 0x20 && text[0] != 0x7f;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (text[0] < forms[i].first_low || text[0] > forms[i].first_high ||
            text[1] < forms[i].second_low || text[1] > forms[i].second_high) {
            continue;
        }
        /* A terminating NUL is no continuation byte, so this never reads behind it. */
        bool third = forms[i].length < 3 || (text[2] & 0xc0) == 0x80;
        bool whole = third && (forms[i].length < 4 || (text[3] & 0xc0) == 0x80);
        return whole ? forms[i].length : 0;
    }
    return 0;
}

/* Cut, where it must be, between two characters: the line stays JSON. */
static size_t log_append_json_string(char *line, size_t used, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    used = log_append(line, used, "\"");
    while (*c != '\0' && used + LOG_JSON_RESERVE < LOG_LINE_MAX) {
        size_t length = log_character_length(c);
        if (*c == '"' || *c == '\\') {
            used = log_append(line, used, "\\%c", *c);
        } else if (length > 0) {
            used = log_append(line, used, "%.*s", (int)length, (const char *)c);
        } else {
            used = log_append(line, used, "\\u%04x", *c < 0x80 ? *c : 0xfffd);
        }
        c += length > 0 ? length : 1;
    }
    return log_append(line, used, "\"");
}

static size_t log_compose_json(char *line, enum log_level level, const char *camera,
                               const char *message, unsigned suppressed)
{
    char when[CLOCK_ISO8601_SIZE];
    clock_iso8601(clock_realtime_ns(), when);
    size_t used = log_append(line, 0, "{\"time\":\"%s\",\"level\":\"%s\",\"process\":", when,
                             level_names[level]);
    used = log_append_json_string(line, used, log_process);
    if (camera[0] != '\0') {
        used = log_append(line, used, ",\"camera\":");
        used = log_append_json_string(line, used, camera);
    }
    used = log_append(line, used, ",\"message\":");
    used = log_append_json_string(line, used, message);
    if (suppressed > 0) {
        used = log_append(line, used, ",\"suppressed\":%u", suppressed);
    }
    return log_append(line, used, "}");
}

static size_t log_compose_text(char *line, enum log_level level, const char *camera,
                               const char *message, unsigned suppressed)
{
    size_t used = log_append(line, 0, "%s %s", level_names[level], log_process);
    if (camera[0] != '\0') {
        used = log_append(line, used, "[%s]", camera);
    }
    used = log_append(line, used, " %s", message);
    /* Text of strangers (a camera's header, a path) may not forge lines. */
    for (size_t i = 0; i < used;) {
        size_t length = log_character_length((const unsigned char *)line + i);
        if (length == 0) {
            line[i] = '?';
        }
        i += length > 0 ? length : 1;
    }
    if (suppressed > 0) {
        used = log_append(line, used, " suppressed=%u", suppressed);
    }
    return used;
}

/* False when nobody takes the line: a pipe or terminal is full, and its reader stands still (a
 * pager, a stopped collector). It is waited for once, not again for every line. What has an error
 * is "ready", and the write() says so. */
static bool log_has_room(void)
{
    struct pollfd poll_stderr = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&poll_stderr, 1, atomic_load(&log_lost) == 0 ? LOG_PATIENCE_MS : 0) != 0;
}

/* One write() for the whole line: short enough for a pipe to keep it in one piece. */
static void log_emit(enum log_level level, const char *camera, const char *message,
                     unsigned suppressed)
{
    char line[LOG_LINE_MAX + 1];
    if (!log_has_room()) {
        atomic_fetch_add(&log_lost, suppressed + 1);
        return;
    }
    suppressed += atomic_exchange(&log_lost, 0);
    size_t used = atomic_load(&log_line_format) == LOG_JSON
                      ? log_compose_json(line, level, camera, message, suppressed)
                      : log_compose_text(line, level, camera, message, suppressed);
    line[used++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written; /* a log that cannot be written has nowhere to say so */
}

void log_write(enum log_level level, const char *place, const char *camera, const char *format, ...)
{
    if (!log_enabled(level)) {
        return;
    }
    int saved_errno = errno;
    unsigned suppressed = 0;
    char message[LOG_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const char *name = camera != NULL ? camera : log_camera_name;
    if (log_admit(place, name, message, &suppressed)) {
        if (level <= LOG_WARN) {
            log_tail_add(level, name, message);
        }
        log_emit(level, name, message, suppressed);
    }
    errno = saved_errno;
}

/* Without exit handlers: other threads may be at work in what they would take apart. */
static _Noreturn void log_end(int exit_code, const char *format, va_list arguments)
{
    char message[LOG_MESSAGE_MAX];
    vsnprintf(message, sizeof message, format, arguments);
    log_emit(LOG_ERROR, log_camera_name, message, 0);
    _exit(exit_code);
}

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_end(EXIT_FAULT, format, arguments);
}

void die_config(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_end(EXIT_CONFIG, format, arguments);
}
