/* The coming and going of viewers and streamers: counted, and a storm of those who come back again
 * and again told once. One thread. */
#ifndef BROADCASTER_VISITS_H
#define BROADCASTER_VISITS_H

#include <stdbool.h>

#include "broadcaster/network/connection.h"

struct identity;
struct services;

enum visit_kind { VISIT_VIEWER, VISIT_STREAMER };

void visit_begins(struct services *services, enum visit_kind kind, const struct identity *who,
                  const char *camera);
/* `kicked`: the operator wanted it. */
void visit_ends(struct services *services, enum visit_kind kind, const struct identity *who,
                const char *camera, enum connection_end end, bool kicked);

/* To be called every few seconds: a storm may be over because nobody comes. */
void visits_look(struct services *services);

#endif
