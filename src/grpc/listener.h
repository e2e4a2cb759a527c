/*
 * Accepts connections and hands them to the C core.
 *
 * The core has a listener of its own, but that one stays deaf for good once the process has run out of file
 * descriptors (CVE-2023-4785, not patched in Debian 12). This one waits and goes on.
 *
 * Open, start, stop and close: one thread.
 */
#pragma once

#include <grpc/grpc.h>

#include "base/error.h"

struct ord_listener;

/* Binds and listens. ORD_INVALID_ARGUMENT: the address cannot be read. ORD_INTERNAL: the system's cause. */
enum ord_code ord_listener_open(const char *address, unsigned max_connections,
                                struct ord_listener **ret_listener, struct ord_error *error);

/* The address with the real port. Lives as long as the listener. */
const char *ord_listener_address(const struct ord_listener *listener);

/* Starts the thread that accepts for `core`, which outlives it. */
enum ord_code ord_listener_start(struct ord_listener *listener, grpc_server *core, struct ord_error *error);

/* Takes no more connections: returns once the thread has ended and the port is free. Takes NULL. */
void ord_listener_stop(struct ord_listener *listener);

/* Takes NULL; returns NULL. */
struct ord_listener *ord_listener_close(struct ord_listener *listener);
