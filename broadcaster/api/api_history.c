#include "broadcaster/api/api_history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/history/history.h"
#include "broadcaster/history/history_bucket.h"
#include "broadcaster/history/history_reading.h"
#include "broadcaster/history/history_time.h"
#include "broadcaster/protocol/api_json.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "common/clock.h"
#include "common/memory.h"

#define MS_PER_SECOND   1000
#define MS_PER_DAY      INT64_C(86400000)
#define STEP_LONGEST_S  (366 * 86400)
#define ROWS_LONGEST_MS (8 * MS_PER_DAY) /* a chart that is read row by row */
#define POINTS_WANTED   400              /* when nobody says how many */
#define EVENTS_DEFAULT  100
#define EVENTS_SINCE_MS (400 * MS_PER_DAY)

/* Who waits for an answer. */
struct history_wait {
    struct http_session *session;
    struct history_query *query;
};

/* --- parameters --- */

static bool refuse(struct http_session *session, const char *message)
{
    http_respond_error(session, 400, "bad_parameter", NULL, "%s", message);
    return false;
}

/* False: it is there and is none. */
static bool read_time(const struct http_request *request, const char *name, int64_t *ms)
{
    char text[64];
    int result = http_request_parameter(request, name, text, sizeof text);
    return result == -ENOENT || (result == 0 && history_time_parse(text, ms));
}

static bool read_number(const struct http_request *request, const char *name, int64_t most,
                        int64_t *number)
{
    char text[16], *end;
    int result = http_request_parameter(request, name, text, sizeof text);
    if (result == 0) {
        *number = strtoll(text, &end, 10);
        result = text[0] < '1' || text[0] > '9' || *end != '\0' || *number > most ? -EINVAL : 0;
    }
    return result == 0 || result == -ENOENT;
}

static bool read_range(struct http_session *session, const struct http_request *request,
                       int64_t length_ms, int64_t *from_ms, int64_t *to_ms)
{
    *to_ms = (int64_t)(clock_realtime_ns() / NS_PER_MS) + 1;
    *from_ms = -1;
    if (!read_time(request, "to", to_ms) || !read_time(request, "from", from_ms)) {
        return refuse(session, "from and to are seconds since 1970, or a time such as "
                               "2026-01-07T12:30:00Z");
    }
    if (*from_ms < 0) {
        *from_ms = *to_ms > length_ms ? *to_ms - length_ms : 0;
    }
    return *from_ms < *to_ms || refuse(session, "from is not before to");
}

static bool read_camera(struct http_session *session, const struct http_request *request,
                        char camera[CAMERA_ID_SIZE], bool needed)
{
    int result = http_request_parameter(request, "camera_id", camera, CAMERA_ID_SIZE);
    if (result == -ENOENT) {
        camera[0] = '\0';
        return !needed || refuse(session, "camera_id is missing");
    }
    return (result == 0 && camera_id_valid(camera, strlen(camera))) ||
           refuse(session, "camera_id is not the id of a camera");
}

/* The shortest of the usual steps with which there are not too many points; else so many days. */
static int64_t usual_step(int64_t length_ms)
{
    static const int64_t steps_s[] = {1, 5, 10, 30, 60, 300, 900, 3600, 10800, 21600, 43200};
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        if (length_ms / (steps_s[i] * MS_PER_SECOND) <= POINTS_WANTED) {
            return steps_s[i];
        }
    }
    return (length_ms / (POINTS_WANTED * MS_PER_DAY) + 1) * (MS_PER_DAY / MS_PER_SECOND);
}

static bool read_chart(struct http_session *session, const struct http_request *request,
                       struct history_chart *chart)
{
    int64_t from_ms, to_ms, step_s;
    if (!read_camera(session, request, chart->camera, true) ||
        !read_range(session, request, MS_PER_DAY, &from_ms, &to_ms)) {
        return false;
    }
    step_s = usual_step(to_ms - from_ms);
    if (!read_number(request, "step", STEP_LONGEST_S, &step_s)) {
        return refuse(session, "step is a whole number of seconds, at most a year");
    }
    chart->step_ms = step_s * MS_PER_SECOND;
    chart->from_ms = from_ms - from_ms % chart->step_ms;
    chart->to_ms = to_ms + (chart->step_ms - to_ms % chart->step_ms) % chart->step_ms;
    if ((chart->to_ms - chart->from_ms) / chart->step_ms > HISTORY_POINTS_MOST) {
        int64_t slots = (to_ms - from_ms) / ((HISTORY_POINTS_MOST - 2) * HISTORY_SLOT_MS) + 1;
        http_respond_error(session, 400, "too_many_points", NULL,
                           "more than %d points: take a shorter time, or a step of %" PRId64,
                           HISTORY_POINTS_MOST, slots * HISTORY_SLOT_MS / MS_PER_SECOND);
        return false;
    }
    return chart->step_ms % HISTORY_SLOT_MS == 0 || to_ms - from_ms <= ROWS_LONGEST_MS ||
           refuse(session, "for more than 8 days the step has to be a multiple of 300 seconds");
}

/* "1767787845123-42": the moment and the row of an event. */
static bool read_before(const struct http_request *request, struct history_events *events)
{
    char text[48], *end;
    int result = http_request_parameter(request, "before", text, sizeof text);
    events->before_ms = events->before_id = INT64_MAX;
    if (result == -ENOENT) {
        return true;
    }
    if (result < 0 || text[0] < '0' || text[0] > '9') {
        return false;
    }
    events->before_ms = strtoll(text, &end, 10);
    if (*end != '-' || end[1] < '0' || end[1] > '9') {
        return false;
    }
    events->before_id = strtoll(end + 1, &end, 10);
    return *end == '\0';
}

