/*
 * What the files of `ordinal member` share. Everything belongs to the main thread, but for the inbox, which the
 * stream's thread, the endpoint's and that of signals put to.
 */
#pragma once

#include <ordinal/v1/ranks.pb-c.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "cli/endpoint.h"
#include "cli/inbox.h"
#include "cli/script.h"
#include "cli/voice.h"

#define ORD_COMMAND_KEY_MAX 33

struct ord_joined {
    bool is_in;
    int64_t session_id, epoch;
};

struct ord_joiner {
    struct ord_cli *cli;
    struct ord_voice voice;
    struct ord_script script;
    struct ord_inbox *inbox;
    struct ord_endpoint *endpoint; /* NULL: none */
    const char *callback_url;      /* NULL: none */
    char *group, *name;            /* messages take them as if they wrote to them */
    uint32_t ttl_ms;
    bool by_stream, fetches;

    struct ord_joined now;
    int64_t last_id;    /* of the commands that came; what comes again is not told again */
    int64_t unacked_id; /* 0: all are acknowledged */
    int64_t renew_ns, send_ns, join_ns, acknowledge_ns; /* when each is due next */
    int64_t backoff_ms;
    const char *command; /* that is on its way; NULL: none */
    char key[ORD_COMMAND_KEY_MAX];
    char trouble[ORD_ERROR_TEXT_MAX]; /* that was told last, and is not over */

    struct ord_stream *stream;
    pthread_t ear; /* the stream's thread */
    unsigned streams;

    bool is_over;
    enum ord_exit status;
};

/* member_join.c: joins, if it can; whether the membership, or the stream that carries it, is over. */
void ord_joiner_join(struct ord_joiner *joiner);
void ord_joiner_ended(struct ord_joiner *joiner, const struct ord_error *error);
void ord_joiner_welcome(struct ord_joiner *joiner, const Ordinal__V1__Welcome *welcome);
void ord_joiner_hang_up(struct ord_joiner *joiner);

/* How often a lease is renewed. */
int64_t ord_joiner_renewal_ms(const struct ord_joiner *joiner);

/* member_calls.c: each makes a call, tells how it went, and says when it is due again. */
void ord_joiner_renew(struct ord_joiner *joiner);
void ord_joiner_send(struct ord_joiner *joiner);
void ord_joiner_acknowledge(struct ord_joiner *joiner);
void ord_joiner_leave(struct ord_joiner *joiner);

/* A call of the table's. */
enum ord_code ord_joiner_call(struct ord_joiner *joiner, const char *method, const ProtobufCMessage *request,
                              struct ord_arena *arena, ProtobufCMessage **ret_reply, struct ord_error *error);

/* member.c: a command came, perhaps again. */
void ord_joiner_received(struct ord_joiner *joiner, const Ordinal__V1__Command *command);

/* Tells of trouble, once as long as it is the same; it is over. */
void ord_joiner_trouble(struct ord_joiner *joiner, const struct ord_error *error);
void ord_joiner_well(struct ord_joiner *joiner);
