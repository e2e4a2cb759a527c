#include "rows.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/methods.h"
#include "ordinal/v1/ids.pb-c.h"
#include "ordinal/v1/ranks.pb-c.h"
#include "ordinal/v1/sequences.pb-c.h"

static struct {
    pthread_mutex_t lock;
    bool holds;
    unsigned held;
    struct ord_ask *first;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Says what came, in the command that would be sent. */
static enum ord_code echo(struct ord_service *service, const ProtobufCMessage *request, ProtobufCMessage *reply,
                          struct ord_arena *arena, struct ord_error *error)
{
    const Ordinal__V1__SendCommandRequest *asked = (const Ordinal__V1__SendCommandRequest *)request;
    Ordinal__V1__Command *command = ord_arena_alloc(arena, sizeof *command);
    ordinal__v1__command__init(command);
    command->id = asked->session_id;
    command->group = asked->group;
    command->sender = asked->name;
    command->text = ord_arena_printf(arena, "%s|%s", asked->text, asked->request_id);
    ((Ordinal__V1__SendCommandResponse *)reply)->command = command;
    return ORD_OK;
}

static void answer(struct ord_ask *ask)
{
    const Ordinal__V1__NextRequest *asked = (const Ordinal__V1__NextRequest *)ask->request;
    Ordinal__V1__NextResponse *reply = (Ordinal__V1__NextResponse *)ask->reply;
    if (strcmp(asked->name, "none") == 0) {
        ord_fail(&ask->error, ORD_NOT_FOUND, "name: there is no sequence of that name");
    } else {
        reply->first = reply->last = 41;
        reply->count = asked->count;
        ask->error.code = ORD_OK;
    }
}

static void *answer_later(void *ask)
{
    answer(ask);
    ((struct ord_ask *)ask)->done(ask);
    return NULL;
}

/* Whether it is kept until answers are let go. */
static bool hold(struct ord_ask *ask)
{
    pthread_mutex_lock(&state.lock);
    bool holds = state.holds;
    if (holds) {
        ask->next = state.first;
        state.first = ask;
        state.held++;
    }
    pthread_mutex_unlock(&state.lock);
    return holds;
}

static bool next(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__NextRequest *asked = (const Ordinal__V1__NextRequest *)ask->request;
    if (strcmp(asked->name, "at-once") == 0) {
        answer(ask);
        return true;
    }
    if (!ord_ask_may_wait(ask))
        return true;
    if (hold(ask))
        return false;
    pthread_t thread;
    pthread_create(&thread, NULL, answer_later, ask);
    pthread_detach(thread);
    return false;
}

void rows_hold_answers(void)
{
    pthread_mutex_lock(&state.lock);
    state.holds = true;
    pthread_mutex_unlock(&state.lock);
}

void rows_let_answers_go(void)
{
    pthread_mutex_lock(&state.lock);
    struct ord_ask *first = state.first;
    state.holds = false;
    state.held = 0;
    state.first = NULL;
    pthread_mutex_unlock(&state.lock);
    for (struct ord_ask *next; first; first = next) {
        next = first->next;
        answer(first);
        first->done(first);
    }
}

unsigned rows_held(void)
{
    pthread_mutex_lock(&state.lock);
    unsigned held = state.held;
    pthread_mutex_unlock(&state.lock);
    return held;
}

static const char *value(const ProtobufCMessage *reply, struct ord_arena *arena)
{
    return ord_arena_printf(arena, "%ld\n", (long)((const Ordinal__V1__NextResponse *)reply)->first);
}

static enum ord_code delete (struct ord_service *service, const ProtobufCMessage *request,
                             ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error) {
    return ORD_OK;
}

/* What one who watches is told: events from 1 up to the last. Who watches the group `endless` is told without
 * end. */
struct ord_feed {
    struct ord_feed_reader *reader;
    bool is_endless;
    int64_t told;
    LIST_ENTRY(ord_feed) among;
};

static struct {
    pthread_mutex_t lock;
    int64_t last;
    bool is_over;
    enum ord_code end;
    unsigned open;
    LIST_HEAD(, ord_feed) feeds;
} watched = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum ord_code open_feed(struct ord_service *service, const ProtobufCMessage *request,
                               struct ord_feed_reader *reader, struct ord_feed **ret_feed,
                               struct ord_error *error)
{
    const Ordinal__V1__WatchRequest *asked = (const Ordinal__V1__WatchRequest *)request;
    if (strcmp(asked->group, "none") == 0)
        return ord_fail(error, ORD_NOT_FOUND, "group: there is no such group");
    struct ord_feed *feed = calloc(1, sizeof *feed);
    feed->reader = reader;
    feed->is_endless = strcmp(asked->group, "endless") == 0;
    pthread_mutex_lock(&watched.lock);
    feed->told = asked->after_event_id ? asked->after_event_id : watched.last;
    LIST_INSERT_HEAD(&watched.feeds, feed, among);
    watched.open++;
    pthread_mutex_unlock(&watched.lock);
    *ret_feed = feed;
    return ORD_OK;
}

static const ProtobufCMessage *event(int64_t id, bool is_long, struct ord_arena *arena)
{
    Ordinal__V1__WatchResponse *reply = ord_arena_alloc(arena, sizeof *reply);
    Ordinal__V1__View *view = ord_arena_alloc(arena, sizeof *view);
    Ordinal__V1__Command *command = ord_arena_alloc(arena, sizeof *command);
    ordinal__v1__watch_response__init(reply);
    ordinal__v1__view__init(view);
    ordinal__v1__command__init(command);
    reply->event_id = id;
    view->epoch = id;
    command->id = id;
    command->text = ord_arena_printf(arena, "a\n%0*d", is_long ? 8192 : 1, 1);
    if (id % 2) {
        reply->event_case = ORDINAL__V1__WATCH_RESPONSE__EVENT_VIEW;
        reply->view = view;
    } else {
        reply->event_case = ORDINAL__V1__WATCH_RESPONSE__EVENT_COMMAND;
        reply->command = command;
    }
    return &reply->base;
}

static enum ord_fed next_event(struct ord_feed *feed, struct ord_arena *arena,
                               const ProtobufCMessage **ret_message, struct ord_error *error)
{
    pthread_mutex_lock(&watched.lock);
    bool is_more = feed->is_endless || feed->told < watched.last, is_over = watched.is_over;
    pthread_mutex_unlock(&watched.lock);
    if (is_more) {
        *ret_message = event(feed->is_endless ? 2 : ++feed->told, feed->is_endless, arena);
        return ORD_FED_MESSAGE;
    }
    if (!is_over)
        return ORD_FED_NOTHING;
    if (watched.end)
        ord_fail(error, watched.end, "it is over");
    else
        error->code = ORD_OK;
    return ORD_FED_END;
}

static void close_feed(struct ord_feed *feed)
{
    pthread_mutex_lock(&watched.lock);
    LIST_REMOVE(feed, among);
    watched.open--;
    pthread_mutex_unlock(&watched.lock);
    free(feed);
}

static const struct ord_feed_type watch = {open_feed, next_event, close_feed};

static void wake_all(void)
{
    for (struct ord_feed *feed = LIST_FIRST(&watched.feeds); feed; feed = LIST_NEXT(feed, among))
        feed->reader->ready(feed->reader);
}

void rows_tell(void)
{
    pthread_mutex_lock(&watched.lock);
    watched.last++;
    wake_all();
    pthread_mutex_unlock(&watched.lock);
}

void rows_end(int code)
{
    pthread_mutex_lock(&watched.lock);
    watched.is_over = true;
    watched.end = code;
    wake_all();
    pthread_mutex_unlock(&watched.lock);
}

unsigned rows_feeds(void)
{
    pthread_mutex_lock(&watched.lock);
    unsigned open = watched.open;
    pthread_mutex_unlock(&watched.lock);
    return open;
}

#define SERVICE "ordinal.v1.TestService"

const struct ord_method ord_methods[] = {
    {
        .service = SERVICE,
        .name = "GetId",
        .path = "/" SERVICE "/GetId",
        .gives = ORD_GIVES_ID,
        .verbs = {"GET"},
        .route = "/v1/id",
        .request = &ordinal__v1__get_id_request__descriptor,
        .reply = &ordinal__v1__get_id_response__descriptor,
    },
    {
        .service = SERVICE,
        .name = "Send",
        .path = "/" SERVICE "/Send",
        .verbs = {"POST"},
        .route = "/v1/groups/{group}/commands",
        .takes_body = true,
        .request_max = 40,
        .request = &ordinal__v1__send_command_request__descriptor,
        .reply = &ordinal__v1__send_command_response__descriptor,
        .handle = echo,
    },
    {
        .service = SERVICE,
        .name = "Next",
        .path = "/" SERVICE "/Next",
        .verbs = {"POST", "GET"},
        .route = "/v1/sequences/{name}/next",
        .takes_body = true,
        .request = &ordinal__v1__next_request__descriptor,
        .reply = &ordinal__v1__next_response__descriptor,
        .ask = next,
        .text = value,
    },
    {
        .service = SERVICE,
        .name = "Delete",
        .path = "/" SERVICE "/Delete",
        .verbs = {"DELETE"},
        .route = "/v1/sequences/{name}",
        .request = &ordinal__v1__delete_sequence_request__descriptor,
        .reply = &ordinal__v1__delete_sequence_response__descriptor,
        .handle = delete,
    },
    {
        .service = SERVICE,
        .name = "Watch",
        .path = "/" SERVICE "/Watch",
        .shape = ORD_STREAM_PUSHED,
        .verbs = {"GET"},
        .route = "/v1/groups/{group}/events",
        .request = &ordinal__v1__watch_request__descriptor,
        .reply = &ordinal__v1__watch_response__descriptor,
        .feed = &watch,
    },
};

const size_t ord_method_count = sizeof ord_methods / sizeof *ord_methods;
