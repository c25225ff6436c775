#include "common/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define V4_PREFIX_BITS 96

bool address_parse(const char *text, size_t size, struct in6_addr *address)
{
    char copy[ADDRESS_TEXT_SIZE];
    struct in_addr four;
    if (size == 0 || size >= sizeof copy || memchr(text, '\0', size) != NULL) {
        return false;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (inet_pton(AF_INET, copy, &four) == 1) {
        *address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
        memcpy(address->s6_addr + 12, &four, sizeof four);
        return true;
    }
    return inet_pton(AF_INET6, copy, address) == 1;
}

bool address_of_socket(const struct sockaddr *socket, struct in6_addr *address)
{
    if (socket->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)socket;
        *address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
        memcpy(address->s6_addr + 12, &in->sin_addr, sizeof in->sin_addr);
        return true;
    }
    if (socket->sa_family == AF_INET6) {
        *address = ((const struct sockaddr_in6 *)socket)->sin6_addr;
        return true;
    }
    return false;
}

const char *address_text(const struct in6_addr *address, char text[ADDRESS_TEXT_SIZE])
{
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        inet_ntop(AF_INET, address->s6_addr + 12, text, ADDRESS_TEXT_SIZE);
    } else {
        inet_ntop(AF_INET6, address, text, ADDRESS_TEXT_SIZE);
    }
    return text;
}

bool address_is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

bool address_is_any(const struct in6_addr *address)
{
    static const uint8_t any_v4[16] = {[10] = 0xff, [11] = 0xff};
    return IN6_IS_ADDR_UNSPECIFIED(address) || memcmp(address, any_v4, sizeof any_v4) == 0;
}

static struct in6_addr address_first_bits(const struct in6_addr *address, unsigned bits)
{
    struct in6_addr first = *address;
    for (unsigned i = 0; i < sizeof first.s6_addr; i++) {
        unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
        if (kept < 8) {
            first.s6_addr[i] &= (uint8_t)(0xff00u >> kept);
        }
    }
    return first;
}

/* At most `most`; false when it is not a plain number. */
static bool address_read_length(const char *text, unsigned most, unsigned *length)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0') {
        return false;
    }
    *length = (unsigned)strtoul(text, NULL, 10);
    return *length <= most;
}

bool address_network_parse(const char *text, struct address_network *network)
{
    size_t size = strcspn(text, "/");
    struct in6_addr address;
    if (!address_parse(text, size, &address)) {
        return false;
    }
    /* Only a dotted text counts its bits from the 97th. */
    unsigned before = memchr(text, ':', size) == NULL ? V4_PREFIX_BITS : 0;
    unsigned length = 128 - before;
    if (text[size] == '/' && !address_read_length(text + size + 1, 128 - before, &length)) {
        return false;
    }
    network->bits = before + length;
    network->first = address_first_bits(&address, network->bits);
    return memcmp(&network->first, &address, sizeof address) == 0;
}

bool address_network_contains(const struct address_network *network, const struct in6_addr *address)
{
    struct in6_addr first = address_first_bits(address, network->bits);
    return memcmp(&first, &network->first, sizeof first) == 0;
}

struct in6_addr address_customer(const struct in6_addr *address)
{
    return IN6_IS_ADDR_V4MAPPED(address) ? *address : address_first_bits(address, 64);
}
