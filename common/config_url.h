/* The forms of an address that the configuration knows. Thread-safe. */
#ifndef COMMON_CONFIG_URL_H
#define COMMON_CONFIG_URL_H

#include <stdbool.h>

/* Each returns NULL when `text` is right, else what is wrong with it, in words that do not repeat
 * it (it may hold a password). */
const char *config_url_mistake(const char *text);    /* http or https, with a host */
const char *config_origin_mistake(const char *text); /* scheme://host[:port] alone, or "*" */
const char *config_listen_mistake(const char *text); /* address:port, [address]:port */

/* True when the URL itself bears a user or a password. */
bool config_url_has_user(const char *url);

/* Takes user and password out of a URL that is right: returns what is left, and what was taken out,
 * decoded, in *user and *password (NULL: it had none; "": an empty one). The
 * caller frees all three. */
char *config_url_take_user(const char *url, char **user, char **password);

/* True when both are right and lead to the same place: scheme, host and port. */
bool config_url_same_origin(const char *a, const char *b);

#endif
