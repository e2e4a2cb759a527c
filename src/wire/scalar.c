#include "wire/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wire/json.h"
#include "wire/quote.h"

/* What a reader needs beside the text. */
struct context {
    const ProtobufCFieldDescriptor *field;
    enum ord_id_format ids;
    struct ord_arena *arena;
    struct ord_error *error;
};

static enum ord_code fail(const struct context *context, enum ord_code code, const char *text, const char *what,
                          const char *allowed)
{
    char shown[ORD_QUOTE_MAX];
    ord_quote(text, shown);
    return ord_fail(context->error, code, "%s is %s; allowed %s", shown, what, allowed);
}

/* Reads digits, and a minus before them where `low` is negative. */
static enum ord_code read_integer(const struct context *context, const char *text, int64_t low, int64_t high,
                                  const char *allowed, int64_t *ret)
{
    bool negative = low < 0 && *text == '-';
    const char *digits = text + negative;
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || digits[count] != '\0')
        return fail(context, ORD_INVALID_ARGUMENT, text, "not a whole number", allowed);

    int64_t value = 0;
    bool overflow = false;
    for (const char *at = digits; *at; at++) {
        int digit = negative ? -(*at - '0') : *at - '0';
        overflow |= __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value);
    }
    if (overflow || value < low || value > high)
        return fail(context, ORD_OUT_OF_RANGE, text, "out of range", allowed);
    *ret = value;
    return ORD_OK;
}

static enum ord_code read_int32(const struct context *context, const char *text, void *ret)
{
    int64_t value = 0;
    enum ord_code code = read_integer(context, text, INT32_MIN, INT32_MAX, "-2147483648 to 2147483647", &value);
    if (code == ORD_OK)
        *(int32_t *)ret = (int32_t)value;
    return code;
}

static enum ord_code read_uint32(const struct context *context, const char *text, void *ret)
{
    int64_t value = 0;
    enum ord_code code = read_integer(context, text, 0, UINT32_MAX, "0 to 4294967295", &value);
    if (code == ORD_OK)
        *(uint32_t *)ret = (uint32_t)value;
    return code;
}

static enum ord_code read_int64(const struct context *context, const char *text, void *ret)
{
    if (ord_field_is_id(context->field))
        return ord_id_parse(text, context->ids, ret, context->error);
    return read_integer(context, text, INT64_MIN, INT64_MAX, "-9223372036854775808 to 9223372036854775807",
                        ret);
}

static enum ord_code read_uint64(const struct context *context, const char *text, void *ret)
{
    static const char allowed[] = "0 to 18446744073709551615";
    if (text[strspn(text, "0123456789")] != '\0' || *text == '\0')
        return fail(context, ORD_INVALID_ARGUMENT, text, "not a whole number", allowed);
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    if (errno == ERANGE)
        return fail(context, ORD_OUT_OF_RANGE, text, "out of range", allowed);
    *(uint64_t *)ret = value;
    return ORD_OK;
}

static enum ord_code read_real(const struct context *context, const char *text, double high, double *ret)
{
    static const char allowed[] = "a decimal number such as -1.5e3";
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return fail(context, ORD_INVALID_ARGUMENT, text, "not a number", allowed);
    if (fabs(value) > high)
        return fail(context, ORD_OUT_OF_RANGE, text, "out of range", allowed);
    *ret = value;
    return ORD_OK;
}

static enum ord_code read_float(const struct context *context, const char *text, void *ret)
{
    double value = 0;
    enum ord_code code = read_real(context, text, 3.4028234663852886e38, &value);
    if (code == ORD_OK)
        *(float *)ret = (float)value;
    return code;
}

static enum ord_code read_double(const struct context *context, const char *text, void *ret)
{
    return read_real(context, text, 1.7976931348623157e308, ret);
}

static enum ord_code read_bool(const struct context *context, const char *text, void *ret)
{
    bool value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0)
        return fail(context, ORD_INVALID_ARGUMENT, text, "not a truth value", "true, false");
    *(protobuf_c_boolean *)ret = value;
    return ORD_OK;
}

