#include <stdio.h>
#include <string.h>

#include "http/call.h"
#include "wire/ids.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/quote.h"

#define ARENA_SIZE 2048

#define TYPE_JSON "application/json"
#define TYPE_TEXT "text/plain; charset=utf-8"

/* How the caller wants the reply written: parameters that are not fields of the request message. */
struct presentation {
    enum ord_id_format format;
    bool as_runs;
    bool as_text;
    bool format_given, form_given;
};

/* A method's call while its parameters are read. */
struct reading {
    const struct ord_method *method;
    const struct ord_route_value *values; /* of the path */
    struct presentation presentation;
    struct ord_http_query query;
};

static bool has_form(const struct ord_method *method)
{
    return method->gives == ORD_GIVES_RUNS;
}

static bool is_of_path(const struct ord_method *method, const char *field)
{
    char name[ORD_JSON_NAME_MAX];
    for (unsigned i = 0; ord_route_field(method, i, name, sizeof name); i++)
        if (strcmp(name, field) == 0)
            return true;
    return false;
}

static enum ord_code fail_unknown(const struct ord_method *method, const char *name, struct ord_error *error)
{
    char allowed[256] = "";
    for (unsigned i = 0; i < method->request->n_fields; i++) {
        const char *field = method->request->fields[i].name;
        if (is_of_path(method, field))
            continue;
        char json_name[ORD_JSON_NAME_MAX];
        ord_json_name(field, json_name);
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, "%s, ", json_name);
    }
    char shown[ORD_QUOTE_MAX];
    ord_quote(name, shown);
    return ord_fail(error, ORD_UNKNOWN_PARAMETER, "%s is not a parameter; allowed %sformat%s", shown, allowed,
                    has_form(method) ? ", form" : "");
}

static enum ord_code fail_repeated(const char *name, struct ord_error *error)
{
    return ord_fail(error, ORD_REPEATED_PARAMETER, "%s: given more than once; allowed once", name);
}

static enum ord_code read_form(const char *value, struct presentation *presentation, struct ord_error *error)
{
    if (presentation->form_given)
        return fail_repeated("form", error);
    presentation->form_given = true;
    presentation->as_runs = strcmp(value, "runs") == 0;
    if (presentation->as_runs || strcmp(value, "ids") == 0)
        return ORD_OK;
    char shown[ORD_QUOTE_MAX];
    ord_quote(value, shown);
    return ord_fail(error, ORD_INVALID_ARGUMENT, "form: %s is not a form; allowed ids, runs", shown);
}

static enum ord_code read_format(const char *value, struct presentation *presentation, struct ord_error *error)
{
    if (presentation->format_given)
        return fail_repeated("format", error);
    presentation->format_given = true;
    enum ord_code code = ord_id_format_parse(value, &presentation->format, error);
    if (code != ORD_OK)
        ord_wrap(error, "format");
    return code;
}

/* Takes the presentation out of the query; what stays are fields of the request. */
static enum ord_code read_presentation(struct reading *reading, struct ord_error *error)
{
    struct ord_http_query *query = &reading->query;
    unsigned kept = 0;
    for (unsigned i = 0; i < query->count; i++) {
        enum ord_code code = ORD_OK;
        if (strcmp(query->at[i].name, "format") == 0)
            code = read_format(query->at[i].value, &reading->presentation, error);
        else if (has_form(reading->method) && strcmp(query->at[i].name, "form") == 0)
            code = read_form(query->at[i].value, &reading->presentation, error);
        else
            query->at[kept++] = query->at[i];
        if (code != ORD_OK)
            return code;
    }
    query->count = kept;
    return ORD_OK;
}

static enum ord_code read_path_value(const struct reading *reading, unsigned index, const char *field,
                                     ProtobufCMessage *message, ord_field_set *given, struct ord_arena *arena,
                                     struct ord_error *error)
{
    char name[ORD_JSON_NAME_MAX];
    const struct ord_route_value *sent = &reading->values[index];
    ord_json_name(field, name);
    char *value = ord_arena_printf(arena, "%.*s", (int)sent->length, sent->at);
    if (!value)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    enum ord_code code = ord_http_decode(value, error);
    if (code != ORD_OK)
        return code;
    return ord_query_set(message, given, name, value, reading->presentation.format, arena, error);
}

static enum ord_code read_path(const struct reading *reading, ProtobufCMessage *message, ord_field_set *given,
                               struct ord_arena *arena, struct ord_error *error)
{
    char field[ORD_JSON_NAME_MAX];
    enum ord_code code = ORD_OK;
    for (unsigned i = 0; code == ORD_OK && ord_route_field(reading->method, i, field, sizeof field); i++)
        code = read_path_value(reading, i, field, message, given, arena, error);
    return code;
}

