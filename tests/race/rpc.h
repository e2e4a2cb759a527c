/* A gRPC client for race tests, over the C core: one connection, used by one thread. Whatever fails ends the
 * test. */
#pragma once

#include <grpc/grpc.h>
#include <protobuf-c/protobuf-c.h>
#include <pthread.h>
#include <stdbool.h>

/* No answer takes longer. */
#define RPC_LIMIT_S 30

_Noreturn void fail(const char *what, const char *detail);
void expect(bool holds, const char *what);

struct rpc_client {
    grpc_channel *channel;
    grpc_completion_queue *queue;
    char last_text[256]; /* how its last call ended */
};

void rpc_connect(struct rpc_client *client, const char *address);
void rpc_disconnect(struct rpc_client *client);

/* A client's call. */
struct rpc_call {
    struct rpc_client *client;
    grpc_call *call;
    grpc_metadata_array initial, trailing;
    grpc_status_code status;
    grpc_slice text;
};

struct rpc_call rpc_open(struct rpc_client *client, const char *path, int limit_ms);
grpc_status_code rpc_close(struct rpc_call *call);

/* Runs a batch to its end; whether it went well. */
bool rpc_batch(struct rpc_call *call, const grpc_op *ops, size_t count);
grpc_op rpc_send_op(grpc_byte_buffer *message);
grpc_op rpc_status_op(struct rpc_call *call);

grpc_byte_buffer *rpc_pack(const ProtobufCMessage *message);
void *rpc_unpack(grpc_byte_buffer *buffer, const ProtobufCMessageDescriptor *type);

/* The whole of a unary call; *ret_reply is NULL unless the status is OK. */
grpc_status_code rpc_unary(struct rpc_client *client, const char *path, int limit_ms,
                           const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
                           void **ret_reply);

/* The first message of a pushed stream, and each further one; NULL when there is none any more. */
void *rpc_listen(struct rpc_call *call, const ProtobufCMessage *request,
                 const ProtobufCMessageDescriptor *type);
void *rpc_next(struct rpc_call *call, const ProtobufCMessageDescriptor *type);

/* The status of a stream that has no more messages, or of one that is cancelled. */
grpc_status_code rpc_end(struct rpc_call *call);
