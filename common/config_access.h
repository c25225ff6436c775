/* Who may reach the broadcaster, as far as the configuration alone can tell. Thread-safe. */
#ifndef COMMON_CONFIG_ACCESS_H
#define COMMON_CONFIG_ACCESS_H

#include "common/config.h"

/* What no single option can see: half of a certificate, and an open door that nobody asked for. */
void config_access_check(const struct config_broadcaster *broadcaster,
                         struct config_errors *errors);

/* True when only this machine can reach the listen address. */
bool config_listens_on_loopback(const struct config_broadcaster *broadcaster);

/* Each returns NULL when `text` is right, else what is wrong with it. */
const char *config_network_mistake(const char *text);   /* an address, or address/length */
const char *config_base_path_mistake(const char *text); /* "/name", "/two/names" */

#endif
