/* `ringcast-ctl wait`: what `ringcast reload` ends with. */
#ifndef COMMON_CTL_WAIT_H
#define COMMON_CTL_WAIT_H

#include "common/config.h"

/* Waits until every process works with `config`, at most 30 s; names on stderr those that do
 * not. The exit code. */
int ctl_wait_print(const struct config *config);

#endif
