#include "wire/query.h"

#include <stdio.h>
#include <string.h>

#include "wire/json.h"
#include "wire/quote.h"
#include "wire/scalar.h"

static bool is_parameter(const void *unused, const ProtobufCFieldDescriptor *field)
{
    return field->label != PROTOBUF_C_LABEL_REPEATED && ord_scalar_has_text(field->type);
}

static const ProtobufCFieldDescriptor *find(const ProtobufCMessageDescriptor *type, const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        char json_name[ORD_JSON_NAME_MAX];
        ord_json_name(type->fields[i].name, json_name);
        if (strcmp(json_name, name) == 0 && is_parameter(NULL, &type->fields[i]))
            return &type->fields[i];
    }
    return NULL;
}

static enum ord_code fail_unknown(const ProtobufCMessageDescriptor *type, const char *name,
                                  struct ord_error *error)
{
    char allowed[256], shown[ORD_QUOTE_MAX];
    ord_json_names(type, is_parameter, NULL, allowed, sizeof allowed);
    ord_quote(name, shown);
    return ord_fail(error, ORD_UNKNOWN_PARAMETER, "%s is not a parameter; allowed %s", shown,
                    allowed[0] ? allowed : "none");
}

enum ord_code ord_query_set(ProtobufCMessage *message, ord_field_set *given, const char *name,
                            const char *value, enum ord_id_format ids, struct ord_arena *arena,
                            struct ord_error *error)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const ProtobufCFieldDescriptor *field = find(type, name);
    if (!field)
        return fail_unknown(type, name, error);

    ord_field_set bit = (ord_field_set)1 << (field - type->fields);
    if (*given & bit)
        return ord_fail(error, ORD_REPEATED_PARAMETER, "%s: given more than once; allowed once", name);
    if (ord_field_is_taken(message, field))
        return ord_fail(error, ORD_REPEATED_PARAMETER, "%s: given beside another value in its place", name);

    enum ord_code code = ord_scalar_read(field, value, ids, arena, ord_field_value(message, field), error);
    if (code != ORD_OK) {
        ord_wrap(error, "%s", name);
        return code;
    }
    ord_field_mark(message, field);
    *given |= bit;
    return ORD_OK;
}

static const char *percent_encode(const char *text, struct ord_arena *arena)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *encoded = ord_arena_alloc(arena, 3 * strlen(text) + 1);
    if (!encoded)
        return NULL;
    for (char *at = encoded; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (strchr(unreserved, c)) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '%';
        *at++ = hex[c >> 4];
        *at++ = hex[c & 15];
    }
    return encoded;
}

static bool is_among(const char *name, const char *const *names)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

const char *ord_query_write(const ProtobufCMessage *message, const char *const *except, struct ord_arena *arena)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const char *query = "";
    for (unsigned i = 0; query && i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        char name[ORD_JSON_NAME_MAX];
        ord_json_name(field->name, name);
        if (!is_parameter(NULL, field) || ord_field_is_default(message, field) || is_among(name, except))
            continue;
        const char *text = ord_scalar_write(field, ord_field_value(message, field), ORD_DECIMAL, arena);
        const char *encoded = text ? percent_encode(text, arena) : NULL;
        if (!encoded)
            return NULL;
        query = ord_arena_printf(arena, "%s%s%s=%s", query, *query ? "&" : "", name, encoded);
    }
    return query;
}

const char *ord_query_value(const ProtobufCMessage *message, const char *name, struct ord_arena *arena)
{
    const ProtobufCFieldDescriptor *field = find(message->descriptor, name);
    return field ? ord_scalar_write(field, ord_field_value(message, field), ORD_DECIMAL, arena) : NULL;
}
