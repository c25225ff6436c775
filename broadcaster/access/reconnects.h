/* Who comes back to what he has just left: how many do, and whether it is a storm. Remembers a
 * bounded number of those who left, the newest; a storm is noticed at its begin and at its end, for
 * one line in the log each. Pure: the time is the caller's. */
#ifndef BROADCASTER_RECONNECTS_H
#define BROADCASTER_RECONNECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

#define RECONNECTS_MEMORY_NS (60 * NS_PER_SECOND) /* who stays away longer comes anew */
#define RECONNECTS_SPAN_NS   (10 * NS_PER_SECOND) /* how long they are counted for the judgement */
#define RECONNECTS_STORM     100                  /* so many in a span are a storm */

struct identity;
struct reconnects;

struct reconnects *reconnects_create(void);
void reconnects_destroy(struct reconnects *reconnects); /* NULL is allowed */

/* He left, he came: the same is who has the same name and address and wants the same. `what` names
 * the camera and the kind of connection. True when he has come back. Times are CLOCK_MONOTONIC. */
void reconnects_left(struct reconnects *reconnects, const struct identity *who, const char *what,
                     uint64_t now_ns);
bool reconnects_came(struct reconnects *reconnects, const struct identity *who, const char *what,
                     uint64_t now_ns);

enum reconnects_news { RECONNECTS_CALM, RECONNECTS_STORM_BEGINS, RECONNECTS_STORM_ENDS };

/* To be asked after each reconnects_came() that was true, and now and then: without
 * somebody who comes a storm ends too. *count: how many came back in this span, or, at its
 * end, in the whole storm. */
enum reconnects_news reconnects_judge(struct reconnects *reconnects, uint64_t now_ns,
                                      uint64_t *count);

#endif
