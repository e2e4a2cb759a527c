#include <http_parser.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/internal.h"

#define BODY_MAX ((size_t)64 * 1024 * 1024)

/* A connection's state: answers come in the order of the requests. */
struct session {
    http_parser parser;
    struct slot **asked; /* a ring of slots */
    uint32_t first, count, room;
    const uint8_t *body; /* in the bytes being read, or gathered */
    size_t body_size;
    uint8_t *gathered;
    size_t gathered_size, gathered_room;
    const char *fault;
};

static struct session *session_of(http_parser *parser)
{
    return ((struct connection *)parser->data)->session;
}

static bool gather(struct session *session, const uint8_t *bytes, size_t size)
{
    if (session->gathered_room - session->gathered_size < size) {
        size_t room = session->gathered_room * 2 + size;
        uint8_t *grown = room <= 2 * BODY_MAX ? realloc(session->gathered, room) : NULL;
        if (!grown)
            return false;
        session->gathered = grown;
        session->gathered_room = room;
    }
    memcpy(session->gathered + session->gathered_size, bytes, size);
    session->gathered_size += size;
    return true;
}

static int on_begin(http_parser *parser)
{
    struct session *session = session_of(parser);
    session->body = NULL;
    session->body_size = session->gathered_size = 0;
    if (session->count == 0)
        session->fault = "an answer came that nothing was asked for";
    return session->fault ? -1 : 0;
}

/* The first piece stays where it lies; a second one shows that the body came in pieces. */
static int on_body(http_parser *parser, const char *at, size_t size)
{
    struct session *session = session_of(parser);
    const uint8_t *bytes = (const uint8_t *)at;
    if (!session->body && session->gathered_size == 0) {
        session->body = bytes;
        session->body_size = size;
        return 0;
    }
    bool fits =
        (!session->body || gather(session, session->body, session->body_size)) && gather(session, bytes, size);
    session->body = NULL;
    session->fault = fits ? session->fault : "the answer is too large";
    return fits ? 0 : -1;
}

/* What a problem document says, or just the status. */
static void fail(struct slot *slot, unsigned status, const uint8_t *body, size_t size)
{
    char name[ORD_OUTCOME_STATUS_MAX];
    json_t *problem = json_loadb((const char *)body, size, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    snprintf(name, sizeof name, "%u", status);
    ord_slot_fail(slot, name, detail ? detail : http_status_str((enum http_status)status));
    json_decref(problem);
}

static int on_complete(http_parser *parser)
{
    struct session *session = session_of(parser);
    struct slot *slot = session->asked[session->first];
    const uint8_t *body = session->body ? session->body : session->gathered;
    size_t size = session->body ? session->body_size : session->gathered_size;
    session->first = (session->first + 1) % session->room;
    session->count--;
    if (!http_should_keep_alive(parser))
        ord_connection_retire(slot->connection);
    if (parser->status_code != 200) {
        fail(slot, parser->status_code, body, size);
        return 0;
    }
    int64_t last = -1;
    const char *fault = ord_slot_read(slot, &last, body ? body : (const uint8_t *)"", size);
    if (fault)
        ord_slot_fail(slot, "200", fault);
    else
        ord_slot_succeed(slot);
    return 0;
}

static const http_parser_settings callbacks = {
    .on_message_begin = on_begin,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* Before the bytes go away, the part of a body that is among them is kept. */
static bool keep_body(struct session *session)
{
    bool kept = !session->body || gather(session, session->body, session->body_size);
    session->body = NULL;
    return kept;
}

static const char *rest_receive(struct connection *connection, const uint8_t *bytes, size_t size)
{
    struct session *session = connection->session;
    size_t done = http_parser_execute(&session->parser, &callbacks, (const char *)bytes, size);
    if (session->fault)
        return session->fault;
    if (done != size || HTTP_PARSER_ERRNO(&session->parser) != HPE_OK)
        return "the answer is no HTTP";
    return keep_body(session) ? NULL : "no memory";
}

static bool rest_send(struct connection *connection, struct slot *slot)
{
    struct session *session = connection->session;
    const struct request *request = &connection->worker->bench->request;
    uint8_t *room = ord_out_room(connection, request->text_size);
    if (!room)
        return false;
    memcpy(room, request->text, request->text_size);
    ord_out_used(connection, request->text_size);
    session->asked[(session->first + session->count++) % session->room] = slot;
    return true;
}

static bool rest_flush(struct connection *connection)
{
    return true;
}

/* HTTP/1.1 cannot take a request back. */
static bool rest_cancel(struct connection *connection, struct slot *slot)
{
    return false;
}

static void rest_close(struct connection *connection)
{
    struct session *session = connection->session;
    free(session->asked);
    free(session->gathered);
    free(session);
}

static void *rest_open(struct connection *connection)
{
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->room = connection->worker->bench->plan->in_flight;
    session->asked = calloc(session->room, sizeof *session->asked);
    if (!session->asked) {
        free(session);
        return NULL;
    }
    http_parser_init(&session->parser, HTTP_RESPONSE);
    session->parser.data = connection;
    ord_connection_ready(connection, session->room);
    return session;
}

const struct protocol ord_bench_rest = {
    .open = rest_open,
    .receive = rest_receive,
    .send = rest_send,
    .flush = rest_flush,
    .cancel = rest_cancel,
    .close = rest_close,
};
