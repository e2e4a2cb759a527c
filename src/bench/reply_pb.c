#include <stdbool.h>
#include <string.h>

#include "bench/reply_private.h"

struct bytes {
    const uint8_t *at, *end;
};

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5,
};

static bool take_varint(struct bytes *in, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct bytes *in, struct bytes *ret)
{
    uint64_t size;
    if (!take_varint(in, &size) || size > (uint64_t)(in->end - in->at))
        return false;
    *ret = (struct bytes){in->at, in->at + size};
    in->at += size;
    return true;
}

static bool skip_fixed(struct bytes *in, size_t size)
{
    if ((size_t)(in->end - in->at) < size)
        return false;
    in->at += size;
    return true;
}

/* Passes over a field that a newer server may send. */
static bool skip(struct bytes *in, uint64_t key)
{
    uint64_t number;
    struct bytes piece;
    switch ((enum wire_type)(key & 7)) {
    case WIRE_VARINT:
        return take_varint(in, &number);
    case WIRE_FIXED64:
        return skip_fixed(in, 8);
    case WIRE_BYTES:
        return take_bytes(in, &piece);
    case WIRE_FIXED32:
        return skip_fixed(in, 4);
    default:
        return false;
    }
}

#define KEY(field, type) ((field) << 3 | (type))

static const char not_a_message[] = "the reply is not the message that it should be";

const char *ord_reply_pb_id(const uint8_t *bytes, size_t size, uint32_t wanted, ord_run_taker *take,
                            void *context)
{
    struct bytes in = {bytes, bytes + size};
    uint64_t key, id = 0;
    while (in.at < in.end) {
        if (!take_varint(&in, &key) || !(key == KEY(1, WIRE_VARINT) ? take_varint(&in, &id) : skip(&in, key)))
            return not_a_message;
    }
    struct ord_run_sum sum = {.take = take, .context = context, .wanted = wanted};
    const char *fault = ord_run_sum_add(&sum, &(struct ord_run){(int64_t)id, 1, 1});
    return fault ? fault : ord_run_sum_end(&sum);
}

/* A Run; what is not in it has the default 0. */
static bool read_run(struct bytes in, struct ord_run *ret)
{
    uint64_t values[4] = {0}, key; /* by field: first, count, step */
    while (in.at < in.end) {
        if (!take_varint(&in, &key))
            return false;
        bool known = (key & 7) == WIRE_VARINT && key >> 3 >= 1 && key >> 3 <= 3;
        if (!(known ? take_varint(&in, &values[key >> 3]) : skip(&in, key)))
            return false;
    }
    *ret =
        (struct ord_run){.first = (int64_t)values[1], .count = (uint32_t)values[2], .step = (int64_t)values[3]};
    return true;
}

const char *ord_reply_pb_runs(const uint8_t *bytes, size_t size, uint32_t wanted, ord_run_taker *take,
                              void *context)
{
    struct bytes in = {bytes, bytes + size}, piece;
    struct ord_run_sum sum = {.take = take, .context = context, .wanted = wanted};
    uint64_t key;
    while (in.at < in.end) {
        if (!take_varint(&in, &key))
            return not_a_message;
        if (key != KEY(1, WIRE_BYTES)) {
            if (!skip(&in, key))
                return not_a_message;
            continue;
        }
        struct ord_run run;
        if (!take_bytes(&in, &piece) || !read_run(piece, &run))
            return not_a_message;
        const char *fault = ord_run_sum_add(&sum, &run);
        if (fault)
            return fault;
    }
    return ord_run_sum_end(&sum);
}
