/*
 * Answers that come later and pushed streams, from a table of methods of the test's own: threads answer and
 * publish while callers come, wait, give up, cancel and are told that the server goes. Every call is answered
 * as it should be, every stream has each message once and in order, and in the end nothing is left of any of
 * them.
 *
 * A plain main, since Criterion cannot run under ThreadSanitizer.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/methods.h"
#include "grpc/server.h"
#include "ordinal/v1/ranks.pb-c.h"
#include "rpc.h"
#include "store/memory.h"

enum {
    CALLS = 600,   /* of each asker */
    STREAMS = 120, /* of each listener */
    MESSAGES = 10, /* of a stream, before its reader or its feed ends it */
    CROWD = 90,    /* streams of one connection */
    ROUNDS = 20,   /* messages that each of the crowd reads */
    REQUEST_MAX = 8000,
    DRAIN_MS = 10000,
};

#define PATH "/test.Service/"

/* The asks that wait for a thread to answer them, and all feeds. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ord_ask *asks;
static LIST_HEAD(, ord_feed) feeds = LIST_HEAD_INITIALIZER(feeds);
static unsigned feed_count;
static atomic_bool over;
static const char *address;

static void answer(struct ord_ask *ask)
{
    const Ordinal__V1__RenewRequest *request = (const Ordinal__V1__RenewRequest *)ask->request;
    Ordinal__V1__RenewResponse *reply = (Ordinal__V1__RenewResponse *)ask->reply;
    if (strcmp(request->name, "refused") == 0)
        ord_fail(&ask->error, ORD_SESSION_OVER, "over: %s", ord_arena_printf(ask->arena, "%s", request->group));
    reply->session_id = request->session_id;
}

static bool ask(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__RenewRequest *request = (const Ordinal__V1__RenewRequest *)ask->request;
    if (strcmp(request->name, "now") == 0) {
        answer(ask);
        return true;
    }
    pthread_mutex_lock(&lock);
    ask->next = asks;
    asks = ask;
    pthread_mutex_unlock(&lock);
    return false;
}

static void *answer_asks(void *context)
{
    while (!atomic_load(&over)) {
        pthread_mutex_lock(&lock);
        struct ord_ask *at = asks;
        asks = NULL;
        pthread_mutex_unlock(&lock);
        while (at) {
            struct ord_ask *next = at->next;
            answer(at);
            at->done(at);
            at = next;
        }
        sched_yield();
    }
    return NULL;
}

struct ord_feed {
    struct ord_feed_reader *reader;
    atomic_int due, told;
    int limit;         /* 0: none */
    bool is_unhurried; /* a message is due only once the one before was told */
    LIST_ENTRY(ord_feed) in_feeds;
};

static enum ord_code feed_open(struct ord_service *service, const ProtobufCMessage *message,
                               struct ord_feed_reader *reader, struct ord_feed **ret_feed,
                               struct ord_error *error)
{
    const Ordinal__V1__WatchRequest *request = (const Ordinal__V1__WatchRequest *)message;
    if (strcmp(request->group, "refused") == 0)
        return ord_fail(error, ORD_CAPACITY, "no more watchers");
    struct ord_feed *feed = calloc(1, sizeof *feed);
    expect(feed, "memory");
    feed->reader = reader;
    feed->is_unhurried = strcmp(request->group, "unhurried") == 0;
    feed->limit = strcmp(request->group, "ends") == 0 ? MESSAGES : 0;
    pthread_mutex_lock(&lock);
    LIST_INSERT_HEAD(&feeds, feed, in_feeds);
    feed_count++;
    pthread_mutex_unlock(&lock);
    reader->ready(reader);
    *ret_feed = feed;
    return ORD_OK;
}

static enum ord_fed feed_next(struct ord_feed *feed, struct ord_arena *arena, const ProtobufCMessage **ret,
                              struct ord_error *error)
{
    int told = atomic_load(&feed->told);
    if (feed->limit > 0 && told == feed->limit) {
        ord_fail(error, ORD_REPLACED, "another stream took its place");
        return ORD_FED_END;
    }
    if (told == atomic_load(&feed->due))
        return ORD_FED_NOTHING;
    Ordinal__V1__WatchResponse *message = ord_arena_alloc(arena, sizeof *message);
    ordinal__v1__watch_response__init(message);
    message->event_id = told + 1;
    atomic_store(&feed->told, told + 1);
    *ret = &message->base;
    return ORD_FED_MESSAGE;
}

static void feed_close(struct ord_feed *feed)
{
    pthread_mutex_lock(&lock);
    LIST_REMOVE(feed, in_feeds);
    feed_count--;
    pthread_mutex_unlock(&lock);
    free(feed);
}

