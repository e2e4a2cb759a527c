#include "wire/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *ord_base64_write(const ProtobufCBinaryData *bytes, struct ord_arena *arena)
{
    char *text = ord_arena_alloc(arena, (bytes->len + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    char *at = text;
    for (size_t i = 0; i < bytes->len; i += 3, at += 4) {
        size_t left = bytes->len - i;
        uint32_t group = (uint32_t)bytes->data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes->data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes->data[i + 2] : 0;
        at[0] = digits[group >> 18];
        at[1] = digits[group >> 12 & 63];
        at[2] = left > 1 ? digits[group >> 6 & 63] : '=';
        at[3] = left > 2 ? digits[group & 63] : '=';
    }
    return text;
}

enum ord_code ord_base64_read(const char *text, struct ord_arena *arena, ProtobufCBinaryData *ret_bytes,
                              struct ord_error *error)
{
    size_t length = strlen(text);
    size_t count = strspn(text, digits); /* the rest is padding: none, = or == */
    if (length % 4 != 0 || length - count > 2 || strspn(text + count, "=") != length - count)
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "not base64; allowed groups of four of A-Z, a-z, 0-9, + and /");
    uint8_t *data = ord_arena_alloc(arena, length / 4 * 3);
    if (!data)
        return ord_fail(error, ORD_INTERNAL, "no memory");

    uint32_t bits = 0;
    for (size_t i = 0, used = 0; i < count; i++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, text[i]) - digits);
        if (i % 4 != 0)
            data[used++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    *ret_bytes = (ProtobufCBinaryData){.len = count * 3 / 4, .data = data};
    return ORD_OK;
}