/* What all names of an enum begin with, up to an underscore: "CLOCK_STATE_". */
static size_t prefix_length(const ProtobufCEnumDescriptor *type)
{
    const char *first = type->values[0].name;
    size_t length = strlen(first);
    for (unsigned i = 1; i < type->n_values; i++) {
        size_t same = 0;
        while (same < length && type->values[i].name[same] == first[same])
            same++;
        length = same;
    }
    while (length > 0 && first[length - 1] != '_')
        length--;
    return length;
}

static void list_names(const ProtobufCEnumDescriptor *type, char *ret, size_t size)
{
    size_t used = 0;
    for (unsigned i = 0; i < type->n_values && used < size; i++)
        used += (size_t)snprintf(ret + used, size - used, "%s%s", i ? ", " : "", type->values[i].name);
}

/* A name as it is, or for those who type it, without what all have in common and in any case: "following". */
static enum ord_code read_enum(const struct context *context, const char *text, void *ret)
{
    const ProtobufCEnumDescriptor *type = context->field->descriptor;
    size_t prefix = prefix_length(type);
    for (unsigned i = 0; i < type->n_values; i++) {
        const ProtobufCEnumValue *value = &type->values[i];
        if (strcmp(value->name, text) != 0 && strcasecmp(value->name + prefix, text) != 0)
            continue;
        *(int *)ret = value->value;
        return ORD_OK;
    }
    char allowed[256];
    list_names(type, allowed, sizeof allowed);
    return fail(context, ORD_INVALID_ARGUMENT, text, "not one of the names", allowed);
}

/* How many bytes the UTF-8 character at `at` has; 0 if it is none. */
static size_t utf8_length(const unsigned char *at)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } rows[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (at[0] < rows[i].first_low || at[0] > rows[i].first_high)
            continue;
        if (rows[i].length > 1 && (at[1] < rows[i].second_low || at[1] > rows[i].second_high))
            return 0;
        for (size_t more = 2; more < rows[i].length; more++)
            if ((at[more] & 0xc0) != 0x80)
                return 0;
        return rows[i].length;
    }
    return 0;
}

