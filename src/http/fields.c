/* The fields of a request message: out of the body, the path, the query and headers, in this order. */
#include <civetweb.h>
#include <string.h>

#include "http/method.h"
#include "wire/json.h"
#include "wire/query.h"

/* What a row allows that does not say. */
#define REQUEST_MAX 4096

/* Many writers of JSON escape all that is not ASCII: six bytes for a character of two. */
#define JSON_TO_REQUEST 3

/* A message in the making. */
struct form {
    const struct ord_http_reading *reading;
    struct ord_arena *arena;
    ProtobufCMessage *message;
    ord_field_set given;
    struct ord_error *error;
};

static enum ord_code set(struct form *form, const char *name, const char *value)
{
    return ord_query_set(form->message, &form->given, name, value, form->reading->presentation.format,
                         form->arena, form->error);
}

/* The bit of a field; 0 if the message has none of that name. */
static ord_field_set bit_of(const struct form *form, const char *field)
{
    const ProtobufCMessageDescriptor *type = form->message->descriptor;
    const ProtobufCFieldDescriptor *found = protobuf_c_message_descriptor_get_field_by_name(type, field);
    return found ? (ord_field_set)1 << (found - type->fields) : 0;
}

static enum ord_code read_body(struct form *form)
{
    const struct ord_http_reading *reading = form->reading;
    size_t max = reading->method->request_max ? reading->method->request_max : REQUEST_MAX, size;
    const char *text;
    enum ord_code code =
        ord_http_body_read(reading->call, JSON_TO_REQUEST * max, form->arena, &text, &size, form->error);
    if (code != ORD_OK || size == 0)
        return code;
    code = ord_json_read_request(text, size, reading->presentation.format, form->arena, form->message,
                                 &form->given, form->error);
    return code == ORD_OK ? ORD_OK : ord_wrap(form->error, "body");
}

/* What the body says already has to be the same. */
static enum ord_code set_of_path(struct form *form, const char *field, const char *value)
{
    char name[ORD_JSON_NAME_MAX];
    ord_json_name(field, name);
    ord_field_set bit = bit_of(form, field);
    const char *before = form->given & bit ? ord_query_value(form->message, name, form->arena) : NULL;
    form->given &= ~bit;
    enum ord_code code = set(form, name, value);
    const char *now = code == ORD_OK && before ? ord_query_value(form->message, name, form->arena) : NULL;
    if (before && now && strcmp(before, now) != 0)
        return ord_fail(form->error, ORD_INVALID_ARGUMENT,
                        "body: %s is another than in the path; allowed the same, or none", name);
    return code;
}

static enum ord_code read_path(struct form *form)
{
    char field[ORD_JSON_NAME_MAX];
    enum ord_code code = ORD_OK;
    for (unsigned i = 0; code == ORD_OK && ord_route_field(form->reading->method, i, field, sizeof field);
         i++) {
        const struct ord_route_value *sent = &form->reading->values[i];
        char *value = ord_arena_printf(form->arena, "%.*s", (int)sent->length, sent->at);
        if (!value)
            return ord_fail(form->error, ORD_INTERNAL, "no memory");
        code = ord_http_decode(value, form->error);
        if (code == ORD_OK)
            code = set_of_path(form, field, value);
    }
    return code;
}

static enum ord_code read_query(struct form *form)
{
    const struct ord_http_query *query = &form->reading->query;
    enum ord_code code = ORD_OK;
    for (unsigned i = 0; code == ORD_OK && i < query->count; i++) {
        code = set(form, query->at[i].name, query->at[i].value);
        if (code == ORD_UNKNOWN_PARAMETER)
            return ord_http_fail_unknown(form->reading->method, query->at[i].name, form->error);
    }
    return code;
}

enum ord_code ord_http_fail_key(struct ord_error *error)
{
    return ord_fail(error, ORD_INVALID_ARGUMENT,
                    "idempotency-key: this method takes none; allowed are those with a requestId");
}

/* A key that is too long is cut to what is too long still. Where nothing changes, there is no use for one, and
 * no harm in it. */
static enum ord_code read_key_header(struct form *form, ord_field_set bit)
{
    char key[ORD_REQUEST_KEY_MAX + 2];
    if (!bit)
        return ord_method_changes(form->reading->method) ? ord_http_fail_key(form->error) : ORD_OK;
    if (form->given & bit)
        return ord_fail(form->error, ORD_REPEATED_PARAMETER,
                        "requestId: given beside the header Idempotency-Key; allowed one of them");
    ord_http_idempotency_key(form->reading->call->idempotency_key, key, sizeof key);
    enum ord_code code = ord_request_key_check(key, form->error);
    return code == ORD_OK ? set(form, "requestId", key) : code;
}

/* The request ID, as a header or as a field. */
static enum ord_code read_key(struct form *form)
{
    ord_field_set bit = bit_of(form, "request_id");
    if (form->reading->call->idempotency_key)
        return read_key_header(form, bit);
    if (!(form->given & bit))
        return ORD_OK;
    return ord_request_key_check(ord_query_value(form->message, "requestId", form->arena), form->error);
}

/* A client that lost an event stream says what it saw last, and goes for the URL that it had: so the header
 * takes the place of the parameter. */
static enum ord_code read_last_event(struct form *form)
{
    const char *id = mg_get_header(form->reading->call->connection, "Last-Event-ID");
    ord_field_set bit = bit_of(form, "after_event_id");
    if (!bit || !id || !*id)
        return ORD_OK;
    form->given &= ~bit;
    enum ord_code code =
        ord_query_set(form->message, &form->given, "afterEventId", id, ORD_DECIMAL, form->arena, form->error);
    return code == ORD_OK ? ORD_OK : ord_wrap(form->error, "last-event-id");
}

enum ord_code ord_http_fields_read(const struct ord_http_reading *reading, struct ord_arena *arena,
                                   ProtobufCMessage **ret_message, ord_field_set *ret_given,
                                   struct ord_error *error)
{
    struct form form = {.reading = reading,
                        .arena = arena,
                        .message = ord_message_new(reading->method->request, arena),
                        .error = error};
    if (!form.message)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    enum ord_code code = ORD_OK;
    if (reading->method->takes_body && reading->call->has_body && strcmp(reading->call->verb, "POST") == 0)
        code = read_body(&form);
    if (code == ORD_OK)
        code = read_path(&form);
    if (code == ORD_OK)
        code = read_query(&form);
    if (code == ORD_OK)
        code = read_key(&form);
    if (code == ORD_OK && reading->method->feed)
        code = read_last_event(&form);
    if (code != ORD_OK)
        return code;
    *ret_message = form.message;
    *ret_given = form.given;
    return ORD_OK;
}
