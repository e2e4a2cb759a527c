/*
 * The gRPC front end: the table of methods, health and reflection, over the grpc C core.
 *
 * One completion queue and one thread carry all calls; another thread accepts connections. Nothing a caller
 * does blocks either. Plaintext; bounds stand in server.c. Open, drain and close: one thread, the owner's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/service.h"
#include "base/error.h"

struct ord_grpc;

struct ord_grpc_options {
    const char *listen;       /* "127.0.0.1:50051", "[::1]:0"; port 0 picks one */
    unsigned max_connections; /* more wait until one of these closes; 0: 1024 */
    bool gathers;             /* replies of one burst leave in one go; see gather/gather.h */
};

/*
 * Listens and serves from the moment it returns. `service` outlives the server; its health tells what the
 * health service says, and nobody changes that once the server is closed.
 *
 * ORD_INVALID_ARGUMENT: an address that cannot be read. ORD_INTERNAL: the system's cause
 * ("listen on 127.0.0.1:50051: Address already in use").
 */
enum ord_code ord_grpc_open(struct ord_service *service, const struct ord_grpc_options *options,
                            struct ord_grpc **ret_grpc, struct ord_error *error);

/* The address that it listens on, with the port that was picked. Lives as long as the server. */
const char *ord_grpc_address(const struct ord_grpc *grpc);

/* Stops accepting, tells clients to go elsewhere, lets calls finish for up to `limit_ms` and cancels the rest.
 * Streams end with UNAVAILABLE between two replies. A call that crosses the news is refused by the core, as
 * CANCELLED. Afterwards no call is live. Once more is nothing. */
void ord_grpc_drain(struct ord_grpc *grpc, uint32_t limit_ms);

/* Drains without patience if that was not done, and frees everything. Takes NULL; returns NULL. */
struct ord_grpc *ord_grpc_close(struct ord_grpc *grpc);
