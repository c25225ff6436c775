/* broadcaster.sock: stats, viewers, kick, for the operator's tools. One thread. */
#ifndef BROADCASTER_CONTROL_SERVICE_H
#define BROADCASTER_CONTROL_SERVICE_H

struct control_service;
struct services;

/* 0 or -errno of the socket. */
int control_service_create(struct control_service **service, struct services *services);
void control_service_destroy(struct control_service *service); /* NULL is allowed */

#endif
