/*
 * The files that reflection serves: a FileDescriptorSet with protoc's own bytes, part of the program. Symbols
 * are found by walking it: it is small, and nobody asks often.
 */
#include <pb_decode.h>
#include <string.h>

#include "grpc/internal.h"

extern const uint8_t ord_descriptor_set[], ord_descriptor_set_end[];

/* Field numbers of google/protobuf/descriptor.proto. */
enum {
    SET_FILE = 1,
    NAME = 1, /* of everything that has one */
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    MESSAGE_ONEOF = 8,
    ENUM_VALUE = 2,
    SERVICE_METHOD = 2,
};

/* A field that holds other named things, and which fields hold those. Enum values live beside their enum, not
 * in it: `beside`. */
struct child {
    uint32_t field;
    const struct child *children;
    const struct child *beside;
};

static const struct child nothing[] = {{0}};
static const struct child values[] = {{ENUM_VALUE, nothing}, {0}};
static const struct child methods[] = {{SERVICE_METHOD, nothing}, {0}};
static const struct child in_message[] = {
    {MESSAGE_FIELD, nothing},
    {MESSAGE_ONEOF, nothing},
    {MESSAGE_NESTED, in_message},
    {MESSAGE_ENUM, nothing, values},
    {0},
};
static const struct child in_file[] = {
    {FILE_MESSAGE, in_message},
    {FILE_ENUM, nothing, values},
    {FILE_SERVICE, methods},
    {0},
};

/* Takes fields off `stream` up to the next one that holds bytes; false at the end. */
static bool next_bytes(pb_istream_t *stream, uint32_t *ret_field, struct ord_bytes *ret)
{
    pb_wire_type_t type;
    bool at_end;
    while (pb_decode_tag(stream, &type, ret_field, &at_end)) {
        if (type == PB_WT_STRING) {
            uint32_t size;
            if (!pb_decode_varint32(stream, &size))
                return false;
            *ret = (struct ord_bytes){stream->state, size};
            return pb_read(stream, NULL, size);
        }
        if (!pb_skip_field(stream, type))
            return false;
    }
    return false;
}

static struct ord_bytes field_bytes(struct ord_bytes message, uint32_t field)
{
    pb_istream_t stream = pb_istream_from_buffer(message.at, message.size);
    struct ord_bytes bytes;
    uint32_t found;
    while (next_bytes(&stream, &found, &bytes))
        if (found == field)
            return bytes;
    return (struct ord_bytes){0};
}

/* What of `path` comes after a first part `name`: "" if that is all, NULL if it starts with something else. */
static const char *after(const char *path, struct ord_bytes name)
{
    if (strncmp(path, (const char *)name.at, name.size) != 0 || strnlen(path, name.size) < name.size)
        return NULL;
    if (path[name.size] == '\0')
        return path + name.size;
    return path[name.size] == '.' ? path + name.size + 1 : NULL;
}

/* Whether `path` names something in `message`, whose parts are `children`. */
static bool declares(struct ord_bytes message, const struct child *children, const char *path)
{
    pb_istream_t stream = pb_istream_from_buffer(message.at, message.size);
    struct ord_bytes part;
    uint32_t field;
    while (next_bytes(&stream, &field, &part)) {
        const struct child *child = children;
        while (child->field != 0 && child->field != field)
            child++;
        if (child->field == 0)
            continue;
        const char *rest = after(path, field_bytes(part, NAME));
        if (rest && (*rest == '\0' || declares(part, child->children, rest)))
            return true;
        if (child->beside && declares(part, child->beside, path))
            return true;
    }
    return false;
}

static bool file_has_name(struct ord_bytes file, const char *name)
{
    struct ord_bytes bytes = field_bytes(file, NAME);
    return strlen(name) == bytes.size && memcmp(name, bytes.at, bytes.size) == 0;
}

static bool file_has_symbol(struct ord_bytes file, const char *symbol)
{
    const char *path = after(symbol, field_bytes(file, FILE_PACKAGE));
    return path && *path != '\0' && declares(file, in_file, path);
}

static bool find(bool (*has)(struct ord_bytes file, const char *text), const char *text, struct ord_bytes *ret)
{
    pb_istream_t stream =
        pb_istream_from_buffer(ord_descriptor_set, (size_t)(ord_descriptor_set_end - ord_descriptor_set));
    struct ord_bytes file;
    uint32_t field;
    while (next_bytes(&stream, &field, &file))
        if (field == SET_FILE && has(file, text)) {
            *ret = file;
            return true;
        }
    return false;
}

bool ord_descriptor_by_name(const char *file, struct ord_bytes *ret)
{
    return find(file_has_name, file, ret);
}

bool ord_descriptor_by_symbol(const char *symbol, struct ord_bytes *ret)
{
    return find(file_has_symbol, symbol, ret);
}