static void *publish(void *context)
{
    while (!atomic_load(&over)) {
        struct ord_feed *feed;
        pthread_mutex_lock(&lock);
        LIST_FOREACH(feed, &feeds, in_feeds)
        {
            if (feed->is_unhurried && atomic_load(&feed->told) < atomic_load(&feed->due))
                continue;
            atomic_fetch_add(&feed->due, 1);
            feed->reader->ready(feed->reader);
        }
        pthread_mutex_unlock(&lock);
        sched_yield();
    }
    return NULL;
}

static const struct ord_feed_type feed_type = {.open = feed_open, .next = feed_next, .close = feed_close};

const struct ord_method ord_methods[] = {
    {
        .service = "test.Service",
        .name = "Ask",
        .path = PATH "Ask",
        .shape = ORD_UNARY,
        .request_max = REQUEST_MAX,
        .request = &ordinal__v1__renew_request__descriptor,
        .reply = &ordinal__v1__renew_response__descriptor,
        .ask = ask,
    },
    {
        .service = "test.Service",
        .name = "Feed",
        .path = PATH "Feed",
        .shape = ORD_STREAM_PUSHED,
        .request = &ordinal__v1__watch_request__descriptor,
        .reply = &ordinal__v1__watch_response__descriptor,
        .feed = &feed_type,
    },
};
const size_t ord_method_count = sizeof ord_methods / sizeof *ord_methods;

static char letters[REQUEST_MAX + 1];

static grpc_status_code ask_once(struct rpc_client *client, const char *name, int64_t value, size_t size,
                                 int limit_ms)
{
    Ordinal__V1__RenewRequest request = ORDINAL__V1__RENEW_REQUEST__INIT;
    Ordinal__V1__RenewResponse *reply;
    request.name = (char *)name;
    request.session_id = value;
    request.group = letters + REQUEST_MAX - size;
    grpc_status_code status = rpc_unary(client, PATH "Ask", limit_ms, &request.base,
                                        &ordinal__v1__renew_response__descriptor, (void **)&reply);
    expect((status == GRPC_STATUS_OK) == (reply != NULL), "an answer, or an error");
    if (reply) {
        expect(reply->session_id == value, "the answer is that of its question");
        ordinal__v1__renew_response__free_unpacked(reply, NULL);
    }
    return status;
}

/* Every fifth gives up at once, and may be answered or not. */
static void ask_all(struct rpc_client *client)
{
    for (int i = 0; i < CALLS; i++) {
        expect(ask_once(client, "now", i, 10, 0) == GRPC_STATUS_OK, "an answer at once");
        expect(ask_once(client, "later", i, (size_t)i, 0) == GRPC_STATUS_OK, "an answer later");
        expect(ask_once(client, "refused", i, 10, 0) == GRPC_STATUS_FAILED_PRECONDITION, "an error later");
        if (i % 5 == 0) {
            grpc_status_code status = ask_once(client, "later", i, 10, 1);
            expect(status == GRPC_STATUS_OK || status == GRPC_STATUS_DEADLINE_EXCEEDED,
                   "a caller that gives up");
        }
    }
    expect(ask_once(client, "later", 1, REQUEST_MAX - 100, 0) == GRPC_STATUS_OK, "a long request");
    expect(ask_once(client, "later", 1, REQUEST_MAX, 0) == GRPC_STATUS_RESOURCE_EXHAUSTED, "one too long");
}

static bool is_message(Ordinal__V1__WatchResponse *message, int number)
{
    if (!message)
        return false;
    expect(message->event_id == number, "messages come once and in order");
    ordinal__v1__watch_response__free_unpacked(message, NULL);
    return true;
}

static bool listen_to(struct rpc_call *call, const char *group)
{
    Ordinal__V1__WatchRequest request = ORDINAL__V1__WATCH_REQUEST__INIT;
    request.group = (char *)group;
    return is_message(rpc_listen(call, &request.base, &ordinal__v1__watch_response__descriptor), 1);
}

static bool hear(struct rpc_call *call, int number)
{
    return is_message(rpc_next(call, &ordinal__v1__watch_response__descriptor), number);
}

