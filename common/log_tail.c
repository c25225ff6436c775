#include "common/log_tail.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "common/camera_id.h"
#include "common/clock.h"

struct log_tail_line {
    uint64_t time_ns; /* CLOCK_REALTIME */
    enum log_level level;
    char camera[CAMERA_ID_SIZE];
    char message[LOG_TAIL_TEXT];
};

static pthread_mutex_t log_tail_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_tail_line log_tail_lines[LOG_TAIL_LINES];
static size_t log_tail_count; /* ever added: the next one goes to this place, modulo their number */

void log_tail_add(enum log_level level, const char *camera, const char *message)
{
    pthread_mutex_lock(&log_tail_lock);
    struct log_tail_line *line = &log_tail_lines[log_tail_count++ % LOG_TAIL_LINES];
    line->time_ns = clock_realtime_ns();
    line->level = level;
    snprintf(line->camera, sizeof line->camera, "%s", camera);
    snprintf(line->message, sizeof line->message, "%s", message);
    for (char *c = line->message; *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
    }
    pthread_mutex_unlock(&log_tail_lock);
}

/* What came from outside need not be UTF-8, and what was cut may end within a character. */
static json_t *log_tail_text(const char *text)
{
    char clean[LOG_TAIL_TEXT];
    json_t *json = json_string(text);
    if (json != NULL) {
        return json;
    }
    snprintf(clean, sizeof clean, "%s", text);
    for (char *c = clean; *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    }
    return json_string(clean);
}

static json_t *log_tail_line_json(const struct log_tail_line *line)
{
    uint64_t time_ms = line->time_ns / NS_PER_MS;
    return json_pack("{s:f, s:s, s:o, s:o}", "time", (double)time_ms / 1000, "level",
                     line->level == LOG_ERROR ? "error" : "warn", "camera",
                     line->camera[0] != '\0' ? log_tail_text(line->camera) : json_null(), "message",
                     log_tail_text(line->message));
}

json_t *log_tail_json(size_t most)
{
    json_t *lines = json_array();
    pthread_mutex_lock(&log_tail_lock);
    size_t kept = log_tail_count < LOG_TAIL_LINES ? log_tail_count : LOG_TAIL_LINES;
    size_t wanted = kept < most ? kept : most;
    for (size_t i = log_tail_count - wanted; i < log_tail_count; i++) {
        json_array_append_new(lines, log_tail_line_json(&log_tail_lines[i % LOG_TAIL_LINES]));
    }
    pthread_mutex_unlock(&log_tail_lock);
    return lines;
}
