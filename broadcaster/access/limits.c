#include "broadcaster/access/limits.h"

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broadcaster/access/rate_table.h"
#include "broadcaster/protocol/http_session.h"
#include "common/camera_id.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define LIMITS_NAMES_MOST     8192 /* whose rates are remembered */
#define LIMITS_ADDRESS_SIZE   (ADDRESS_TEXT_SIZE + 1)
#define LIMITS_NAME_SIZE      (IDENTITY_NAME_SIZE + ADDRESS_TEXT_SIZE + CAMERA_ID_SIZE + 4)
#define LIMITS_WARN_NS        (60 * NS_PER_SECOND)
#define LIMITS_BUSY_RETRY_S   5
#define LIMITS_MINUTE_SECONDS 60.0

/* Streams of one user or one address; there is none without a stream. */
struct limits_count {
    char name[LIMITS_NAME_SIZE];
    size_t streams;
};

struct limits {
    const struct config_broadcaster *config; /* until the next limits_configure() */
    void *counts;                            /* tsearch() of struct limits_count */
    struct rate_table *opens, *posts;
    uint64_t warned_ns; /* CLOCK_MONOTONIC; 0: never */
    uint64_t refused;   /* since then */
};

/* What an identity has while it has a stream. */
struct limits_place {
    struct limits *limits;
    struct limits_count *user, *address;
};

struct limits *limits_create(void)
{
    struct limits *limits = xcalloc(1, sizeof *limits);
    limits->opens = rate_table_create(LIMITS_NAMES_MOST);
    limits->posts = rate_table_create(LIMITS_NAMES_MOST);
    return limits;
}

void limits_destroy(struct limits *limits)
{
    if (limits != NULL) {
        rate_table_destroy(limits->opens);
        rate_table_destroy(limits->posts);
        free(limits);
    }
}

void limits_configure(struct limits *limits, const struct config_broadcaster *config)
{
    limits->config = config;
}

/* --- counting --- */

static int limits_compare(const void *a, const void *b)
{
    return strcmp(((const struct limits_count *)a)->name, ((const struct limits_count *)b)->name);
}

static struct limits_count *limits_find(const struct limits *limits, const char *name)
{
    struct limits_count wanted;
    snprintf(wanted.name, sizeof wanted.name, "%s", name);
    struct limits_count *const *found = tfind(&wanted, &limits->counts, limits_compare);
    return found != NULL ? *found : NULL;
}

static struct limits_count *limits_add(struct limits *limits, const char *name)
{
    struct limits_count *count = limits_find(limits, name);
    if (count == NULL) {
        count = xcalloc(1, sizeof *count);
        snprintf(count->name, sizeof count->name, "%s", name);
        if (tsearch(count, &limits->counts, limits_compare) == NULL) {
            die("out of memory");
        }
    }
    count->streams++;
    return count;
}

static void limits_remove(struct limits *limits, struct limits_count *count)
{
    if (--count->streams == 0) {
        tdelete(count, &limits->counts, limits_compare);
        free(count);
    }
}

static void limits_leave(void *arg)
{
    struct limits_place *place = arg;
    limits_remove(place->limits, place->user);
    limits_remove(place->limits, place->address);
    free(place);
}

/* --- refusing --- */

static bool limits_refuse(struct limits *limits, const struct identity *identity, uint64_t now_ns,
                          struct limits_refusal *refusal)
{
    char address[ADDRESS_TEXT_SIZE];
    identity_address(identity, address);
    limits->refused++;
    log_debug("a stream was refused user=%s address=%s code=%s", identity->user, address,
              refusal->code);
    if (limits->warned_ns == 0 || now_ns - limits->warned_ns >= LIMITS_WARN_NS) {
        log_warn("streams are refused, the newest of %llu: user=%s address=%s code=%s; more are "
                 "only counted for a minute",
                 (unsigned long long)limits->refused, identity->user, address, refusal->code);
        limits->warned_ns = now_ns;
        limits->refused = 0;
    }
    return false;
}

static bool limits_is_full(const struct limits *limits, const char *name, int64_t most)
{
    const struct limits_count *count = most > 0 ? limits_find(limits, name) : NULL;
    return count != NULL && count->streams >= (size_t)most;
}

static bool limits_may_open(struct limits *limits, const char *user, const char *address,
                            uint64_t now_ns, double *wait_s)
{
    double most = (double)limits->config->max_reconnects_per_minute;
    struct rate rate = {.per_second = most / LIMITS_MINUTE_SECONDS, .burst = most};
    char name[LIMITS_NAME_SIZE];
    snprintf(name, sizeof name, "%s%s", user, address);
    return most <= 0 || rate_table_take(limits->opens, name, &rate, now_ns, wait_s);
}

/* '|' is in no user's name, so an address cannot be mistaken for one. */
static void limits_name_address(const struct identity *identity, char name[LIMITS_ADDRESS_SIZE])
{
    struct in6_addr customer = address_customer(&identity->ip);
    name[0] = '|';
    address_text(&customer, name + 1);
}

bool limits_take_place(struct limits *limits, struct identity *identity, uint64_t now_ns,
                       struct limits_refusal *refusal)
{
    char address[LIMITS_ADDRESS_SIZE];
    double wait_s = 0;
    if (identity->is_local) {
        return true;
    }
    limits_name_address(identity, address);
    if (!limits_may_open(limits, identity->user, address, now_ns, &wait_s)) {
        *refusal = (struct limits_refusal){
            .status = 429,
            .code = "too_many_reconnects",
            .message = "Too many connections in a minute. Please try again later.",
            .retry_s = (unsigned)ceil(wait_s),
        };
        return limits_refuse(limits, identity, now_ns, refusal);
    }
    bool of_user = limits_is_full(limits, identity->user, limits->config->max_viewers_per_user);
    if (of_user || limits_is_full(limits, address, limits->config->max_viewers_per_address)) {
        *refusal = (struct limits_refusal){
            .status = 503,
            .code = of_user ? "too_many_of_user" : "too_many_of_address",
            .message = "Too many active streams. Please try again.",
            .retry_s = LIMITS_BUSY_RETRY_S,
        };
        return limits_refuse(limits, identity, now_ns, refusal);
    }
    struct limits_place *place = xcalloc(1, sizeof *place);
    place->limits = limits;
    place->user = limits_add(limits, identity->user);
    place->address = limits_add(limits, address);
    identity_on_end(identity, limits_leave, place);
    return true;
}

bool limits_admit_stream(struct limits *limits, struct http_session *session)
{
    struct limits_refusal refusal;
    char fields[48];
    if (limits_take_place(limits, http_session_identity(session), clock_monotonic_ns(), &refusal)) {
        return true;
    }
    snprintf(fields, sizeof fields, "Retry-After: %u\r\n", refusal.retry_s);
    http_respond_error(session, refusal.status, refusal.code, fields, "%s", refusal.message);
    return false;
}

bool limits_allow_post(struct limits *limits, const struct identity *identity, const char *camera,
                       uint64_t now_ns)
{
    double most = limits->config->max_posts_per_second;
    struct rate rate = {.per_second = most, .burst = most < 1 ? 1 : most};
    char name[LIMITS_NAME_SIZE], address[LIMITS_ADDRESS_SIZE];
    double wait_s;
    if (most <= 0 || identity->is_local) {
        return true;
    }
    limits_name_address(identity, address);
    snprintf(name, sizeof name, "%s|%s%s", camera, identity_token_name(identity), address);
    return rate_table_take(limits->posts, name, &rate, now_ns, &wait_s);
}
