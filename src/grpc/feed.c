/*
 * Pushed streams of the table: what a feed has to say is sent to its reader.
 *
 * Feeds become ready in any thread, many at once when all members of a group are told the same. They are put in
 * a list, with one wake for all of them, and served a few at a time, so that the calls of others get their turn
 * between.
 */
#include <stdalign.h>
#include <stdlib.h>

#include "base/time.h"
#include "grpc/internal.h"

/* Where small messages are made without reaching malloc. */
#define SCRATCH_BYTES 2048

/* How many are served in one go. */
#define SERVE_MAX 32

struct ord_feeding {
    struct ord_feed_reader reader;
    struct ord_feed *feed;
    struct ord_call *call;
    /* Under the server's lock. */
    bool is_listed;
    int64_t ready_ns; /* when it was */
    TAILQ_ENTRY(ord_feeding) in_ready;
};

static void list(struct ord_feeding *feeding)
{
    if (feeding->is_listed)
        return;
    feeding->is_listed = true;
    feeding->ready_ns = ord_boot_ns();
    TAILQ_INSERT_TAIL(&feeding->call->entry->grpc->ready, feeding, in_ready);
}

/* Any thread. */
static void ready(struct ord_feed_reader *reader)
{
    struct ord_feeding *feeding = ORD_OWNER(reader, struct ord_feeding, reader);
    struct ord_grpc *grpc = feeding->call->entry->grpc;
    pthread_mutex_lock(&grpc->lock);
    list(feeding);
    ord_grpc_wake(grpc);
    pthread_mutex_unlock(&grpc->lock);
}

static const struct ord_feed_type *type_of(const struct ord_call *call)
{
    return call->entry->rpc.method->feed;
}

enum ord_code ord_feed_open(struct ord_call *call, struct ord_bytes request, struct ord_arena *arena,
                            struct ord_answered *ret, struct ord_error *error)
{
    ProtobufCMessage *message;
    enum ord_code code = ord_call_admit(call, request, arena, &message, error);
    if (code != ORD_OK)
        return code;
    struct ord_feeding *feeding = calloc(1, sizeof *feeding);
    if (!feeding)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    feeding->reader.ready = ready;
    feeding->call = call;
    call->feeding = feeding; /* released with the call */
    code = type_of(call)->open(call->entry->grpc->service, message, &feeding->reader, &feeding->feed, error);
    if (code != ORD_OK)
        return code;
    *ret = (struct ord_answered){0};
    return ORD_OK;
}

/* A message counts as an answer, from when the feed was ready. */
enum ord_fed ord_feed_next(struct ord_call *call, grpc_slice *ret, struct ord_error *error)
{
    alignas(max_align_t) char scratch[SCRATCH_BYTES];
    struct ord_arena arena;
    const ProtobufCMessage *message;
    if (call->entry->grpc->draining) {
        ord_fail_draining(error);
        return ORD_FED_END;
    }
    error->code = ORD_OK;
    ord_arena_init(&arena, scratch, sizeof scratch);
    enum ord_fed fed = type_of(call)->next(call->feeding->feed, &arena, &message, error);
    if (fed == ORD_FED_MESSAGE)
        *ret = ord_message_slice(message);
    ord_arena_finish(&arena);
    if (fed == ORD_FED_MESSAGE)
        ord_call_count(call, ORD_OK, 0);
    else if (fed == ORD_FED_END && error->code != ORD_OK)
        ord_call_count(call, error->code, 0);
    return fed;
}

void ord_feed_again(struct ord_call *call)
{
    struct ord_grpc *grpc = call->entry->grpc;
    pthread_mutex_lock(&grpc->lock);
    list(call->feeding);
    pthread_mutex_unlock(&grpc->lock);
    grpc->has_ready = true;
}

static void unlist(struct ord_grpc *grpc, struct ord_feeding *feeding)
{
    if (feeding->is_listed)
        TAILQ_REMOVE(&grpc->ready, feeding, in_ready);
    feeding->is_listed = false;
}

void ord_feed_release(struct ord_call *call)
{
    struct ord_grpc *grpc = call->entry->grpc;
    struct ord_feeding *feeding = call->feeding;
    if (!feeding)
        return;
    if (feeding->feed)
        type_of(call)->close(feeding->feed);
    pthread_mutex_lock(&grpc->lock);
    unlist(grpc, feeding);
    pthread_mutex_unlock(&grpc->lock);
    free(feeding);
    call->feeding = NULL;
}

static struct ord_call *next_ready(struct ord_grpc *grpc)
{
    pthread_mutex_lock(&grpc->lock);
    struct ord_feeding *feeding = TAILQ_FIRST(&grpc->ready);
    if (feeding) {
        unlist(grpc, feeding);
        feeding->call->asked_ns = feeding->ready_ns;
    }
    pthread_mutex_unlock(&grpc->lock);
    return feeding ? feeding->call : NULL;
}

void ord_feeds_serve(struct ord_grpc *grpc)
{
    for (int i = 0; i < SERVE_MAX; i++) {
        struct ord_call *call = next_ready(grpc);
        grpc->has_ready = call;
        if (!call)
            return;
        ord_call_poke(call);
    }
}
