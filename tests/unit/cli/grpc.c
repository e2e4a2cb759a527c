/* The gRPC transport against a server on the same library that answers each call with one status or message. */
#include <criterion/criterion.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <ordinal/v1/ids.pb-c.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/transport.h"

/* google.rpc.Status {details: [ErrorInfo {reason: "capacity"}, RetryInfo {1.5 s}]}, as in the protobuf wire
 * format. */
static const char details[] =
    "\x1a\x36\x0a\x28type.googleapis.com/google.rpc.ErrorInfo\x12\x0a\x0a\x08"
    "capacity"
    "\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x01\x10"
    "\x80\xca\xb5\xee\x01";

struct answer {
    grpc_status_code status;
    const char *text;
    const char *message; /* NULL: none is sent */
    size_t message_size;
    bool with_details;
};

struct peer {
    const struct answer *answer;
    grpc_server *server;
    grpc_completion_queue *queue;
    pthread_t thread;
    char address[32];
};

static void reply(struct peer *peer, grpc_call *call)
{
    const struct answer *answer = peer->answer;
    grpc_slice text = grpc_slice_from_static_string(answer->text);
    grpc_slice bytes = grpc_slice_from_static_buffer(answer->message, answer->message_size);
    grpc_byte_buffer *message = answer->message ? grpc_raw_byte_buffer_create(&bytes, 1) : NULL;
    grpc_metadata trailer = {.key = grpc_slice_from_static_string("grpc-status-details-bin"),
                             .value = grpc_slice_from_static_buffer(details, sizeof details - 1)};
    grpc_op ops[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}, {.op = GRPC_OP_SEND_STATUS_FROM_SERVER}};
    ops[1].data.send_status_from_server.status = answer->status;
    ops[1].data.send_status_from_server.status_details = &text;
    ops[1].data.send_status_from_server.trailing_metadata = &trailer;
    ops[1].data.send_status_from_server.trailing_metadata_count = answer->with_details;
    ops[2].op = GRPC_OP_SEND_MESSAGE;
    ops[2].data.send_message.send_message = message;
    cr_assert_eq(grpc_call_start_batch(call, ops, message ? 3 : 2, call, NULL), GRPC_CALL_OK);
    grpc_completion_queue_next(peer->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_byte_buffer_destroy(message);
}

static void *serve(void *context)
{
    struct peer *peer = context;
    grpc_call *call = NULL;
    grpc_call_details call_details;
    grpc_metadata_array metadata;
    grpc_call_details_init(&call_details);
    grpc_metadata_array_init(&metadata);
    grpc_server_request_call(peer->server, &call, &call_details, &metadata, peer->queue, peer->queue, peer);
    grpc_completion_queue_next(peer->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    if (peer->answer->text)
        reply(peer, call);
    else /* no answer at all, until the caller has given up */
        pause();
    return NULL;
}

static struct peer peer;
static struct ord_transport transport;
static struct ord_arena arena;

static void start(const struct answer *answer)
{
    grpc_init();
    peer.answer = answer;
    peer.server = grpc_server_create(NULL, NULL);
    peer.queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(peer.server, peer.queue, NULL);
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    int port = grpc_server_add_http2_port(peer.server, "127.0.0.1:0", credentials);
    grpc_server_credentials_release(credentials);
    cr_assert_gt(port, 0);
    snprintf(peer.address, sizeof peer.address, "127.0.0.1:%d", port);
    grpc_server_start(peer.server);
    cr_assert_eq(pthread_create(&peer.thread, NULL, serve, &peer), 0);
    struct ord_error error;
    cr_assert_eq(ord_grpc_transport_open(peer.address, answer->text ? 20000 : 50, &transport, &error), ORD_OK);
}

static enum ord_code call_once(const struct answer *answer, ProtobufCMessage **ret_reply,
                               struct ord_error *error)
{
    start(answer);
    Ordinal__V1__GetIdRequest request = ORDINAL__V1__GET_ID_REQUEST__INIT;
    enum ord_code code =
        transport.call(transport.context, ord_method_by_name("GetId"), &request.base, &arena, ret_reply, error);
    ord_transport_close(&transport);
    return code;
}

Test(grpc, a_reply_is_read)
{
    ProtobufCMessage *reply;
    struct ord_error error;
    struct answer answer = {GRPC_STATUS_OK, "", "\x08\x2a", 2, false};
    cr_assert_eq(call_once(&answer, &reply, &error), ORD_OK, "%s", error.text);
    cr_assert_eq(((Ordinal__V1__GetIdResponse *)reply)->id, 42);
}

Test(grpc, a_refusal_comes_with_its_code_and_hint)
{
    ProtobufCMessage *reply;
    struct ord_error error;
    struct answer answer = {GRPC_STATUS_UNAVAILABLE, "full", NULL, 0, true};
    cr_assert_eq(call_once(&answer, &reply, &error), ORD_CAPACITY);
    cr_assert_eq(error.retry_after_ms, 1500, "%u", error.retry_after_ms);
    cr_assert_str_eq(error.text, "full");
}

Test(grpc, without_details_the_server_is_named)
{
    ProtobufCMessage *reply;
    struct ord_error error;
    struct answer answer = {GRPC_STATUS_UNIMPLEMENTED, "no such thing", NULL, 0, false};
    char expected[128];
    cr_assert_eq(call_once(&answer, &reply, &error), ORD_UNIMPLEMENTED);
    snprintf(expected, sizeof expected, "%s: no such thing", peer.address);
    cr_assert_str_eq(error.text, expected);
}

Test(grpc, a_reply_that_is_none_is_an_error)
{
    ProtobufCMessage *reply;
    struct ord_error error;
    struct answer answer = {GRPC_STATUS_OK, "", "\xff\xff", 2, false};
    cr_assert_eq(call_once(&answer, &reply, &error), ORD_INTERNAL);
    cr_assert_not_null(strstr(error.text, "cannot be read as ordinal.v1.GetIdResponse"), "%s", error.text);
}

Test(grpc, a_silent_server_is_given_up)
{
    ProtobufCMessage *reply;
    struct ord_error error;
    struct answer answer = {.text = NULL};
    cr_assert_eq(call_once(&answer, &reply, &error), ORD_DEADLINE_EXCEEDED);
    cr_assert_not_null(strstr(error.text, "no answer within 50ms"), "%s", error.text);
}
