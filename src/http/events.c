/* Answers methods with a feed: a pushed stream as Server-Sent Events. */
#include <string.h>

#include "api/metrics.h"
#include "base/time.h"
#include "http/method.h"
#include "http/streams.h"
#include "wire/json.h"
#include "wire/query.h"

/* After which a client should come again when the stream ended. */
#define FIRST_LINES "retry: 1000\n\n"

#define HEARTBEAT ":\n\n"

#define HEADERS ORD_HTTP_NO_STORE "X-Accel-Buffering: no\r\n"

struct telling {
    struct ord_feed_reader reader;
    struct ord_http_stream stream;
    struct ord_http_call *call;
    const struct ord_method *method;
    enum ord_id_format format;
    struct ord_feed *feed;
    int64_t woken_ns;
};

static void ready(struct ord_feed_reader *reader)
{
    ord_http_stream_wake(&((struct telling *)reader)->stream);
}

static void put_text(struct ord_http_call *call, const char *text)
{
    ord_http_put(call, text, strlen(text));
}

static void put_field(struct ord_http_call *call, const char *name, const char *value)
{
    if (!value)
        return;
    put_text(call, name);
    put_text(call, value);
    put_text(call, "\n");
}

/* A message is one event: its oneof's member that is set says what, and is the data. */
static enum ord_code put_event(struct telling *telling, struct ord_arena *arena,
                               const ProtobufCMessage *message, struct ord_error *error)
{
    const char *name = NULL, *json;
    const ProtobufCMessage *member = ord_json_member(message, arena, &name);
    enum ord_code code = ord_json_write(member ? member : message, telling->format, arena, &json, error);
    if (code != ORD_OK)
        return code;
    put_field(telling->call, "event: ", name);
    put_field(telling->call, "id: ", ord_query_value(message, "eventId", arena));
    put_field(telling->call, "data: ", json);
    put_text(telling->call, "\n");
    return ORD_OK;
}

/* Each message counts as an answer, from when there was something to say. */
static void count(const struct telling *telling, enum ord_code code)
{
    const struct ord_http_call *call = telling->call;
    ord_metrics_call(ord_service_metrics(call->shared->service), ORD_FRONT_REST, telling->method, code,
                     (uint64_t)(ord_boot_ns() - telling->woken_ns), 0);
}

static enum ord_fed tell_one(struct telling *telling, struct ord_error *error)
{
    char buffer[ORD_HTTP_ARENA_SIZE];
    struct ord_arena arena;
    const ProtobufCMessage *message;
    ord_arena_init(&arena, buffer, sizeof buffer);
    enum ord_fed fed = telling->method->feed->next(telling->feed, &arena, &message, error);
    if (fed == ORD_FED_MESSAGE && put_event(telling, &arena, message, error) != ORD_OK)
        fed = ORD_FED_END;
    ord_arena_finish(&arena);
    if (fed == ORD_FED_MESSAGE)
        count(telling, ORD_OK);
    return fed;
}

/* Tells all that there is to say, until the client is gone. */
static enum ord_fed tell(struct telling *telling, struct ord_error *error)
{
    enum ord_fed fed = ORD_FED_MESSAGE;
    while (fed == ORD_FED_MESSAGE && !telling->call->is_broken &&
           !atomic_load(&telling->call->shared->draining))
        fed = tell_one(telling, error);
    return fed;
}

static bool wait_for_more(struct telling *telling)
{
    struct ord_http_call *call = telling->call;
    enum ord_http_stream_state state = ORD_HTTP_STREAM_QUIET;
    ord_http_flush(call);
    while (state == ORD_HTTP_STREAM_QUIET && !call->is_broken) {
        state = ord_http_stream_wait(&telling->stream, (int)call->shared->heartbeat_ms);
        if (state == ORD_HTTP_STREAM_QUIET) {
            put_text(call, HEARTBEAT);
            ord_http_flush(call);
        }
    }
    telling->woken_ns = ord_boot_ns();
    return state == ORD_HTTP_STREAM_WOKEN;
}

static void put_end(struct telling *telling, const struct ord_error *error)
{
    char problem[ORD_HTTP_PROBLEM_MAX];
    if (error->code == ORD_OK)
        return;
    count(telling, error->code);
    telling->call->code = error->code;
    ord_http_problem_text(error, 0, problem);
    put_field(telling->call, "event: ", "problem");
    put_field(telling->call, "data: ", problem);
    put_text(telling->call, "\n");
}

static void run(struct telling *telling)
{
    struct ord_error error = {.code = ORD_OK};
    telling->call->must_close = true; /* which is how it ends */
    telling->call->is_counted = false;
    ord_http_start(telling->call, 200, ORD_HTTP_TYPE_EVENTS, ORD_HTTP_NO_LENGTH, HEADERS);
    put_text(telling->call, FIRST_LINES);
    enum ord_fed fed;
    do
        fed = tell(telling, &error);
    while (fed == ORD_FED_NOTHING && wait_for_more(telling));
    if (fed == ORD_FED_END)
        put_end(telling, &error);
}

static enum ord_code open_feed(struct telling *telling, const ProtobufCMessage *request,
                               struct ord_error *error)
{
    struct ord_http_call *call = telling->call;
    enum ord_code code = ord_http_stream_open(call, &telling->stream, error);
    if (code != ORD_OK) {
        call->must_close = true; /* it gives its thread back */
        return code;
    }
    code = telling->method->feed->open(call->shared->service, request, &telling->reader, &telling->feed, error);
    if (code != ORD_OK)
        ord_http_stream_close(&telling->stream);
    return code;
}

enum ord_code ord_http_give_events(struct ord_http_reading *reading, struct ord_error *error)
{
    char buffer[ORD_HTTP_ARENA_SIZE];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    struct telling telling = {.reader.ready = ready,
                              .call = reading->call,
                              .method = reading->method,
                              .format = reading->presentation.format,
                              .woken_ns = reading->call->begin_ns};
    ProtobufCMessage *request;
    ord_field_set given;
    enum ord_code code = ord_http_fields_read(reading, &arena, &request, &given, error);
    if (code == ORD_OK && reading->call->is_head) {
        ord_http_start(reading->call, 200, ORD_HTTP_TYPE_EVENTS, ORD_HTTP_NO_LENGTH, HEADERS);
        goto finish;
    }
    if (code == ORD_OK)
        code = open_feed(&telling, request, error);
    if (code != ORD_OK)
        goto finish;
    run(&telling);
    reading->method->feed->close(telling.feed);
    ord_http_stream_close(&telling.stream);
finish:
    ord_arena_finish(&arena);
    return code;
}
