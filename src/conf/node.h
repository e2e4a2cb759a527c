/*
 * Where a node ID comes from.
 *
 *     7                 the number itself
 *     hostname          the trailing number of the host's name (ordinal-3 → 3), as StatefulSet pods have it
 *     hostname+100      the same, plus an offset
 *     ipv4              the low bits of the address of the only IPv4 interface that is up, loopback aside
 *     ipv4:eth0         the same, of that interface
 *     env:NAME          the number in a variable
 *     file:PATH         the number that a file holds
 *
 * Nothing is guessed: what is out of range, missing or ambiguous is an error that says what was read from
 * where.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* An interface that is up and has an IPv4 address. */
struct ord_interface {
    char name[16];
    uint32_t address; /* host byte order */
    uint8_t prefix;   /* 24 of 10.0.0.7/24 */
};

/* The system as the loader sees it, so that tests can stand in for it. */
struct ord_node_system {
    void *context;
    enum ord_code (*hostname)(void *context, char *ret, int size, struct ord_error *error);
    /* Interfaces that are up and have an IPv4 address, loopback aside: fills up to `max`, returns how many. */
    int (*interfaces)(void *context, struct ord_interface *ret, int max);
    const char *(*variable)(void *context, const char *name); /* NULL: not set */
};

/* The real one. */
extern const struct ord_node_system ord_node_system;

/*
 * Resolves `spec` to a node ID below 2^node_bits. ORD_INVALID_ARGUMENT: cannot be read, missing or ambiguous (a
 * network with more host bits than node_bits, several interfaces). ORD_OUT_OF_RANGE: too large for the layout.
 */
enum ord_code ord_node_resolve(const char *spec, int node_bits, const struct ord_node_system *system,
                               uint32_t *ret_node, struct ord_error *error);
