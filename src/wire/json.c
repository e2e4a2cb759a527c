#include "wire/json.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/base64.h"
#include "wire/quote.h"
#include "wire/scalar.h"

void ord_json_name(const char *field, char ret[ORD_JSON_NAME_MAX])
{
    size_t used = 0;
    bool upper = false;
    for (; *field && used < ORD_JSON_NAME_MAX - 1; field++) {
        if (*field != '_')
            ret[used++] = upper ? (char)toupper((unsigned char)*field) : *field;
        upper = *field == '_';
    }
    ret[used] = '\0';
}

bool ord_field_is_id(const ProtobufCFieldDescriptor *field)
{
    size_t length = strlen(field->name);
    return field->type == PROTOBUF_C_TYPE_INT64 &&
           (strcmp(field->name, "id") == 0 || (length > 3 && strcmp(field->name + length - 3, "_id") == 0));
}

/* Writing: values become jansson's, which are then dumped at once. NULL: no memory. */

struct writer {
    enum ord_id_format ids;
    struct ord_arena *arena;
};

static json_t *write_message(const struct writer *writer, const ProtobufCMessage *message);

static json_t *write_text(const struct writer *writer, const ProtobufCFieldDescriptor *field, const void *value)
{
    const char *text = ord_scalar_write(field, value, writer->ids, writer->arena);
    return text ? json_string(text) : NULL;
}

static json_t *write_int32(const struct writer *writer, const ProtobufCFieldDescriptor *field,
                           const void *value)
{
    return json_integer(*(const int32_t *)value);
}

static json_t *write_uint32(const struct writer *writer, const ProtobufCFieldDescriptor *field,
                            const void *value)
{
    return json_integer(*(const uint32_t *)value);
}

/* JSON has no numbers for these. */
static json_t *write_real(double value)
{
    if (isnan(value))
        return json_string("NaN");
    if (isinf(value))
        return json_string(value > 0 ? "Infinity" : "-Infinity");
    return json_real(value);
}

static json_t *write_float(const struct writer *writer, const ProtobufCFieldDescriptor *field,
                           const void *value)
{
    return write_real((double)*(const float *)value);
}

static json_t *write_double(const struct writer *writer, const ProtobufCFieldDescriptor *field,
                            const void *value)
{
    return write_real(*(const double *)value);
}

static json_t *write_bool(const struct writer *writer, const ProtobufCFieldDescriptor *field, const void *value)
{
    return json_boolean(*(const protobuf_c_boolean *)value);
}

/* A value that this version does not know is written as its number. */
static json_t *write_enum(const struct writer *writer, const ProtobufCFieldDescriptor *field, const void *value)
{
    const ProtobufCEnumValue *known =
        protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value);
    return known ? json_string(known->name) : json_integer(*(const int *)value);
}

static json_t *write_bytes(const struct writer *writer, const ProtobufCFieldDescriptor *field,
                           const void *value)
{
    const char *text = ord_base64_write(value, writer->arena);
    return text ? json_string(text) : NULL;
}

static json_t *write_inner(const struct writer *writer, const ProtobufCFieldDescriptor *field,
                           const void *value)
{
    return write_message(writer, *(ProtobufCMessage *const *)value);
}

/* Reading: the caller has made room for one value. */

