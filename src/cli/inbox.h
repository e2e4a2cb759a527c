/*
 * What comes to `ordinal member` from its other threads, in order: one thread takes, any thread puts.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/error.h"

enum ord_mail_kind {
    ORD_MAIL_EVENT,   /* a JoinResponse, from the stream */
    ORD_MAIL_COMMAND, /* a Command, from the endpoint */
    ORD_MAIL_END,     /* the stream is over: `error` says why, ORD_OK for an orderly end */
    ORD_MAIL_STOP,    /* a signal asks to end */
    ORD_MAIL_KINDS,
};

struct ord_mail {
    enum ord_mail_kind kind;
    unsigned from;             /* which of the streams, if it is from one */
    ProtobufCMessage *message; /* in the arena */
    struct ord_arena arena;
    struct ord_error error;
    STAILQ_ENTRY(ord_mail) in_inbox;
};

/* An empty one; NULL when there is no memory. */
struct ord_mail *ord_mail_new(enum ord_mail_kind kind);

/* Takes NULL; returns NULL. */
struct ord_mail *ord_mail_free(struct ord_mail *mail);

struct ord_inbox;

/* NULL when there is no memory. */
struct ord_inbox *ord_inbox_open(void);

/* Frees what was not taken. Takes NULL; returns NULL. */
struct ord_inbox *ord_inbox_close(struct ord_inbox *inbox);

/* The inbox owns the mail. Any thread. */
void ord_inbox_put(struct ord_inbox *inbox, struct ord_mail *mail);

/* The oldest mail, waiting for one until `until_ns` (CLOCK_MONOTONIC), or NULL. */
struct ord_mail *ord_inbox_take(struct ord_inbox *inbox, int64_t until_ns);

/* The clock of ord_inbox_take, in nanoseconds; the time in so many milliseconds. */
int64_t ord_inbox_now_ns(void);
int64_t ord_inbox_in_ms(int64_t ms);