static bool is_utf8(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t length = utf8_length(at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static enum ord_code read_string(const struct context *context, const char *text, void *ret)
{
    if (!is_utf8(text))
        return fail(context, ORD_INVALID_ARGUMENT, text, "not a text", "UTF-8");
    char *copy = ord_arena_printf(context->arena, "%s", text);
    if (!copy)
        return ord_fail(context->error, ORD_INTERNAL, "no memory");
    *(char **)ret = copy;
    return ORD_OK;
}

static const char *write_int32(const struct context *context, const void *value)
{
    return ord_arena_printf(context->arena, "%" PRId32, *(const int32_t *)value);
}

static const char *write_uint32(const struct context *context, const void *value)
{
    return ord_arena_printf(context->arena, "%" PRIu32, *(const uint32_t *)value);
}

static const char *write_int64(const struct context *context, const void *value)
{
    int64_t number = *(const int64_t *)value;
    if (number < 0 || !ord_field_is_id(context->field))
        return ord_arena_printf(context->arena, "%" PRId64, number);
    char text[ORD_ID_TEXT_MAX];
    size_t length = ord_id_write(number, context->ids, text);
    return ord_arena_printf(context->arena, "%.*s", (int)length, text);
}

static const char *write_uint64(const struct context *context, const void *value)
{
    return ord_arena_printf(context->arena, "%" PRIu64, *(const uint64_t *)value);
}

static const char *write_float(const struct context *context, const void *value)
{
    return ord_arena_printf(context->arena, "%.9g", (double)*(const float *)value);
}

static const char *write_double(const struct context *context, const void *value)
{
    return ord_arena_printf(context->arena, "%.17g", *(const double *)value);
}

static const char *write_bool(const struct context *context, const void *value)
{
    return *(const protobuf_c_boolean *)value ? "true" : "false";
}

/* A value that this version does not know is written as its number. */
static const char *write_enum(const struct context *context, const void *value)
{
    const ProtobufCEnumValue *known =
        protobuf_c_enum_descriptor_get_value(context->field->descriptor, *(const int *)value);
    return known ? known->name : write_int32(context, value);
}

static const char *write_string(const struct context *context, const void *value)
{
    const char *text = *(char *const *)value;
    return text ? text : "";
}

struct kind {
    size_t size;
    enum ord_code (*read)(const struct context *context, const char *text, void *ret);
    const char *(*write)(const struct context *context, const void *value);
};

static const struct kind kinds[] = {
    [PROTOBUF_C_TYPE_INT32] = {sizeof(int32_t), read_int32, write_int32},
    [PROTOBUF_C_TYPE_SINT32] = {sizeof(int32_t), read_int32, write_int32},
    [PROTOBUF_C_TYPE_SFIXED32] = {sizeof(int32_t), read_int32, write_int32},
    [PROTOBUF_C_TYPE_INT64] = {sizeof(int64_t), read_int64, write_int64},
    [PROTOBUF_C_TYPE_SINT64] = {sizeof(int64_t), read_int64, write_int64},
    [PROTOBUF_C_TYPE_SFIXED64] = {sizeof(int64_t), read_int64, write_int64},
    [PROTOBUF_C_TYPE_UINT32] = {sizeof(uint32_t), read_uint32, write_uint32},
    [PROTOBUF_C_TYPE_FIXED32] = {sizeof(uint32_t), read_uint32, write_uint32},
    [PROTOBUF_C_TYPE_UINT64] = {sizeof(uint64_t), read_uint64, write_uint64},
    [PROTOBUF_C_TYPE_FIXED64] = {sizeof(uint64_t), read_uint64, write_uint64},
    [PROTOBUF_C_TYPE_FLOAT] = {sizeof(float), read_float, write_float},
    [PROTOBUF_C_TYPE_DOUBLE] = {sizeof(double), read_double, write_double},
    [PROTOBUF_C_TYPE_BOOL] = {sizeof(protobuf_c_boolean), read_bool, write_bool},
    [PROTOBUF_C_TYPE_ENUM] = {sizeof(int), read_enum, write_enum},
    [PROTOBUF_C_TYPE_STRING] = {sizeof(char *), read_string, write_string},
    [PROTOBUF_C_TYPE_BYTES] = {sizeof(ProtobufCBinaryData), NULL, NULL},
    [PROTOBUF_C_TYPE_MESSAGE] = {sizeof(ProtobufCMessage *), NULL, NULL},
};

void *ord_field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}

static void *quantifier(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->quantifier_offset;
}

size_t *ord_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return quantifier(message, field);
}

bool ord_field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return true;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)quantifier(message, field) == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(ProtobufCMessage *const *)ord_field_value(message, field) != NULL;
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL)
        return true;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return *(char *const *)ord_field_value(message, field) != field->default_value;
    return *(const protobuf_c_boolean *)quantifier(message, field);
}

bool ord_field_is_default(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    static const char zero[sizeof(ProtobufCBinaryData)];
    const void *value = ord_field_value(message, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *ord_field_count(message, field) == 0;
    if (!ord_field_is_set(message, field))
        return true;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return false;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return !*(char *const *)value || **(char *const *)value == '\0';
    return memcmp(value, zero, ord_scalar_size(field->type)) == 0;
}

bool ord_field_is_taken(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && *(const uint32_t *)quantifier(message, field) != 0;
}

void ord_field_mark(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *(uint32_t *)quantifier(message, field) = field->id;
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0)
        *(protobuf_c_boolean *)quantifier(message, field) = true;
}

size_t ord_scalar_size(ProtobufCType type)
{
    return kinds[type].size;
}

bool ord_scalar_has_text(ProtobufCType type)
{
    return kinds[type].read != NULL;
}

enum ord_code ord_scalar_read(const ProtobufCFieldDescriptor *field, const char *text, enum ord_id_format ids,
                              struct ord_arena *arena, void *ret_value, struct ord_error *error)
{
    struct context context = {.field = field, .ids = ids, .arena = arena, .error = error};
    return kinds[field->type].read(&context, text, ret_value);
}

const char *ord_scalar_write(const ProtobufCFieldDescriptor *field, const void *value, enum ord_id_format ids,
                             struct ord_arena *arena)
{
    struct context context = {.field = field, .ids = ids, .arena = arena};
    return kinds[field->type].write(&context, value);
}
