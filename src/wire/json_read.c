/* Reading messages out of JSON: the caller of a reader has made room for one value. */
#include <jansson.h>
#include <string.h>

#include "wire/base64.h"
#include "wire/json.h"
#include "wire/quote.h"
#include "wire/scalar.h"

struct reader {
    enum ord_id_format ids;
    bool refuses_unknown; /* names */
    struct ord_arena *arena;
    struct ord_error *error;
};

static enum ord_code read_message(const struct reader *reader, const json_t *object, ProtobufCMessage *message);

static enum ord_code fail_kind(const struct reader *reader, const char *allowed)
{
    return ord_fail(reader->error, ORD_INVALID_ARGUMENT, "of another type; allowed %s", allowed);
}

static enum ord_code read_text(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                               const json_t *json, void *ret)
{
    if (!json_is_string(json))
        return fail_kind(reader, "a string");
    return ord_scalar_read(field, json_string_value(json), reader->ids, reader->arena, ret, reader->error);
}

/* Whole numbers may come as numbers or as strings. */
static enum ord_code read_integer(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                                  const json_t *json, void *ret)
{
    if (json_is_string(json))
        return read_text(reader, field, json, ret);
    if (!json_is_integer(json))
        return fail_kind(reader, "a whole number, also as a string");
    char text[32];
    snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    return ord_scalar_read(field, text, ORD_DECIMAL, reader->arena, ret, reader->error);
}

static enum ord_code read_real(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                               const json_t *json, void *ret)
{
    if (json_is_string(json))
        return read_text(reader, field, json, ret);
    if (!json_is_number(json))
        return fail_kind(reader, "a number, also as a string");
    char text[32];
    snprintf(text, sizeof text, "%.17g", json_number_value(json));
    return ord_scalar_read(field, text, ORD_DECIMAL, reader->arena, ret, reader->error);
}

static enum ord_code read_bool(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                               const json_t *json, void *ret)
{
    if (!json_is_boolean(json))
        return fail_kind(reader, "true, false");
    *(protobuf_c_boolean *)ret = json_is_true(json);
    return ORD_OK;
}

/* A name, or the number of a value that this version may not know. */
static enum ord_code read_enum(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                               const json_t *json, void *ret)
{
    if (!json_is_integer(json))
        return read_text(reader, field, json, ret);
    json_int_t value = json_integer_value(json);
    if (value < INT32_MIN || value > INT32_MAX)
        return fail_kind(reader, "a name, or -2147483648 to 2147483647");
    *(int *)ret = (int)value;
    return ORD_OK;
}

static enum ord_code read_bytes(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                                const json_t *json, void *ret)
{
    if (!json_is_string(json))
        return fail_kind(reader, "a string of base64");
    return ord_base64_read(json_string_value(json), reader->arena, ret, reader->error);
}

static enum ord_code read_inner(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                                const json_t *json, void *ret)
{
    ProtobufCMessage *message = ord_message_new(field->descriptor, reader->arena);
    if (!message)
        return ord_fail(reader->error, ORD_INTERNAL, "no memory");
    *(ProtobufCMessage **)ret = message;
    return read_message(reader, json, message);
}

/* How the values of each type are read. */
static enum ord_code (*const readers[])(const struct reader *, const ProtobufCFieldDescriptor *, const json_t *,
                                        void *ret) = {
    [PROTOBUF_C_TYPE_INT32] = read_integer,    [PROTOBUF_C_TYPE_SINT32] = read_integer,
    [PROTOBUF_C_TYPE_SFIXED32] = read_integer, [PROTOBUF_C_TYPE_INT64] = read_integer,
    [PROTOBUF_C_TYPE_SINT64] = read_integer,   [PROTOBUF_C_TYPE_SFIXED64] = read_integer,
    [PROTOBUF_C_TYPE_UINT32] = read_integer,   [PROTOBUF_C_TYPE_FIXED32] = read_integer,
    [PROTOBUF_C_TYPE_UINT64] = read_integer,   [PROTOBUF_C_TYPE_FIXED64] = read_integer,
    [PROTOBUF_C_TYPE_FLOAT] = read_real,       [PROTOBUF_C_TYPE_DOUBLE] = read_real,
    [PROTOBUF_C_TYPE_BOOL] = read_bool,        [PROTOBUF_C_TYPE_ENUM] = read_enum,
    [PROTOBUF_C_TYPE_STRING] = read_text,      [PROTOBUF_C_TYPE_BYTES] = read_bytes,
    [PROTOBUF_C_TYPE_MESSAGE] = read_inner,
};

static enum ord_code read_array(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                                const json_t *json, size_t *ret_count, void **ret_values)
{
    if (!json_is_array(json))
        return fail_kind(reader, "an array");
    size_t count = json_array_size(json), size = ord_scalar_size(field->type);
    char *values = ord_arena_alloc(reader->arena, count * size);
    if (!values)
        return ord_fail(reader->error, ORD_INTERNAL, "no memory");

