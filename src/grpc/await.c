/*
 * Answers that another thread gives, because they become durable first. The call counts as one that the core
 * has a batch of, so that it lives until its answer came, even if the caller went away.
 */
#include <stdalign.h>
#include <stdlib.h>

#include "grpc/internal.h"
#include "wire/json.h"

/* Request and reply of an ask, if they are small. */
#define ASK_SCRATCH_BYTES 1024

struct ord_await {
    struct ord_call *call;
    /* Once it is answered, in the queue's thread: what was answered. */
    enum ord_code (*read)(const struct ord_await *await, struct ord_answered *ret, struct ord_error *error);
    struct ord_await *(*free)(struct ord_await *await);
    STAILQ_ENTRY(ord_await) in_answered;
};

/* In the other thread. Nothing of the server is touched once the lock is given up: it may be closed then. */
static void came(struct ord_await *await)
{
    struct ord_grpc *grpc = await->call->entry->grpc;
    pthread_mutex_lock(&grpc->lock);
    STAILQ_INSERT_TAIL(&grpc->answered, await, in_answered);
    ord_grpc_wake(grpc);
    pthread_mutex_unlock(&grpc->lock);
}

/* `is_answered` says whether it is already. Takes the await. */
static enum ord_code begun(struct ord_await *await, bool is_answered, struct ord_answered *ret,
                           struct ord_error *error)
{
    if (!is_answered) {
        await->call->pending++;
        *ret = (struct ord_answered){.is_awaited = true};
        return ORD_OK;
    }
    enum ord_code code = await->read(await, ret, error);
    await->free(await);
    return code;
}

/* IDs under a request ID. */
struct once {
    struct ord_await await;
    struct ord_awaited awaited;
};

static enum ord_code once_read(const struct ord_await *await, struct ord_answered *ret, struct ord_error *error)
{
    const struct ord_awaited *awaited = &ORD_OWNER(await, struct once, await)->awaited;
    if (awaited->error.code != ORD_OK) {
        *error = awaited->error;
        return error->code;
    }
    *ret = ord_answered_runs(&awaited->ids, awaited->hold_us);
    if (awaited->is_repeat)
        ret->ids = 0;
    return ORD_OK;
}

static struct ord_await *once_free(struct ord_await *await)
{
    free(ORD_OWNER(await, struct once, await));
    return NULL;
}

static void once_came(struct ord_awaited *awaited)
{
    came(&ORD_OWNER(awaited, struct once, awaited)->await);
}

enum ord_code ord_call_await(struct ord_call *call, const struct ord_once_wanted *wanted,
                             struct ord_answered *ret, struct ord_error *error)
{
    struct once *once = calloc(1, sizeof *once);
    if (!once)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    once->await = (struct ord_await){.call = call, .read = once_read, .free = once_free};
    once->awaited.done = once_came;
    bool is_answered = ord_service_take_once(call->entry->grpc->service, wanted, &once->awaited);
    return begun(&once->await, is_answered, ret, error);
}

/* What the handler of a row is asked. */
struct asked {
    struct ord_await await;
    struct ord_ask ask;
    struct ord_arena arena;
    alignas(max_align_t) char scratch[ASK_SCRATCH_BYTES];
};

static enum ord_code asked_read(const struct ord_await *await, struct ord_answered *ret,
                                struct ord_error *error)
{
    const struct ord_ask *ask = &ORD_OWNER(await, struct asked, await)->ask;
    if (ask->error.code != ORD_OK) {
        *error = ask->error;
        return error->code;
    }
    *ret = (struct ord_answered){.message = ord_message_slice(ask->reply)};
    return ORD_OK;
}

static struct ord_await *asked_free(struct ord_await *await)
{
    struct asked *asked = ORD_OWNER(await, struct asked, await);
    ord_arena_finish(&asked->arena);
    free(asked);
    return NULL;
}

static void asked_came(struct ord_ask *ask)
{
    came(&ORD_OWNER(ask, struct asked, ask)->await);
}

static struct asked *new_asked(struct ord_call *call)
{
    struct asked *asked = malloc(sizeof *asked);
    if (!asked)
        return NULL;
    asked->await = (struct ord_await){.call = call, .read = asked_read, .free = asked_free};
    ord_arena_init(&asked->arena, asked->scratch, sizeof asked->scratch);
    asked->ask.request = NULL;
    asked->ask.arena = &asked->arena;
    asked->ask.error.code = ORD_OK;
    asked->ask.error.retry_after_ms = 0;
    asked->ask.may_wait = NULL;
    asked->ask.done = asked_came;
    asked->ask.next = NULL;
    return asked;
}

enum ord_code ord_call_ask(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                           struct ord_answered *ret, struct ord_error *error)
{
    const struct ord_method *method = call->entry->rpc.method;
    ProtobufCMessage *message = NULL;
    struct asked *asked = new_asked(call);
    if (!asked)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    enum ord_code code = ord_call_admit(call, request, &asked->arena, &message, error);
    asked->ask.request = message;
    asked->ask.reply = ord_message_new(method->reply, &asked->arena);
    if (code == ORD_OK && !asked->ask.reply)
        code = ord_fail(error, ORD_INTERNAL, "no memory");
    if (code != ORD_OK) {
        asked_free(&asked->await);
        return code;
    }
    return begun(&asked->await, method->ask(call->entry->grpc->service, &asked->ask), ret, error);
}

static void finish(struct ord_await *await)
{
    struct ord_call *call = await->call;
    struct ord_batch batch = {.call = call};
    struct ord_error error;
    call->pending--;
    if (!call->over && await->read(await, &call->answered, &error) == ORD_OK)
        ord_call_answered(call);
    else if (!call->over)
        ord_call_fail(&batch, &error);
    await->free(await);
    ord_call_settle(call);
}

void ord_awaits_take(struct ord_grpc *grpc)
{
    struct ord_await *await;
    do {
        pthread_mutex_lock(&grpc->lock);
        await = STAILQ_FIRST(&grpc->answered);
        if (await)
            STAILQ_REMOVE_HEAD(&grpc->answered, in_answered);
        pthread_mutex_unlock(&grpc->lock);
        if (await)
            finish(await);
    } while (await);
}
