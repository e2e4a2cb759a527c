/*
 * How a member comes in, and comes in again: by a stream over gRPC, which a thread of its own listens to, or by
 * a lease.
 */
#include <string.h>

#include "cli/member.h"

/* Between two attempts to join. */
#define BACKOFF_MIN_MS 200
#define BACKOFF_MAX_MS 2000

/* How often a lease is renewed: thrice in its life, and often enough to learn of views and commands in time. */
#define TICK_MS 1000

int64_t ord_joiner_renewal_ms(const struct ord_joiner *joiner)
{
    int64_t third_ms = joiner->ttl_ms / 3;
    return !joiner->by_stream && third_ms > TICK_MS ? TICK_MS : third_ms;
}

/* Passes on what comes until the stream is over. */
static void *listen_to(void *context)
{
    struct ord_joiner *joiner = context;
    for (;;) {
        struct ord_mail *mail = ord_mail_new(ORD_MAIL_EVENT);
        if (!mail)
            return NULL;
        mail->from = joiner->streams;
        enum ord_code code = ord_stream_next(joiner->stream, &mail->arena, &mail->message, &mail->error);
        bool is_end = code != ORD_OK || !mail->message;
        if (is_end) {
            mail->kind = ORD_MAIL_END;
            mail->error.code = code;
        }
        ord_inbox_put(joiner->inbox, mail);
        if (is_end)
            return NULL;
    }
}

static enum ord_code join_by_stream(struct ord_joiner *joiner, struct ord_error *error)
{
    const struct ord_transport *transport = &joiner->cli->transport;
    Ordinal__V1__JoinRequest request = ORDINAL__V1__JOIN_REQUEST__INIT;
    request.group = joiner->group;
    request.name = joiner->name;
    request.ttl_ms = joiner->ttl_ms;
    request.renews = true;
    enum ord_code code = transport->listen(transport->context, ord_method_by_name("Join"), &request.base,
                                           &joiner->stream, error);
    if (code != ORD_OK)
        return code;
    joiner->streams++;
    if (pthread_create(&joiner->ear, NULL, listen_to, joiner) == 0)
        return ORD_OK;
    joiner->stream = ord_stream_close(joiner->stream);
    return ord_fail(error, ORD_INTERNAL, "no thread for the stream");
}

static enum ord_code join_by_lease(struct ord_joiner *joiner, struct ord_error *error)
{
    Ordinal__V1__JoinByLeaseRequest request = ORDINAL__V1__JOIN_BY_LEASE_REQUEST__INIT;
    struct ord_arena arena;
    ProtobufCMessage *reply;
    ord_arena_init(&arena, NULL, 0);
    request.group = joiner->group;
    request.name = joiner->name;
    request.ttl_ms = joiner->ttl_ms;
    if (joiner->callback_url)
        request.callback_url = (char *)joiner->callback_url;
    enum ord_code code = ord_joiner_call(joiner, "JoinByLease", &request.base, &arena, &reply, error);
    if (code == ORD_OK)
        ord_joiner_welcome(joiner, ((const Ordinal__V1__JoinByLeaseResponse *)reply)->welcome);
    ord_arena_finish(&arena);
    return code;
}

/* While a stream is open, it is waited for its welcome. */
void ord_joiner_join(struct ord_joiner *joiner)
{
    struct ord_error error;
    joiner->join_ns = INT64_MAX;
    enum ord_code code = joiner->by_stream ? join_by_stream(joiner, &error) : join_by_lease(joiner, &error);
    if (code != ORD_OK)
        ord_joiner_ended(joiner, &error);
}

void ord_joiner_welcome(struct ord_joiner *joiner, const Ordinal__V1__Welcome *welcome)
{
    if (!welcome || !welcome->view)
        return;
    joiner->now =
        (struct ord_joined){.is_in = true, .session_id = welcome->session_id, .epoch = welcome->view->epoch};
    joiner->backoff_ms = BACKOFF_MIN_MS;
    joiner->renew_ns = ord_inbox_in_ms(ord_joiner_renewal_ms(joiner));
    ord_joiner_well(joiner);
    ord_say_joined(&joiner->voice, welcome);
}

void ord_joiner_hang_up(struct ord_joiner *joiner)
{
    if (!joiner->stream)
        return;
    ord_stream_cancel(joiner->stream);
    pthread_join(joiner->ear, NULL);
    joiner->stream = ord_stream_close(joiner->stream);
}

/* Those after which the same member may come in once more. */
static bool may_come_again(enum ord_code code)
{
    return code == ORD_UNAVAILABLE || code == ORD_DEADLINE_EXCEEDED || code == ORD_CANCELLED ||
           code == ORD_CAPACITY;
}

static void come_again(struct ord_joiner *joiner, const struct ord_error *error)
{
    ord_joiner_trouble(joiner, error);
    int64_t wait_ms = joiner->backoff_ms > BACKOFF_MIN_MS ? joiner->backoff_ms : BACKOFF_MIN_MS;
    joiner->backoff_ms = wait_ms * 2 < BACKOFF_MAX_MS ? wait_ms * 2 : BACKOFF_MAX_MS;
    joiner->join_ns = ord_inbox_in_ms(wait_ms);
}

void ord_joiner_ended(struct ord_joiner *joiner, const struct ord_error *error)
{
    bool was_in = joiner->now.is_in;
    ord_joiner_hang_up(joiner);
    joiner->now.is_in = false;
    joiner->unacked_id = 0;
    if (error->code == ORD_OK) { /* someone had it leave */
        ord_say_left(&joiner->voice);
        joiner->is_over = true;
    } else if (was_in && (error->code == ORD_SESSION_OVER || error->code == ORD_NOT_FOUND)) {
        ord_say_failure(&joiner->voice, "over", error);
        joiner->command = NULL;
        joiner->join_ns = ord_inbox_now_ns();
    } else if (may_come_again(error->code)) {
        come_again(joiner, error);
    } else {
        joiner->status = ord_cli_fail(joiner->cli, error);
        joiner->is_over = true;
    }
}
