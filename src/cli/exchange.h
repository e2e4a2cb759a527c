/*
 * What unary calls and streams of the gRPC transport have in common. Private to transport_grpc.c and
 * stream_grpc.c.
 */
#pragma once

#include <grpc/grpc.h>
#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#define ORD_TARGET_SCHEME "dns:///"

struct ord_grpc_client {
    grpc_channel *channel;
    grpc_completion_queue *queue; /* of unary calls */
    int64_t timeout_ms;           /* of unary calls */
    char target[];                /* ORD_TARGET_SCHEME and the address */
};

/* What one call sends and gets. The call owns what its metadata point to, so it lives as long. */
struct ord_exchange {
    grpc_call *call;
    grpc_byte_buffer *sent, *received;
    grpc_metadata_array initial, trailing;
    grpc_status_code status;
    grpc_slice message;
};

/* Starts with a request to be sent, and no call. */
void ord_exchange_start(struct ord_exchange *exchange, const ProtobufCMessage *request);
void ord_exchange_finish(struct ord_exchange *exchange);

/* What went wrong with a call whose status is not OK. */
enum ord_code ord_exchange_failed(const struct ord_grpc_client *client, const struct ord_exchange *exchange,
                                  struct ord_error *error);

/* What was received as a message in the arena; it is then not received any more. */
enum ord_code ord_exchange_take(const struct ord_grpc_client *client, struct ord_exchange *exchange,
                                const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                                ProtobufCMessage **ret_message, struct ord_error *error);