static enum ord_code read_request(const struct reading *reading, struct ord_arena *arena,
                                  ProtobufCMessage **ret_message, ord_field_set *ret_given,
                                  struct ord_error *error)
{
    ProtobufCMessage *message = ord_message_new(reading->method->request, arena);
    if (!message)
        return ord_fail(error, ORD_INTERNAL, "no memory");

    ord_field_set given = 0;
    enum ord_code code = read_path(reading, message, &given, arena, error);
    for (unsigned i = 0; code == ORD_OK && i < reading->query.count; i++) {
        const char *name = reading->query.at[i].name;
        code = ord_query_set(message, &given, name, reading->query.at[i].value, reading->presentation.format,
                             arena, error);
        if (code == ORD_UNKNOWN_PARAMETER)
            return fail_unknown(reading->method, name, error);
    }
    if (code != ORD_OK)
        return code;
    *ret_message = message;
    *ret_given = given;
    return ORD_OK;
}

/* A field of the request message; `*ret_given` says whether the caller sent it. */
static const void *field_of(const ProtobufCMessage *message, ord_field_set given, const char *name,
                            bool *ret_given)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
    *ret_given = given & (ord_field_set)1 << (field - type->fields);
    return (const char *)message + field->offset;
}

/* The request ID, as a header or as a parameter; "" if there is neither. One that is too long is cut to what is
 * too long still. */
static enum ord_code read_key(const struct ord_http_call *call, const char *parameter, char *ret, size_t size,
                              struct ord_error *error)
{
    ret[0] = '\0';
    if (call->idempotency_key && parameter)
        return ord_fail(error, ORD_REPEATED_PARAMETER,
                        "requestId: given beside the header Idempotency-Key; allowed one of them");
    if (call->idempotency_key)
        ord_http_idempotency_key(call->idempotency_key, ret, size);
    else if (parameter)
        snprintf(ret, size, "%s", parameter);
    else
        return ORD_OK;
    return ord_request_key_check(ret, error);
}

static enum ord_code read_batch(const struct ord_http_call *call, const struct reading *reading,
                                struct ord_ids_request *ret, struct ord_error *error)
{
    char buffer[ARENA_SIZE];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    ProtobufCMessage *message;
    ord_field_set given;
    enum ord_code code = read_request(reading, &arena, &message, &given, error);
    if (code == ORD_OK) {
        bool count_given, tag_given, key_given;
        ret->count = *(const uint32_t *)field_of(message, given, "count", &count_given);
        ret->tag = *(const uint32_t *)field_of(message, given, "tag", &tag_given);
        const char *key = *(char *const *)field_of(message, given, "request_id", &key_given);
        code = read_key(call, key_given ? key : NULL, ret->request_id, sizeof ret->request_id, error);
        if (!count_given)
            code = ord_fail(error, ORD_INVALID_ARGUMENT, "count: is required; allowed 1 to %u",
                            ord_service_count_max(call->shared->service));
    }
    ord_arena_finish(&arena);
    return code;
}

static enum ord_ids_form form_of(const struct ord_method *method, const struct presentation *presentation)
{
    if (presentation->as_runs)
        return presentation->as_text ? ORD_FORM_RUNS_TEXT : ORD_FORM_RUNS_JSON;
    if (presentation->as_text)
        return ORD_FORM_IDS_TEXT;
    return method->gives == ORD_GIVES_ID ? ORD_FORM_ID_JSON : ORD_FORM_IDS_JSON;
}

/* A body that was written before the head, which tells its length. */
struct body {
    size_t size;
    char bytes[64];
};

static void put_body(void *context, const char *bytes, size_t size)
{
    struct body *body = context;
    memcpy(body->bytes + body->size, bytes, size);
    body->size += size;
}

/* One ID, of which there are many replies, is written once, since it tells the length by itself. */
static void send_ids(struct ord_http_call *call, const struct reading *reading, const struct ord_ids *ids)
{
    const struct presentation *presentation = &reading->presentation;
    enum ord_ids_form form = form_of(reading->method, presentation);
    const char *type = presentation->as_text ? TYPE_TEXT : TYPE_JSON;
    if (form == ORD_FORM_ID_JSON) {
        struct body body = {.size = 0};
        _Static_assert(sizeof "{\"id\":\"\"}" + ORD_ID_TEXT_MAX <= sizeof body.bytes, "one ID fits");
        ord_ids_write(ids, form, presentation->format, put_body, &body);
        ord_http_reply(call, 200, type, ORD_HTTP_NO_STORE, body.bytes, body.size);
        return;
    }
    ord_http_start(call, 200, type, ord_ids_length(ids, form, presentation->format), ORD_HTTP_NO_STORE);
    if (!call->is_head)
        ord_ids_write(ids, form, presentation->format, ord_http_put, call);
}

