/*
 * The port through which commands are posted to members' URLs. The engine posts one command at a time a member,
 * in order; the adapter decides which networks it may reach, how long a try may take and when to try again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* How one try to post ended. */
enum ord_callback_outcome {
    ORD_CALLBACK_ACCEPTED,    /* by a status 2xx */
    ORD_CALLBACK_REFUSED,     /* by another status */
    ORD_CALLBACK_LATE,        /* there was no answer in time */
    ORD_CALLBACK_UNREACHABLE, /* there was no connection, or it broke */
    ORD_CALLBACK_FORBIDDEN,   /* it led where nothing is posted to */
    ORD_CALLBACK_CANCELLED,
    ORD_CALLBACK_OUTCOMES, /* how many there are */
};

/* A command on its way to one member. The engine keeps it, and what it points to, until `done` was called. */
struct ord_callback {
    const char *url;
    const char *body; /* a Command as JSON */
    size_t size;      /* of the body */
    /* Called exactly once, in a thread of the port's, never within `post` or `cancel`; does not block. False:
     * it was cancelled, and nobody knows whether it was received. */
    void (*done)(struct ord_callback *callback, bool accepted);
    struct ord_callback *next; /* the port's, while it has it */
    void *work;                /* the port's; NULL when it is posted for the first time */
};

/* Called by one thread at a time, but `check` by any. Outlives the engine. */
struct ord_callback_port {
    void *context;
    /* Whether a member may name that URL, as far as that can be told without asking anybody.
     * ORD_INVALID_ARGUMENT, ORD_OUT_OF_RANGE: it cannot be read, or leads where nothing is posted to. */
    enum ord_code (*check)(void *context, const char *url, struct ord_error *error);
    /* POSTs the body, again and again with growing pauses, until a status 2xx accepts it or it is cancelled.
     * Does not block and cannot fail: what keeps it from trying now is one more reason to try later. */
    void (*post)(void *context, struct ord_callback *callback);
    /* Ends the tries: `done` is called soon, with true if it was accepted meanwhile. Where it has been called
     * already, perhaps while this call was on its way, nothing happens. Does not block. */
    void (*cancel)(void *context, struct ord_callback *callback);
    /* How many tries ended so, since the start. Any thread. */
    uint64_t (*tries)(void *context, enum ord_callback_outcome outcome);
};
