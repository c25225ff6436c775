#include "broadcaster/api/api_viewers.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>

#include "broadcaster/protocol/api_json.h"
#include "broadcaster/services.h"
#include "broadcaster/viewers/viewer_set.h"

#define VIEWERS_DEFAULT 100
#define STREAMS_DEFAULT 1000
#define PAGE_MOST       5000

/* Which page is wanted. */
struct page {
    char after[CAMERA_ID_SIZE];
    size_t limit;
};

/* False: the session has been answered. */
static bool page_read(struct http_session *session, const struct http_request *request,
                      size_t limit, struct page *page)
{
    char text[16], *end;
    *page = (struct page){.limit = limit};
    int after = http_request_parameter(request, "after", page->after, sizeof page->after);
    int result = http_request_parameter(request, "limit", text, sizeof text);
    if (result == 0) {
        unsigned long number = strtoul(text, &end, 10);
        page->limit = number < PAGE_MOST ? (size_t)number : PAGE_MOST;
        result = text[0] < '1' || text[0] > '9' || *end != '\0' ? -EINVAL : 0;
    }
    if (after == -EINVAL || result == -EINVAL) {
        http_respond_error(session, 400, "bad_page", NULL,
                           "limit must be a number from 1 on, after the `next` of another page");
        return false;
    }
    return true;
}

void api_viewers_list(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *id)
{
    const struct identity *identity = http_session_identity(session);
    struct page page;
    const char *next;
    (void)id;
    if (page_read(session, request, VIEWERS_DEFAULT, &page)) {
        json_t *viewers =
            viewer_set_page(services->viewers, identity, page.after, page.limit, &next);
        api_json_respond(session, 200, API_NOT_STORED,
                         json_pack("{s:I,s:o,s:s?}", "total",
                                   (json_int_t)viewer_set_count_for(services->viewers, identity),
                                   "viewers", viewers, "next", next));
    }
}

void api_viewers_kick(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *id)
{
    (void)request;
    if (!viewer_set_kick(services->viewers, http_session_identity(session), id)) {
        http_respond_error(session, 404, "no_such_viewer", NULL, "no viewer has this id");
        return;
    }
    http_respond_text(session, 204, NULL, API_NOT_STORED, "", 0);
}

void api_streams_list(struct services *services, struct http_session *session,
                      const struct http_request *request, const char *id)
{
    const struct identity *identity = http_session_identity(session);
    struct page page;
    const char *next;
    size_t active;
    (void)id;
    if (page_read(session, request, STREAMS_DEFAULT, &page)) {
        json_t *streams =
            viewer_set_streams(services->viewers, identity, page.after, page.limit, &next, &active);
        api_json_respond(session, 200, API_NOT_STORED,
                         json_pack("{s:I,s:o,s:s?}", "active_streams", (json_int_t)active,
                                   "streams", streams, "next", next));
    }
}