    for (size_t i = 0; i < count; i++) {
        enum ord_code code = readers[field->type](reader, field, json_array_get(json, i), values + i * size);
        if (code != ORD_OK) {
            ord_wrap(reader->error, "[%zu]", i);
            return code;
        }
    }
    *ret_count = count;
    *ret_values = values;
    return ORD_OK;
}

static enum ord_code read_field(const struct reader *reader, const ProtobufCFieldDescriptor *field,
                                const json_t *json, ProtobufCMessage *message)
{
    void *value = ord_field_value(message, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_array(reader, field, json, ord_field_count(message, field), value);
    if (ord_field_is_taken(message, field))
        return ord_fail(reader->error, ORD_INVALID_ARGUMENT, "beside another field of its kind; allowed one");
    enum ord_code code = readers[field->type](reader, field, json, value);
    if (code == ORD_OK)
        ord_field_mark(message, field);
    return code;
}

static const json_t *find_member(const json_t *object, const ProtobufCFieldDescriptor *field,
                                 char ret_name[ORD_JSON_NAME_MAX])
{
    ord_json_name(field->name, ret_name);
    return json_object_get(object, ret_name);
}

/* Refuses the first name of an object that is no field's. */
static enum ord_code check_names(const struct reader *reader, const json_t *object,
                                 const ProtobufCMessageDescriptor *type)
{
    for (void *at = json_object_iter((json_t *)object); at; at = json_object_iter_next((json_t *)object, at)) {
        const char *name = json_object_iter_key(at);
        char known[ORD_JSON_NAME_MAX] = "", allowed[256], shown[ORD_QUOTE_MAX];
        unsigned i = 0;
        for (; i < type->n_fields && strcmp(known, name) != 0; i++)
            ord_json_name(type->fields[i].name, known);
        if (strcmp(known, name) == 0)
            continue;
        ord_json_names(type, NULL, NULL, allowed, sizeof allowed);
        ord_quote(name, shown);
        return ord_fail(reader->error, ORD_UNKNOWN_PARAMETER, "%s is not a field; allowed %s", shown,
                        *allowed ? allowed : "none");
    }
    return ORD_OK;
}

static enum ord_code read_message(const struct reader *reader, const json_t *object, ProtobufCMessage *message)
{
    if (!json_is_object(object))
        return fail_kind(reader, "an object");
    if (reader->refuses_unknown && check_names(reader, object, message->descriptor) != ORD_OK)
        return reader->error->code;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[ORD_JSON_NAME_MAX];
        const json_t *json = find_member(object, field, name);
        if (!json || json_is_null(json))
            continue; /* the default */
        enum ord_code code = read_field(reader, field, json, message);
        if (code != ORD_OK) {
            ord_wrap(reader->error, "%s", name);
            return code;
        }
    }
    return ORD_OK;
}

static enum ord_code fail_syntax(const json_error_t *problem, struct ord_error *error)
{
    return ord_fail(error, ORD_INVALID_ARGUMENT, "not JSON: line %d, column %d: %s", problem->line,
                    problem->column, problem->text);
}

enum ord_code ord_json_read(const char *text, const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                            ProtobufCMessage **ret_message, struct ord_error *error)
{
    json_error_t problem;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    if (!object)
        return fail_syntax(&problem, error);

    struct reader reader = {.ids = ORD_DECIMAL, .arena = arena, .error = error};
    ProtobufCMessage *message = ord_message_new(type, arena);
    enum ord_code code =
        message ? read_message(&reader, object, message) : ord_fail(error, ORD_INTERNAL, "no memory");
    json_decref(object);
    if (code == ORD_OK) {
        *ret_message = message;
        return ORD_OK;
    }
    if (code != ORD_INTERNAL)
        code = ORD_INVALID_ARGUMENT; /* too large a number, too: the fault is the text's, not a caller's */
    if (error)
        error->code = code;
    return code;
}

static ord_field_set fields_in(const json_t *object, const ProtobufCMessageDescriptor *type)
{
    ord_field_set found = 0;
    for (unsigned i = 0; i < type->n_fields; i++) {
        char name[ORD_JSON_NAME_MAX];
        const json_t *json = find_member(object, &type->fields[i], name);
        if (json && !json_is_null(json))
            found |= (ord_field_set)1 << i;
    }
    return found;
}

enum ord_code ord_json_read_request(const char *text, size_t size, enum ord_id_format ids,
                                    struct ord_arena *arena, ProtobufCMessage *message,
                                    ord_field_set *ret_given, struct ord_error *error)
{
    json_error_t problem;
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (!object)
        return fail_syntax(&problem, error);

    struct ord_error cause;
    struct reader reader = {.ids = ids, .refuses_unknown = true, .arena = arena, .error = &cause};
    enum ord_code code = read_message(&reader, object, message);
    if (code == ORD_OK)
        *ret_given = fields_in(object, message->descriptor);
    else if (error)
        *error = cause;
    json_decref(object);
    return code;
}
