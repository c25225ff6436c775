/* Waiting until the processes of a run directory work with a configuration, after a SIGHUP to their
 * supervisor. Nobody announces that: each is asked for its `stats`, whose config_hash says it, and
 * asked again while it is another one. Runs on the loop of `base`, one thread. */
#ifndef COMMON_CONFIG_WAIT_H
#define COMMON_CONFIG_WAIT_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"

struct config_wait;

/* Called once, from the loop. `missing` names the processes that do not work with it, as the
 * supervisor does ("capture.CAM1"): an empty list when all do. It belongs to the wait, which may be
 * destroyed from here. */
typedef void config_wait_done_fn(void *arg, const json_t *missing);

/* Waits for every process that `config` asks for, or until `limit_ns` have passed. With
 * `broadcaster` false that one is left out: it is the one that asks. `config` is not kept. */
struct config_wait *config_wait_create(struct event_base *base, const struct config *config,
                                       bool broadcaster, uint64_t limit_ns,
                                       config_wait_done_fn *done, void *arg);
void config_wait_destroy(struct config_wait *wait); /* NULL is allowed */

#endif
