/* One connection to the simulated camera, from the request to its end. It frees itself
 * when the peer is gone. */
#ifndef TESTS_CAMSIM_CLIENT_H
#define TESTS_CAMSIM_CLIENT_H

#include <event2/event.h>

struct camera;
struct client;

/* Takes fd. */
struct client *client_create(struct camera *camera, struct event_base *base, int fd);
void client_destroy(struct client *client); /* tells the camera to forget it */

/* The camera has a newer frame: it goes out at once, unless an older one is still on its way; then
 * the newest follows as soon as that is written. */
void client_offer(struct client *client);

/* The pictures are played: a streaming client is closed when it has what is on its way. */
void client_end_stream(struct client *client);

/* A fault was switched on or off. */
void client_faults_changed(struct client *client);

#endif
