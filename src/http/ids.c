/* Answers methods that give IDs. */
#include <stdio.h>
#include <string.h>

#include "http/method.h"
#include "wire/ids.h"

/* A field of the request message; `*ret_given` says whether the caller sent it. */
static const void *field_of(const ProtobufCMessage *message, ord_field_set given, const char *name,
                            bool *ret_given)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
    *ret_given = given & (ord_field_set)1 << (field - type->fields);
    return (const char *)message + field->offset;
}

static enum ord_code read_batch(const struct ord_http_reading *reading, struct ord_ids_request *ret,
                                struct ord_error *error)
{
    char buffer[ORD_HTTP_ARENA_SIZE];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    ProtobufCMessage *message;
    ord_field_set given;
    enum ord_code code = ord_http_fields_read(reading, &arena, &message, &given, error);
    if (code == ORD_OK) {
        bool count_given, tag_given, key_given;
        ret->count = *(const uint32_t *)field_of(message, given, "count", &count_given);
        ret->tag = *(const uint32_t *)field_of(message, given, "tag", &tag_given);
        const char *key = *(char *const *)field_of(message, given, "request_id", &key_given);
        if (key_given)
            snprintf(ret->request_id, sizeof ret->request_id, "%s", key);
        if (!count_given)
            code = ord_fail(error, ORD_INVALID_ARGUMENT, "count: is required; allowed 1 to %u",
                            ord_service_count_max(reading->call->shared->service));
    }
    ord_arena_finish(&arena);
    return code;
}

static enum ord_ids_form form_of(const struct ord_method *method,
                                 const struct ord_http_presentation *presentation)
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
static void send_ids(const struct ord_http_reading *reading, const struct ord_ids *ids)
{
    struct ord_http_call *call = reading->call;
    const struct ord_http_presentation *presentation = &reading->presentation;
    enum ord_ids_form form = form_of(reading->method, presentation);
    const char *type = presentation->as_text ? ORD_HTTP_TYPE_TEXT : ORD_HTTP_TYPE_JSON;
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

enum ord_code ord_http_give_ids(struct ord_http_reading *reading, struct ord_error *error)
{
    struct ord_http_call *call = reading->call;
    struct ord_ids_request request;
    request.count = 1;
    request.tag = 0;
    request.request_id[0] = '\0';
    enum ord_code code = ORD_OK;
    if (reading->method->gives == ORD_GIVES_RUNS)
        code = read_batch(reading, &request, error);
    else if (reading->query.count > 0)
        code = ord_http_fail_unknown(reading->method, reading->query.at[0].name, error);
    else if (call->idempotency_key)
        code = ord_http_fail_key(error);
    if (code != ORD_OK)
        return code;

    struct ord_ids ids;
    code = ord_http_take(call, &request, &ids, error);
    if (code != ORD_OK)
        return code;

    if (!call->is_head)
        call->ids = call->is_repeat ? 0 : ids.count;
    send_ids(reading, &ids);
    return ORD_OK;
}
