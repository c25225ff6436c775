#include "common/config_access.h"

#include <string.h>

#include "common/address.h"
#include "common/config_errors.h"

bool config_listens_on_loopback(const struct config_broadcaster *broadcaster)
{
    const char *text = broadcaster->listen, *colon = strrchr(text, ':');
    bool bracketed = text[0] == '[';
    struct in6_addr address;
    return colon != NULL &&
           address_parse(text + bracketed, (size_t)(colon - text) - 2 * bracketed, &address) &&
           address_is_loopback(&address);
}

void config_access_check(const struct config_broadcaster *broadcaster, struct config_errors *errors)
{
    if (broadcaster->tls_key != NULL && broadcaster->tls_certificate == NULL) {
        config_errors_add(errors, "broadcaster.tls_key", "without tls_certificate");
    }
    bool guarded = broadcaster->token_count > 0 || broadcaster->tls_certificate != NULL ||
                   broadcaster->trusted_proxies.count > 0;
    /* A mistake in `listen` itself has been told of, and left none. */
    if (broadcaster->listen != NULL && !guarded && !broadcaster->insecure &&
        !config_listens_on_loopback(broadcaster)) {
        config_errors_add(
            errors, "broadcaster.listen",
            "others than this machine can reach this address, and nothing keeps them "
            "out: set tokens, tls_certificate or trusted_proxies, or say \"insecure\": "
            "true if everybody there may watch and change everything");
    }
}

const char *config_network_mistake(const char *text)
{
    struct address_network network;
    return address_network_parse(text, &network)
               ? NULL
               : "must be an address such as 10.0.0.7 or a network such as 10.0.0.0/8, with no bit "
                 "set behind its length";
}

const char *config_base_path_mistake(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    const char *rest = text;
    while (*rest == '/' && rest[1] != '.') {
        size_t length = strspn(rest + 1, allowed);
        if (length == 0) {
            break;
        }
        rest += 1 + length;
    }
    return *rest == '\0'
               ? NULL
               : "must be a path such as /cameras: parts of letters, digits, '-', '_', '.' "
                 "and '~', no '/' at the end";
}
