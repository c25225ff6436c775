#include "broadcaster/access/visits.h"

#include <inttypes.h>
#include <stdio.h>

#include "broadcaster/access/reconnects.h"
#include "broadcaster/protocol/identity.h"
#include "broadcaster/services.h"
#include "common/clock.h"
#include "common/log.h"

#define VISIT_SIZE (CAMERA_ID_SIZE + 2)

/* What he came for: the camera, and as what. */
static void visit_name(enum visit_kind kind, const char *camera, char name[VISIT_SIZE])
{
    snprintf(name, VISIT_SIZE, "%c%s", kind == VISIT_VIEWER ? 'v' : 's', camera);
}

static struct connection_counters *visit_counters(struct services *services, enum visit_kind kind)
{
    return kind == VISIT_VIEWER ? &services->counters.viewers : &services->counters.streamers;
}

/* `who` and `camera` of the newest, or NULL. */
static void visits_tell(struct services *services, const struct identity *who, const char *camera)
{
    char address[ADDRESS_TEXT_SIZE] = "-";
    uint64_t count;
    if (who != NULL) {
        identity_address(who, address);
    }
    switch (reconnects_judge(services->reconnects, clock_monotonic_ns(), &count)) {
    case RECONNECTS_STORM_BEGINS:
        log_warn("viewers come back again and again, in the last seconds count=%" PRIu64
                 " newest: user=%s address=%s camera=%s; is a proxy closing them, or "
                 "max_reconnects_per_minute to be set? More is only counted until it is over",
                 count, who != NULL ? who->user : "-", address, camera != NULL ? camera : "-");
        break;
    case RECONNECTS_STORM_ENDS:
        log_info("the storm of viewers that come back is over count=%" PRIu64, count);
        break;
    case RECONNECTS_CALM:
        break;
    }
}

void visit_begins(struct services *services, enum visit_kind kind, const struct identity *who,
                  const char *camera)
{
    struct connection_counters *counters = visit_counters(services, kind);
    char name[VISIT_SIZE];
    visit_name(kind, camera, name);
    counters->opened++;
    if (reconnects_came(services->reconnects, who, name, clock_monotonic_ns())) {
        counters->reconnected++;
        visits_tell(services, who, camera);
    }
}

void visit_ends(struct services *services, enum visit_kind kind, const struct identity *who,
                const char *camera, enum connection_end end, bool kicked)
{
    char name[VISIT_SIZE];
    visit_name(kind, camera, name);
    counters_closed(visit_counters(services, kind), end, kicked);
    reconnects_left(services->reconnects, who, name, clock_monotonic_ns());
}

void visits_look(struct services *services)
{
    visits_tell(services, NULL, NULL);
}
