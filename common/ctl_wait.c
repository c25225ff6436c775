#include "common/ctl_wait.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/config_wait.h"
#include "common/log.h"

#define WAIT_LIMIT_NS (30 * NS_PER_SECOND) /* a detector may have to load its network */

struct ctl_wait {
    struct event_base *base;
    int exit_code;
};

static void wait_over(void *arg, const json_t *missing)
{
    struct ctl_wait *wait = arg;
    for (size_t i = 0; i < json_array_size(missing); i++) {
        fprintf(stderr, "%s does not work with the configuration; the log says why\n",
                json_string_value(json_array_get(missing, i)));
        wait->exit_code = EXIT_FAILURE;
    }
    event_base_loopbreak(wait->base);
}

int ctl_wait_print(const struct config *config)
{
    struct ctl_wait wait = {.base = event_base_new(), .exit_code = EXIT_SUCCESS};
    if (wait.base == NULL) {
        die("libevent cannot make an event loop");
    }
    struct config_wait *processes =
        config_wait_create(wait.base, config, true, WAIT_LIMIT_NS, wait_over, &wait);
    event_base_dispatch(wait.base);
    config_wait_destroy(processes);
    event_base_free(wait.base);
    return wait.exit_code;
}
