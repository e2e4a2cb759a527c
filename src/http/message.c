/* Answers methods that give a message. */
#include <string.h>

#include "http/method.h"
#include "http/wait.h"
#include "wire/json.h"

/* A thread that waits for an answer, or may have to. */
struct question {
    struct ord_ask ask;
    struct ord_http_shared *shared;
    struct ord_http_wait wait;
    bool waits;
};

static bool may_wait(struct ord_ask *ask)
{
    struct question *question = (struct question *)ask;
    question->waits = ord_http_wait_open(question->shared, &question->wait, &ask->error) == ORD_OK;
    return question->waits;
}

static void answered(struct ord_ask *ask)
{
    ord_http_wait_answered(&((struct question *)ask)->wait);
}

static enum ord_code ask(const struct ord_http_reading *reading, const ProtobufCMessage *request,
                         ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error)
{
    struct ord_http_shared *shared = reading->call->shared;
    struct question question;
    question.shared = shared;
    question.waits = false;
    question.ask = (struct ord_ask){
        .request = request, .reply = reply, .arena = arena, .done = answered, .may_wait = may_wait};
    if (!reading->method->ask(shared->service, &question.ask))
        ord_http_wait_for(&question.wait);
    if (question.waits)
        ord_http_wait_close(&question.wait);
    if (question.ask.error.code != ORD_OK)
        *error = question.ask.error;
    return question.ask.error.code;
}

static enum ord_code make_reply(const struct ord_http_reading *reading, struct ord_arena *arena,
                                ProtobufCMessage *reply, struct ord_error *error)
{
    ProtobufCMessage *request;
    ord_field_set given;
    enum ord_code code = ord_http_fields_read(reading, arena, &request, &given, error);
    if (code != ORD_OK)
        return code;
    if (reading->method->ask)
        return ask(reading, request, reply, arena, error);
    return reading->method->handle(reading->call->shared->service, request, reply, arena, error);
}

static enum ord_code send_reply(const struct ord_http_reading *reading, struct ord_arena *arena,
                                const ProtobufCMessage *reply, struct ord_error *error)
{
    bool as_text = reading->presentation.as_text;
    const char *text = as_text ? reading->method->text(reply, arena) : NULL;
    enum ord_code code = ORD_OK;
    if (!as_text)
        code = ord_json_write(reply, reading->presentation.format, arena, &text, error);
    else if (!text)
        code = ord_fail(error, ORD_INTERNAL, "no memory");
    if (code == ORD_OK)
        ord_http_reply(reading->call, 200, as_text ? ORD_HTTP_TYPE_TEXT : ORD_HTTP_TYPE_JSON, ORD_HTTP_NO_STORE,
                       text, strlen(text));
    return code;
}

enum ord_code ord_http_give_message(struct ord_http_reading *reading, struct ord_error *error)
{
    char buffer[ORD_HTTP_ARENA_SIZE];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    ProtobufCMessage *reply = ord_message_new(reading->method->reply, &arena);
    enum ord_code code =
        reply ? make_reply(reading, &arena, reply, error) : ord_fail(error, ORD_INTERNAL, "no memory");
    if (code == ORD_OK)
        code = send_reply(reading, &arena, reply, error);
    ord_arena_finish(&arena);
    return code;
}
