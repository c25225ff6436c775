/* `ringcast-ctl status`: one line per process, from the supervisor's state file and the
 * processes' own answers. */
#ifndef COMMON_CTL_STATUS_H
#define COMMON_CTL_STATUS_H

#include "common/config.h"

/* Prints the table. Returns the exit code: 0, or 1 with one line on stderr when no supervisor runs
 * in the run directory. */
int ctl_status_print(const struct config *config);

#endif
