#include "wire/json.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/base64.h"
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

void ord_json_names(const ProtobufCMessageDescriptor *type,
                    bool (*is_listed)(const void *context, const ProtobufCFieldDescriptor *field),
                    const void *context, char *ret, size_t size)
{
    ret[0] = '\0';
    for (unsigned i = 0; i < type->n_fields; i++) {
        char name[ORD_JSON_NAME_MAX];
        size_t used = strlen(ret);
        if (is_listed && !is_listed(context, &type->fields[i]))
            continue;
        ord_json_name(type->fields[i].name, name);
        snprintf(ret + used, size - used, "%s%s", used ? ", " : "", name);
    }
}

bool ord_field_is_id(const ProtobufCFieldDescriptor *field)
{
    size_t length = strlen(field->name);
    return field->type == PROTOBUF_C_TYPE_INT64 &&
           (strcmp(field->name, "id") == 0 || (length > 3 && strcmp(field->name + length - 3, "_id") == 0));
}

/* Values become jansson's, which are then dumped at once. NULL: no memory. */

struct writer {
    enum ord_id_format ids;
    bool leaves_out_defaults;
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

/* How the values of each type are written. */
static json_t *(*const writers[])(const struct writer *, const ProtobufCFieldDescriptor *,
                                  const void *value) = {
    [PROTOBUF_C_TYPE_INT32] = write_int32,    [PROTOBUF_C_TYPE_SINT32] = write_int32,
    [PROTOBUF_C_TYPE_SFIXED32] = write_int32, [PROTOBUF_C_TYPE_INT64] = write_text,
    [PROTOBUF_C_TYPE_SINT64] = write_text,    [PROTOBUF_C_TYPE_SFIXED64] = write_text,
    [PROTOBUF_C_TYPE_UINT32] = write_uint32,  [PROTOBUF_C_TYPE_FIXED32] = write_uint32,
    [PROTOBUF_C_TYPE_UINT64] = write_text,    [PROTOBUF_C_TYPE_FIXED64] = write_text,
    [PROTOBUF_C_TYPE_FLOAT] = write_float,    [PROTOBUF_C_TYPE_DOUBLE] = write_double,
    [PROTOBUF_C_TYPE_BOOL] = write_bool,      [PROTOBUF_C_TYPE_ENUM] = write_enum,
    [PROTOBUF_C_TYPE_STRING] = write_text,    [PROTOBUF_C_TYPE_BYTES] = write_bytes,
    [PROTOBUF_C_TYPE_MESSAGE] = write_inner,
};

static json_t *write_array(const struct writer *writer, const ProtobufCFieldDescriptor *field, size_t count,
                           const char *values)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < count; i++) {
        const void *value = values + i * ord_scalar_size(field->type);
        if (json_array_append_new(array, writers[field->type](writer, field, value)) != 0) {
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
    return writers[field->type](writer, field, value);
}

static json_t *write_message(const struct writer *writer, const ProtobufCMessage *message)
{
    json_t *object = json_object();
    for (unsigned i = 0; object && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!ord_field_is_set(message, field) ||
            (writer->leaves_out_defaults && ord_field_is_default(message, field)))
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

static enum ord_code write_text_of(const struct writer *writer, const ProtobufCMessage *message,
                                   const char **ret_text, struct ord_error *error)
{
    json_t *object = write_message(writer, message);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    char *copy = text ? ord_arena_printf(writer->arena, "%s", text) : NULL;
    free(text);
    json_decref(object);
    if (!copy)
        return ord_fail(error, ORD_INTERNAL, "%s as JSON: no memory, or a string that is not UTF-8",
                        message->descriptor->short_name);
    *ret_text = copy;
    return ORD_OK;
}

enum ord_code ord_json_write(const ProtobufCMessage *message, enum ord_id_format ids, struct ord_arena *arena,
                             const char **ret_text, struct ord_error *error)
{
    struct writer writer = {.ids = ids, .arena = arena};
    return write_text_of(&writer, message, ret_text, error);
}

enum ord_code ord_json_write_request(const ProtobufCMessage *message, struct ord_arena *arena,
                                     const char **ret_text, struct ord_error *error)
{
    struct writer writer = {.ids = ORD_DECIMAL, .leaves_out_defaults = true, .arena = arena};
    return write_text_of(&writer, message, ret_text, error);
}

const ProtobufCMessage *ord_json_member(const ProtobufCMessage *message, struct ord_arena *arena,
                                        const char **ret_name)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[ORD_JSON_NAME_MAX];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
            !ord_field_is_set(message, field))
            continue;
        ord_json_name(field->name, name);
        *ret_name = ord_arena_printf(arena, "%s", name);
        return *ret_name ? *(ProtobufCMessage *const *)ord_field_value(message, field) : NULL;
    }
    return NULL;
}
