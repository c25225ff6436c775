/* Addresses of IP in one form: an IPv4 address stands as ::ffff:a.b.c.d. Pure, thread-safe. */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_SIZE INET6_ADDRSTRLEN

/* "10.0.0.7" or "fd00::7", without brackets, zone or port; false when it is none. */
bool address_parse(const char *text, size_t size, struct in6_addr *address);

/* The address of a socket; false when it is not IP. */
bool address_of_socket(const struct sockaddr *socket, struct in6_addr *address);

/* As people write it; returns `text`. */
const char *address_text(const struct in6_addr *address, char text[ADDRESS_TEXT_SIZE]);

bool address_is_loopback(const struct in6_addr *address);
bool address_is_any(const struct in6_addr *address); /* 0.0.0.0, :: */

/* One network: what remains of an address when all but its first `bits` are zero. */
struct address_network {
    struct in6_addr first;
    unsigned bits; /* 0 to 128, of the IPv6 form */
};

/* "10.0.0.0/8", "fd00::/16", or an address alone; false when it is neither, or has bits behind its
 * length. */
bool address_network_parse(const char *text, struct address_network *network);
bool address_network_contains(const struct address_network *network,
                              const struct in6_addr *address);

/* What one customer usually has: the address itself for IPv4, its first 64 bits for IPv6. */
struct in6_addr address_customer(const struct in6_addr *address);

#endif