static bool read_filters(struct http_session *session, const struct http_request *request,
                         struct history_events *events)
{
    char space[HISTORY_TEXT_MOST + 1], state[16];
    int64_t limit = EVENTS_DEFAULT;
    int result = http_request_parameter(request, "space_id", space, sizeof space);
    if (result == 0) {
        events->space = xstrdup(space);
    } else if (result == -EINVAL) {
        return refuse(session, "space_id is not the id of a space");
    }
    result = http_request_parameter(request, "state", state, sizeof state);
    events->state = result == 0 ? history_state(state) : NULL;
    if (result == -EINVAL || (result == 0 && events->state == NULL)) {
        return refuse(session, "state is occupied, free or unknown");
    }
    if (!read_number(request, "limit", HISTORY_EVENTS_MOST, &limit) ||
        !read_before(request, events)) {
        return refuse(session,
                      "limit is a number from 1 to 1000, before the `next` of another page");
    }
    events->limit = (size_t)limit;
    return true;
}

/* Whose events: of the camera that is named, else of those that the asker may see. */
static void choose_cameras(const struct identity *identity, const char *camera,
                           struct history_events *events)
{
    bool named = camera[0] != '\0';
    if (!named && identity->every_camera) {
        return;
    }
    events->camera_count = named ? 1 : identity->camera_count;
    events->cameras = xcalloc(events->camera_count + 1, sizeof *events->cameras);
    for (size_t i = 0; i < events->camera_count; i++) {
        events->cameras[i] = xstrdup(named ? camera : identity->cameras[i]);
    }
}

static bool read_events(struct http_session *session, const struct http_request *request,
                        struct history_events *events)
{
    char camera[CAMERA_ID_SIZE];
    if (!read_camera(session, request, camera, false) ||
        !read_range(session, request, EVENTS_SINCE_MS, &events->from_ms, &events->to_ms) ||
        !read_filters(session, request, events)) {
        return false;
    }
    choose_cameras(http_session_identity(session), camera, events);
    return true;
}

/* --- asking and answering --- */

static void respond(struct http_session *session, const struct history_query *query)
{
    char fields[192];
    const struct history_chart *chart = &query->chart;
    if (query->answer == HISTORY_UNAVAILABLE) {
        http_respond_error(session, 503, "history_unavailable", "Retry-After: 5\r\n",
                           "the record cannot be read; the log says why");
    } else if (query->answer == HISTORY_TOO_MUCH) {
        http_respond_error(session, 503, "history_too_much", NULL,
                           "this takes too long: take a shorter time, or a step of whole hours");
    } else if (query->question == HISTORY_ASKS_CHART && chart->form == HISTORY_CSV) {
        snprintf(fields, sizeof fields,
                 API_NOT_STORED "Content-Disposition: attachment; filename=\"%s.csv\"\r\n",
                 chart->camera);
        http_respond_text(session, 200, "text/csv; charset=utf-8", fields, query->text,
                          query->size);
    } else {
        http_respond_text(session, 200, "application/json", API_NOT_STORED, query->text,
                          query->size);
    }
}

static void wait_on_done(void *arg, struct history_query *query)
{
    struct history_wait *wait = arg;
    respond(wait->session, query);
    free(wait);
}

/* The question is on its way: it comes back to nobody. */
static void wait_on_gone(void *arg)
{
    struct history_wait *wait = arg;
    wait->query->done = NULL;
    free(wait);
}

/* Takes the query. */
static void ask(struct services *services, struct http_session *session,
                struct history_query *query)
{
    struct history_wait *wait = xcalloc(1, sizeof *wait);
    *wait = (struct history_wait){.session = session, .query = query};
    query->done = wait_on_done;
    query->arg = wait;
    if (!history_ask(services->history, query)) {
        http_respond_error(session, 503, "history_busy", "Retry-After: 1\r\n",
                           "too many questions to the record at a time");
        history_query_destroy(query);
        free(wait);
        return;
    }
    http_defer_while_open(session, wait_on_gone, wait);
}

static bool check_on(struct services *services, struct http_session *session)
{
    if (!history_is_on(services->history)) {
        http_respond_error(session, 404, "history_off", NULL,
                           "no record is kept: history.enabled is false");
        return false;
    }
    return true;
}

static void handle_chart(struct services *services, struct http_session *session,
                         const struct http_request *request, enum history_form form)
{
    struct history_query *query;
    if (!check_on(services, session)) {
        return;
    }
    query = xcalloc(1, sizeof *query);
    query->question = HISTORY_ASKS_CHART;
    query->chart.form = form;
    if (read_chart(session, request, &query->chart)) {
        ask(services, session, query);
    } else {
        history_query_destroy(query);
    }
}

void api_history_handle(struct services *services, struct http_session *session,
                        const struct http_request *request, const char *camera)
{
    (void)camera;
    handle_chart(services, session, request, HISTORY_JSON);
}

void api_history_csv_handle(struct services *services, struct http_session *session,
                            const struct http_request *request, const char *camera)
{
    (void)camera;
    handle_chart(services, session, request, HISTORY_CSV);
}

void api_events_handle(struct services *services, struct http_session *session,
                       const struct http_request *request, const char *camera)
{
    (void)camera;
    if (!check_on(services, session)) {
        return;
    }
    struct history_query *query = xcalloc(1, sizeof *query);
    query->question = HISTORY_ASKS_EVENTS;
    if (read_events(session, request, &query->events)) {
        ask(services, session, query);
    } else {
        history_query_destroy(query);
    }
}