struct reader {
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
    return ord_scalar_read(field, json_string_value(json), ORD_DECIMAL, reader->arena, ret, reader->error);
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

/* How the values of each type look in JSON. */
static const struct kind {
    json_t *(*write)(const struct writer *, const ProtobufCFieldDescriptor *, const void *value);
    enum ord_code (*read)(const struct reader *, const ProtobufCFieldDescriptor *, const json_t *, void *ret);
} kinds[] = {
    [PROTOBUF_C_TYPE_INT32] = {write_int32, read_integer},
    [PROTOBUF_C_TYPE_SINT32] = {write_int32, read_integer},
    [PROTOBUF_C_TYPE_SFIXED32] = {write_int32, read_integer},
    [PROTOBUF_C_TYPE_INT64] = {write_text, read_integer},
    [PROTOBUF_C_TYPE_SINT64] = {write_text, read_integer},
    [PROTOBUF_C_TYPE_SFIXED64] = {write_text, read_integer},
    [PROTOBUF_C_TYPE_UINT32] = {write_uint32, read_integer},
    [PROTOBUF_C_TYPE_FIXED32] = {write_uint32, read_integer},
    [PROTOBUF_C_TYPE_UINT64] = {write_text, read_integer},
    [PROTOBUF_C_TYPE_FIXED64] = {write_text, read_integer},
    [PROTOBUF_C_TYPE_FLOAT] = {write_float, read_real},
    [PROTOBUF_C_TYPE_DOUBLE] = {write_double, read_real},
    [PROTOBUF_C_TYPE_BOOL] = {write_bool, read_bool},
    [PROTOBUF_C_TYPE_ENUM] = {write_enum, read_enum},
    [PROTOBUF_C_TYPE_STRING] = {write_text, read_text},
    [PROTOBUF_C_TYPE_BYTES] = {write_bytes, read_bytes},
    [PROTOBUF_C_TYPE_MESSAGE] = {write_inner, read_inner},
};

static json_t *write_array(const struct writer *writer, const ProtobufCFieldDescriptor *field, size_t count,
                           const char *values)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < count; i++) {
        const void *value = values + i * ord_scalar_size(field->type);
        if (json_array_append_new(array, kinds[field->type].write(writer, field, value)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *write_field(const struct writer *writer, const ProtobufCMessage *message,
                           const ProtobufCFieldDescriptor *field)
{
    const void *value = ord_field_value(message, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return write_array(writer, field, *ord_field_count(message, field), *(const char *const *)value);
    return kinds[field->type].write(writer, field, value);
}

static json_t *write_message(const struct writer *writer, const ProtobufCMessage *message)
{
    json_t *object = json_object();
    for (unsigned i = 0; object && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!ord_field_is_set(message, field))
            continue;
        char name[ORD_JSON_NAME_MAX];
        ord_json_name(field->name, name);
        if (json_object_set_new(object, name, write_field(writer, message, field)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

enum ord_code ord_json_write(const ProtobufCMessage *message, enum ord_id_format ids, struct ord_arena *arena,
                             const char **ret_text, struct ord_error *error)
{
    struct writer writer = {.ids = ids, .arena = arena};
    json_t *object = write_message(&writer, message);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    char *copy = text ? ord_arena_printf(arena, "%s", text) : NULL;
    free(text);
    json_decref(object);
    if (!copy)
        return ord_fail(error, ORD_INTERNAL, "%s as JSON: no memory, or a string that is not UTF-8",
                        message->descriptor->short_name);
    *ret_text = copy;
    return ORD_OK;
}

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
        enum ord_code code = kinds[field->type].read(reader, field, json_array_get(json, i), values + i * size);
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
    enum ord_code code = kinds[field->type].read(reader, field, json, value);
    if (code == ORD_OK)
        ord_field_mark(message, field);
    return code;
}

static enum ord_code read_message(const struct reader *reader, const json_t *object, ProtobufCMessage *message)
{
    if (!json_is_object(object))
        return fail_kind(reader, "an object");
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[ORD_JSON_NAME_MAX];
        ord_json_name(field->name, name);
        const json_t *json = json_object_get(object, name);
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

enum ord_code ord_json_read(const char *text, const ProtobufCMessageDescriptor *type, struct ord_arena *arena,
                            ProtobufCMessage **ret_message, struct ord_error *error)
{
    json_error_t problem;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    if (!object)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "not JSON: line %d, column %d: %s", problem.line,
                        problem.column, problem.text);

    struct reader reader = {.arena = arena, .error = error};
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
