#include "http/method.h"

#include <string.h>

static enum ord_code negotiate_events(const struct ord_http_reading *reading, struct ord_error *error)
{
    if (ord_http_accept_quality(&reading->call->accept, ORD_HTTP_EVENTS) > 0)
        return ORD_OK;
    return ord_fail(error, ORD_NOT_ACCEPTABLE, "accept: none of the media types asked for; allowed %s",
                    ORD_HTTP_TYPE_EVENTS);
}

/* Chooses between JSON and text. */
static enum ord_code negotiate(struct ord_http_reading *reading, bool text_first, struct ord_error *error)
{
    const struct ord_method *method = reading->method;
    const struct ord_http_accept *accept = &reading->call->accept;
    if (method->feed)
        return negotiate_events(reading, error);
    bool has_text = method->gives != ORD_GIVES_MESSAGE || method->text;
    int json = ord_http_accept_quality(accept, ORD_HTTP_JSON);
    int text = has_text ? ord_http_accept_quality(accept, ORD_HTTP_TEXT) : 0;
    if (json == 0 && text == 0)
        return ord_fail(error, ORD_NOT_ACCEPTABLE, "accept: none of the media types asked for; allowed %s%s",
                        "application/json", has_text ? ", text/plain" : "");
    reading->presentation.as_text = text > json || (text == json && text_first);
    return ORD_OK;
}

static bool is_read_only(const char *verb)
{
    return strcmp(verb, "GET") == 0 || strcmp(verb, "HEAD") == 0;
}

/* Bodies are passed over where they change nothing, as HTTP has it for GET. */
static enum ord_code check_body(const struct ord_http_call *call, const struct ord_method *method,
                                struct ord_error *error)
{
    if (!call->has_body || is_read_only(call->verb) || (method->takes_body && strcmp(call->verb, "POST") == 0))
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "body: this method takes none; allowed is an empty one");
}

static enum ord_code admit(const struct ord_http_call *call, const struct ord_method *method,
                           struct ord_error *error)
{
    if (method->access == ORD_ACCESS_LOCAL)
        return ord_method_admit(method, ord_http_is_local(call), error);
    if (method->gives == ORD_GIVES_MESSAGE && ord_method_changes(method) && ord_http_is_of_other_site(call))
        return ord_fail(error, ORD_FORBIDDEN,
                        "%s changes something, and is not taken from pages of other sites; allowed are this "
                        "server's own and those of cors-origin",
                        method->name);
    return ORD_OK;
}

static enum ord_code read_query(struct ord_http_reading *reading, struct ord_error *error)
{
    reading->query.count = 0;
    if (!reading->call->query)
        return ORD_OK;
    enum ord_code code = ord_http_query_parse(reading->call->query, &reading->query, error);
    return code == ORD_OK ? ord_http_presentation_read(reading, error) : code;
}

static enum ord_code give(struct ord_http_reading *reading, struct ord_error *error)
{
    if (reading->method->gives != ORD_GIVES_MESSAGE)
        return ord_http_give_ids(reading, error);
    return (reading->method->feed ? ord_http_give_events : ord_http_give_message)(reading, error);
}

static void answer(struct ord_http_call *call, const struct ord_method *method,
                   const struct ord_route_value *values, bool text_first)
{
    call->method = method;
    call->is_counted = true;

    struct ord_error error;
    struct ord_http_reading reading;
    reading.call = call;
    reading.method = method;
    reading.values = values;
    reading.presentation = (struct ord_http_presentation){.format = ORD_DECIMAL};

    enum ord_code code = admit(call, method, &error);
    if (code == ORD_OK)
        code = check_body(call, method, &error);
    if (code == ORD_OK)
        code = negotiate(&reading, text_first, &error);
    if (code == ORD_OK)
        code = read_query(&reading, &error);
    if (code == ORD_OK)
        code = give(&reading, &error);
    if (code != ORD_OK)
        ord_http_problem(call, &error, 0, "");
}

void ord_http_method(struct ord_http_call *call, const struct ord_method *method,
                     const struct ord_route_value *values)
{
    answer(call, method, values, false);
}

void ord_http_plain_id(struct ord_http_call *call)
{
    answer(call, ord_method_by_name("GetId"), NULL, true);
}
