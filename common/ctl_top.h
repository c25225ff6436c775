/* `ringcast-ctl top`: a table of cameras, detectors and viewers, and of what each process uses,
 * drawn anew each second. */
#ifndef COMMON_CTL_TOP_H
#define COMMON_CTL_TOP_H

#include <stdbool.h>

#include "common/config.h"

/* Shows the table until `q` or Ctrl-C; with `once`, or where stdout is no terminal, prints it after
 * one second of measuring. Returns the exit code: 0, or 1 with one line on stderr when no
 * supervisor runs in the run directory. */
int ctl_top(const struct config *config, bool once);

#endif