static enum ord_code give_ids(struct ord_http_call *call, const struct reading *reading,
                              struct ord_error *error)
{
    struct ord_ids_request request;
    request.count = 1;
    request.tag = 0;
    request.request_id[0] = '\0';
    enum ord_code code = ORD_OK;
    if (reading->method->gives == ORD_GIVES_RUNS)
        code = read_batch(call, reading, &request, error);
    else if (reading->query.count > 0)
        code = fail_unknown(reading->method, reading->query.at[0].name, error);
    else if (call->idempotency_key)
        code = ord_fail(error, ORD_INVALID_ARGUMENT, "idempotency-key: only /v1/ids takes it");
    if (code != ORD_OK)
        return code;

    struct ord_ids ids;
    code = ord_http_take(call, &request, &ids, error);
    if (code != ORD_OK)
        return code;

    if (!call->is_head)
        call->ids = call->is_repeat ? 0 : ids.count;
    send_ids(call, reading, &ids);
    return ORD_OK;
}

static enum ord_code give_message(struct ord_http_call *call, const struct reading *reading,
                                  struct ord_error *error)
{
    char buffer[ARENA_SIZE];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    const struct ord_method *method = reading->method;
    ProtobufCMessage *request, *reply;
    ord_field_set given;
    const char *json;

    enum ord_code code = read_request(reading, &arena, &request, &given, error);
    if (code != ORD_OK)
        goto finish;
    reply = ord_message_new(method->reply, &arena);
    if (!reply) {
        code = ord_fail(error, ORD_INTERNAL, "no memory");
        goto finish;
    }
    code = method->handle(call->shared->service, request, reply, &arena, error);
    if (code == ORD_OK)
        code = ord_json_write(reply, reading->presentation.format, &arena, &json, error);
    if (code == ORD_OK)
        ord_http_reply(call, 200, TYPE_JSON, ORD_HTTP_NO_STORE, json, strlen(json));
finish:
    ord_arena_finish(&arena);
    return code;
}

/* Chooses between JSON and text; only IDs come as text. */
static enum ord_code negotiate(const struct ord_http_call *call, struct reading *reading, bool text_first,
                               struct ord_error *error)
{
    bool has_text = reading->method->gives != ORD_GIVES_MESSAGE;
    int json = ord_http_accept_quality(&call->accept, ORD_HTTP_JSON);
    int text = has_text ? ord_http_accept_quality(&call->accept, ORD_HTTP_TEXT) : 0;
    if (json == 0 && text == 0)
        return ord_fail(error, ORD_NOT_ACCEPTABLE, "accept: none of the media types asked for; allowed %s%s",
                        "application/json", has_text ? ", text/plain" : "");
    reading->presentation.as_text = text > json || (text == json && text_first);
    return ORD_OK;
}

/* Bodies are passed over where they change nothing, as HTTP has it for GET. */
static enum ord_code check_body(const struct ord_http_call *call, struct ord_error *error)
{
    if (!call->has_body || strcmp(call->verb, "POST") != 0)
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "body: this method takes none; allowed is an empty one");
}

static void answer(struct ord_http_call *call, const struct ord_method *method,
                   const struct ord_route_value *values, bool text_first)
{
    call->method = method;
    call->is_counted = true;

    struct ord_error error;
    struct reading reading;
    reading.method = method;
    reading.values = values;
    reading.presentation = (struct presentation){.format = ORD_DECIMAL};

    enum ord_code code =
        ord_method_admit(method, method->access == ORD_ACCESS_LOCAL && ord_http_is_local(call), &error);
    if (code == ORD_OK)
        code = check_body(call, &error);
    if (code == ORD_OK)
        code = negotiate(call, &reading, text_first, &error);
    if (code == ORD_OK)
        code = ord_http_query_parse(call->query, &reading.query, &error);
    if (code == ORD_OK)
        code = read_presentation(&reading, &error);
    if (code == ORD_OK)
        code = method->gives == ORD_GIVES_MESSAGE ? give_message(call, &reading, &error)
                                                  : give_ids(call, &reading, &error);
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
