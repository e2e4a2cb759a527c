#include <ordinal/v1/ids.pb-c.h>
#include <stdbool.h>
#include <string.h>

#include "bench/reply_private.h"
#include "wire/json.h"

struct text {
    const char *at, *end;
};

static bool take_literal(struct text *in, const char *literal, size_t size)
{
    if ((size_t)(in->end - in->at) < size || memcmp(in->at, literal, size) != 0)
        return false;
    in->at += size;
    return true;
}

#define LITERAL(in, literal) take_literal(in, literal, sizeof(literal) - 1)

#define DIGITS_MAX 19 /* fit 64 bits whatever they are */

static bool take_number(struct text *in, int64_t *ret)
{
    uint64_t number = 0;
    int digits = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9' && digits <= DIGITS_MAX; in->at++, digits++)
        number = number * 10 + (uint64_t)(*in->at - '0');
    *ret = (int64_t)number;
    return digits >= 1 && digits <= DIGITS_MAX && number <= INT64_MAX;
}

/* Reads any JSON of that message; NULL: it is not that. */
static ProtobufCMessage *read_any(const uint8_t *bytes, size_t size, const ProtobufCMessageDescriptor *type,
                                  struct ord_arena *arena)
{
    char *text = ord_arena_alloc(arena, size + 1);
    ProtobufCMessage *message;
    if (!text || memchr(bytes, '\0', size))
        return NULL;
    memcpy(text, bytes, size);
    return ord_json_read(text, type, arena, &message, NULL) == ORD_OK ? message : NULL;
}

static const char not_the_json[] = "the reply is not the JSON that it should be";

static const char *read_any_id(const uint8_t *bytes, size_t size, struct ord_run_sum *sum)
{
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    ProtobufCMessage *message = read_any(bytes, size, &ordinal__v1__get_id_response__descriptor, &arena);
    const char *fault = not_the_json;
    if (message) {
        struct ord_run run = {((Ordinal__V1__GetIdResponse *)message)->id, 1, 1};
        fault = ord_run_sum_add(sum, &run);
    }
    ord_arena_finish(&arena);
    return fault;
}

const char *ord_reply_json_id(const uint8_t *bytes, size_t size, uint32_t wanted, ord_run_taker *take,
                              void *context)
{
    struct text in = {(const char *)bytes, (const char *)bytes + size};
    struct ord_run_sum sum = {.take = take, .context = context, .wanted = wanted};
    struct ord_run run = {.count = 1, .step = 1};
    bool plain =
        LITERAL(&in, "{\"id\":\"") && take_number(&in, &run.first) && LITERAL(&in, "\"}") && in.at == in.end;
    const char *fault = plain ? ord_run_sum_add(&sum, &run) : read_any_id(bytes, size, &sum);
    return fault ? fault : ord_run_sum_end(&sum);
}

static const char *read_any_runs(const uint8_t *bytes, size_t size, struct ord_run_sum *sum)
{
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    ProtobufCMessage *message = read_any(bytes, size, &ordinal__v1__get_ids_response__descriptor, &arena);
    const Ordinal__V1__GetIdsResponse *reply = (const Ordinal__V1__GetIdsResponse *)message;
    const char *fault = reply ? NULL : not_the_json;
    for (size_t i = 0; !fault && i < reply->n_runs; i++) {
        const Ordinal__V1__Run *run = reply->runs[i];
        fault = ord_run_sum_add(sum, &(struct ord_run){run->first, run->step, run->count});
    }
    ord_arena_finish(&arena);
    return fault;
}

static bool take_run(struct text *in, struct ord_run *run)
{
    int64_t count;
    if (!LITERAL(in, "{\"first\":\"") || !take_number(in, &run->first) || !LITERAL(in, "\",\"count\":") ||
        !take_number(in, &count) || !LITERAL(in, ",\"step\":\"") || !take_number(in, &run->step) ||
        !LITERAL(in, "\"}") || count > UINT32_MAX)
        return false;
    run->count = (uint32_t)count;
    return true;
}

/* Whether the text has the form that ordinald writes; its runs are handed on only by a second pass, so that the
 * slow way finds nothing handed on. */
static bool is_plain(struct text in)
{
    struct ord_run run;
    if (!LITERAL(&in, "{\"runs\":["))
        return false;
    do
        if (!take_run(&in, &run))
            return false;
    while (LITERAL(&in, ","));
    return LITERAL(&in, "]}") && in.at == in.end;
}

const char *ord_reply_json_runs(const uint8_t *bytes, size_t size, uint32_t wanted, ord_run_taker *take,
                                void *context)
{
    struct text in = {(const char *)bytes, (const char *)bytes + size};
    struct ord_run_sum sum = {.take = take, .context = context, .wanted = wanted};
    struct ord_run run;
    const char *fault = NULL;
    if (!is_plain(in)) {
        fault = read_any_runs(bytes, size, &sum);
    } else {
        LITERAL(&in, "{\"runs\":[");
        while (!fault && take_run(&in, &run)) {
            fault = ord_run_sum_add(&sum, &run);
            LITERAL(&in, ",");
        }
    }
    return fault ? fault : ord_run_sum_end(&sum);
}
