/*
 * Lists of networks in CIDR form, "127.0.0.0/8,::1/128", and whether an address lies in one of them. Pure; any
 * thread.
 *
 * An IPv4 address that is written as an IPv6 one (::ffff:10.0.0.1) is the IPv4 address. Networks hold addresses
 * of their own family alone: ::/0 is all of IPv6, 0.0.0.0/0 all of IPv4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ORD_NETWORKS_MAX 64

struct sockaddr;

struct ord_address {
    bool is_ipv4;
    uint8_t bytes[16]; /* in network order; IPv4 has 4 */
};

struct ord_network {
    struct ord_address address; /* its first */
    unsigned bits;              /* that all of it have in common */
};

struct ord_networks {
    size_t count;
    struct ord_network list[ORD_NETWORKS_MAX];
};

/* Reads networks with commas between them; an address without a length is a network of its own; "none" is no
 * network. ORD_INVALID_ARGUMENT, ORD_OUT_OF_RANGE: it cannot be read, has bits set past its length, or is too
 * long. */
enum ord_code ord_networks_parse(const char *text, struct ord_networks *ret_networks, struct ord_error *error);

/* Reads an address as it stands in a URL without its brackets: "10.0.0.1", "::1", "fe80::1%25eth0". */
bool ord_address_parse(const char *text, struct ord_address *ret_address);

/* The address of a socket's; false for families other than IPv4 and IPv6. */
bool ord_address_of(const struct sockaddr *socket_address, struct ord_address *ret_address);

#define ORD_ADDRESS_TEXT_MAX 46

void ord_address_text(const struct ord_address *address, char ret[ORD_ADDRESS_TEXT_MAX]);

bool ord_networks_hold(const struct ord_networks *networks, const struct ord_address *address);
