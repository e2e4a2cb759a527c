/* The calls of a member that is in. */
#include <stdio.h>
#include <sys/random.h>

#include "cli/member.h"

/* When a call failed that is worth another try. */
#define RETRY_MS 1000

/* How often, and how far apart, a member says that it leaves to a server that cannot be reached. */
#define LEAVE_TRIES 4
#define LEAVE_RETRY_MS 500

/* How many commands are fetched at a time. */
#define FETCH_MAX 100

enum ord_code ord_joiner_call(struct ord_joiner *joiner, const char *method, const ProtobufCMessage *request,
                              struct ord_arena *arena, ProtobufCMessage **ret_reply, struct ord_error *error)
{
    const struct ord_transport *transport = &joiner->cli->transport;
    return transport->call(transport->context, ord_method_by_name(method), request, arena, ret_reply, error);
}

/* Whether a failed call says that the membership is over; it is then dealt with. */
static bool is_over(struct ord_joiner *joiner, const struct ord_error *error)
{
    if (error->code != ORD_SESSION_OVER && error->code != ORD_NOT_FOUND)
        return false;
    ord_joiner_ended(joiner, error);
    return true;
}

static bool may_try_again(enum ord_code code)
{
    return code == ORD_UNAVAILABLE || code == ORD_DEADLINE_EXCEEDED || code == ORD_CANCELLED;
}

static void fetch(struct ord_joiner *joiner, struct ord_arena *arena, struct ord_error *error)
{
    Ordinal__V1__ReceiveCommandsRequest request = ORDINAL__V1__RECEIVE_COMMANDS_REQUEST__INIT;
    ProtobufCMessage *message;
    request.group = joiner->group;
    request.name = joiner->name;
    request.session_id = joiner->now.session_id;
    request.max_commands = FETCH_MAX;
    if (ord_joiner_call(joiner, "ReceiveCommands", &request.base, arena, &message, error) != ORD_OK) {
        is_over(joiner, error);
        return;
    }
    const Ordinal__V1__ReceiveCommandsResponse *reply = (const void *)message;
    for (size_t i = 0; i < reply->n_commands; i++)
        ord_joiner_received(joiner, reply->commands[i]);
}

static void renewed(struct ord_joiner *joiner, const Ordinal__V1__RenewResponse *reply, struct ord_arena *arena,
                    struct ord_error *error)
{
    ord_joiner_well(joiner);
    if (!joiner->by_stream && reply->view && reply->view->epoch > joiner->now.epoch) {
        joiner->now.epoch = reply->view->epoch;
        ord_say_view(&joiner->voice, reply->view);
    }
    if (joiner->fetches && reply->pending > 0)
        fetch(joiner, arena, error);
}

void ord_joiner_renew(struct ord_joiner *joiner)
{
    Ordinal__V1__RenewRequest request = ORDINAL__V1__RENEW_REQUEST__INIT;
    struct ord_arena arena;
    struct ord_error error;
    ProtobufCMessage *reply;
    ord_arena_init(&arena, NULL, 0);
    request.group = joiner->group;
    request.name = joiner->name;
    request.session_id = joiner->now.session_id;
    joiner->renew_ns = ord_inbox_in_ms(ord_joiner_renewal_ms(joiner));
    if (ord_joiner_call(joiner, "Renew", &request.base, &arena, &reply, &error) == ORD_OK)
        renewed(joiner, (const void *)reply, &arena, &error);
    else if (!is_over(joiner, &error))
        ord_joiner_trouble(joiner, &error);
    ord_arena_finish(&arena);
}

/* A new command, with a key under which it is sent once however often it is tried. */
static void choose(struct ord_joiner *joiner)
{
    uint64_t random[2] = {0};
    if (getrandom(random, sizeof random, 0) != sizeof random)
        random[0] = (uint64_t)ord_inbox_now_ns();
    snprintf(joiner->key, sizeof joiner->key, "%016llx%016llx", (unsigned long long)random[0],
             (unsigned long long)random[1]);
    joiner->command = ord_script_command(&joiner->script);
}

static void not_sent(struct ord_joiner *joiner, const struct ord_error *error)
{
    if (may_try_again(error->code)) {
        ord_joiner_trouble(joiner, error);
        joiner->send_ns = ord_inbox_in_ms(RETRY_MS);
        return;
    }
    joiner->command = NULL;
    if (!is_over(joiner, error))
        ord_say_failure(&joiner->voice, "refused", error);
}

void ord_joiner_send(struct ord_joiner *joiner)
{
    Ordinal__V1__SendCommandRequest request = ORDINAL__V1__SEND_COMMAND_REQUEST__INIT;
    struct ord_arena arena;
    struct ord_error error;
    ProtobufCMessage *reply;
    ord_arena_init(&arena, NULL, 0);
    if (!joiner->command)
        choose(joiner);
    request.group = joiner->group;
    request.name = joiner->name;
    request.session_id = joiner->now.session_id;
    request.text = (char *)joiner->command;
    request.request_id = joiner->key;
    joiner->send_ns = ord_inbox_in_ms(ord_script_interval_ms(&joiner->script));
    if (ord_joiner_call(joiner, "SendCommand", &request.base, &arena, &reply, &error) == ORD_OK) {
        const Ordinal__V1__Command *sent = ((const Ordinal__V1__SendCommandResponse *)reply)->command;
        if (sent)
            ord_say_sent(&joiner->voice, sent);
        joiner->command = NULL;
    } else {
        not_sent(joiner, &error);
    }
    ord_arena_finish(&arena);
}

void ord_joiner_acknowledge(struct ord_joiner *joiner)
{
    Ordinal__V1__AcknowledgeRequest request = ORDINAL__V1__ACKNOWLEDGE_REQUEST__INIT;
    struct ord_arena arena;
    struct ord_error error;
    ProtobufCMessage *reply;
    ord_arena_init(&arena, NULL, 0);
    request.group = joiner->group;
    request.name = joiner->name;
    request.session_id = joiner->now.session_id;
    request.command_id = joiner->unacked_id;
    if (ord_joiner_call(joiner, "Acknowledge", &request.base, &arena, &reply, &error) == ORD_OK) {
        joiner->unacked_id = 0;
    } else if (!is_over(joiner, &error)) {
        ord_joiner_trouble(joiner, &error);
        joiner->acknowledge_ns = ord_inbox_in_ms(RETRY_MS);
    }
    ord_arena_finish(&arena);
}

void ord_joiner_leave(struct ord_joiner *joiner)
{
    Ordinal__V1__LeaveRequest request = ORDINAL__V1__LEAVE_REQUEST__INIT;
    struct ord_arena arena;
    struct ord_error error;
    ProtobufCMessage *reply;
    ord_arena_init(&arena, NULL, 0);
    request.group = joiner->group;
    request.name = joiner->name;
    request.session_id = joiner->now.session_id;
    enum ord_code code = ord_joiner_call(joiner, "Leave", &request.base, &arena, &reply, &error);
    for (int tries = 1; code == ORD_UNAVAILABLE && tries < LEAVE_TRIES;
         tries++) { /* it may be starting again */
        ord_mail_free(ord_inbox_take(joiner->inbox, ord_inbox_in_ms(LEAVE_RETRY_MS)));
        code = ord_joiner_call(joiner, "Leave", &request.base, &arena, &reply, &error);
    }
    if (code == ORD_OK)
        ord_say_left(&joiner->voice);
    else
        joiner->status = ord_cli_fail(joiner->cli, &error);
    ord_arena_finish(&arena);
}
