/* The metrics that other processes are the source of: captures and detectors, from
 * their last answers to `stats` (nobody is waited for), and what every process uses,
 * from /proc. One thread. */
#ifndef BROADCASTER_METRICS_SOURCES_H
#define BROADCASTER_METRICS_SOURCES_H

#include "broadcaster/api/metrics_text.h"

struct services;

void metrics_write_captures(const struct services *services, struct metrics_text *text);
void metrics_write_detectors(const struct services *services, struct metrics_text *text);
void metrics_write_processes(const struct services *services, struct metrics_text *text);

#endif
