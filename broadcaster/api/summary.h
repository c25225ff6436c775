/* One line in the log every ten seconds in which something went on: what came in, what went out,
 * what was wrong. One thread. */
#ifndef BROADCASTER_SUMMARY_H
#define BROADCASTER_SUMMARY_H

struct services;
struct summary;

/* `services` is complete when the loop runs. */
struct summary *summary_create(struct services *services);
void summary_destroy(struct summary *summary); /* NULL is allowed */

#endif
