/* Tells every local detector what is wanted of it: the whole of it, on every change and whenever
 * the detector is new. One thread. */
#ifndef BROADCASTER_DEMAND_H
#define BROADCASTER_DEMAND_H

struct demand;
struct services;

struct demand *demand_create(struct services *services);
void demand_destroy(struct demand *demand); /* NULL is allowed */

/* Follows services->config: as many detectors as it has. */
void demand_configure(struct demand *demand);

/* Somebody came or left; what changes in one turn of the loop is told at once, from the loop. */
void demand_changed(struct demand *demand);

#endif
