#include "rows.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

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

static bool next(struct ord_service *service, struct ord_ask *ask)
{
    const Ordinal__V1__NextRequest *asked = (const Ordinal__V1__NextRequest *)ask->request;
    pthread_mutex_lock(&state.lock);
    bool is_held = state.holds;
    if (is_held) {
        ask->next = state.first;
        state.first = ask;
        state.held++;
    }
    pthread_mutex_unlock(&state.lock);
    if (is_held)
        return false;
    if (strcmp(asked->name, "at-once") == 0) {
        answer(ask);
        return true;
    }
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
        .request_max = 100,
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
};

const size_t ord_method_count = sizeof ord_methods / sizeof *ord_methods;
