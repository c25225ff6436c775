/* The forms of an address that the configuration knows. Thread-safe. */
#ifndef COMMON_CONFIG_URL_H
#define COMMON_CONFIG_URL_H

#include <stdbool.h>

/* Each returns NULL when `text` is right, else what is wrong with it, in words that do not repeat it
 * (it may hold a password). */
const char *config_url_mistake(const char *text);    /* http or https, with a host */
const char *config_origin_mistake(const char *text); /* scheme://host[:port] alone, or "*" */
const char *config_listen_mistake(const char *text); /* address:port, [address]:port */

/* True when the URL itself bears a user or a password. */
bool config_url_has_user(const char *url);

#endif