static void listen_all(struct rpc_client *client)
{
    static const char *const groups[] = {"goes on", "ends", "refused"};
    for (int i = 0; i < STREAMS; i++) {
        const char *group = groups[i % 3];
        struct rpc_call call = rpc_open(client, PATH "Feed", 0);
        bool is_told = listen_to(&call, group);
        expect(is_told == (i % 3 != 2), "a stream has messages, unless it is refused");
        for (int number = 2; is_told && number <= MESSAGES; number++)
            expect(hear(&call, number), "a stream goes on");
        if (i % 3 == 0)
            grpc_call_cancel(call.call, NULL);
        if (i % 3 == 1)
            expect(!hear(&call, 0), "a stream ends when its feed does");
        static const grpc_status_code ends[] = {GRPC_STATUS_CANCELLED, GRPC_STATUS_ABORTED,
                                                GRPC_STATUS_RESOURCE_EXHAUSTED};
        if (rpc_end(&call) != ends[i % 3])
            fail("another end was expected", client->last_text);
    }
}

/* Nothing but the feed itself wakes the server. */
static void listen_alone(struct rpc_client *client)
{
    struct rpc_call call = rpc_open(client, PATH "Feed", 0);
    expect(listen_to(&call, "unhurried"), "a stream begins");
    for (int number = 2; number <= CALLS; number++)
        expect(hear(&call, number), "a stream goes on by itself");
    grpc_call_cancel(call.call, NULL);
    expect(rpc_end(&call) == GRPC_STATUS_CANCELLED, "a stream is cancelled");
}

static atomic_int gathered;

/* Many streams, which stay until the server goes. */
static void crowd(struct rpc_client *client)
{
    static struct rpc_call calls[CROWD];
    for (int i = 0; i < CROWD; i++) {
        calls[i] = rpc_open(client, PATH "Feed", 0);
        expect(listen_to(&calls[i], "goes on"), "each of many has messages");
    }
    for (int round = 2; round <= ROUNDS; round++)
        for (int i = 0; i < CROWD; i++)
            expect(hear(&calls[i], round), "each of many goes on");
    atomic_store(&gathered, 1);
    for (int i = 0; i < CROWD; i++) {
        for (int number = ROUNDS + 1; hear(&calls[i], number); number++)
            continue;
        if (rpc_end(&calls[i]) != GRPC_STATUS_UNAVAILABLE)
            fail("a stream is told that the server goes", client->last_text);
    }
}

static struct worker {
    void (*work)(struct rpc_client *client);
    pthread_t thread;
} workers[] = {{ask_all}, {ask_all}, {listen_all}, {listen_all}, {crowd}};

enum {
    WORKERS = sizeof workers / sizeof *workers
};

static void *run(void *context)
{
    const struct worker *worker = context;
    struct rpc_client client;
    rpc_connect(&client, address);
    worker->work(&client);
    rpc_disconnect(&client);
    return NULL;
}

static struct ord_service *open_service(void)
{
    static struct ord_memory_store store;
    struct ord_error error;
    struct ord_layout layout;
    struct ord_service *service;
    struct ord_service_options options = {.port = ord_memory_store_port(&store), .borrow_us = 10000};
    if (ord_layout_parse("default", NULL, NULL, &layout, &error) != ORD_OK ||
        ord_place_init(&options.place, &layout, 7, 0, 1, &error) != ORD_OK ||
        ord_service_open(&options, &service, &error) != ORD_OK)
        fail("service", error.text);
    return service;
}

int main(void)
{
    printf("1..1\n");
    grpc_init();
    struct ord_service *service = open_service();
    struct ord_error error;
    struct ord_grpc *grpc;
    struct ord_grpc_options options = {.listen = "127.0.0.1:0", .gathers = true};
    if (ord_grpc_open(service, &options, &grpc, &error) != ORD_OK)
        fail("open", error.text);
    address = ord_grpc_address(grpc);

    memset(letters, 'x', REQUEST_MAX);
    pthread_t answerer, publisher;
    pthread_create(&answerer, NULL, answer_asks, NULL);
    pthread_create(&publisher, NULL, publish, NULL);
    run(&(struct worker){.work = listen_alone});
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&workers[i].thread, NULL, run, &workers[i]);
    for (int i = 0; i + 1 < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    while (!atomic_load(&gathered))
        sched_yield();

    ord_grpc_drain(grpc, DRAIN_MS);
    pthread_join(workers[WORKERS - 1].thread, NULL);
    pthread_mutex_lock(&lock);
    expect(feed_count == 0, "every feed is closed");
    expect(!asks, "every ask is answered");
    pthread_mutex_unlock(&lock);
    ord_grpc_close(grpc);
    atomic_store(&over, true);
    pthread_join(answerer, NULL);
    pthread_join(publisher, NULL);
    ord_service_close(service, NULL);
    grpc_shutdown();
    printf("ok 1 - asks and feeds under concurrency, cancellation and drain\n");
    return 0;
}
