#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/grpc_text.h"
#include "bench/internal.h"

#define SERVICE "/ordinal.v1.IdService/"
#define PREFIX 5

/* What each mode calls, and how its replies are read: over gRPC, over REST. */
static const struct {
    const char *path, *route;
    ord_reply_reader *read_pb, *read_json;
} modes[] = {
    [ORD_BENCH_UNARY] = {SERVICE "GetId", "/v1/id", ord_reply_pb_id, ord_reply_json_id},
    [ORD_BENCH_BATCH] = {SERVICE "GetIds", "/v1/ids", ord_reply_pb_runs, ord_reply_json_runs},
    [ORD_BENCH_STREAM] = {SERVICE "StreamIds", NULL, ord_reply_pb_runs, NULL},
};

/* A field of small numbers whose key is one byte. */
static size_t put_number(uint8_t *at, unsigned field, uint64_t value)
{
    size_t size = 0;
    at[size++] = (uint8_t)(field << 3);
    for (; value >= 0x80; value >>= 7)
        at[size++] = (uint8_t)(value | 0x80);
    at[size++] = (uint8_t)value;
    return size;
}

/* GetIdRequest is empty; the others have the count first, and a stream says how long a message may wait. */
static void write_message(struct request *request, const struct ord_bench_plan *plan)
{
    uint8_t *body = request->body;
    uint64_t wait_ms = plan->timeout_ms < UINT32_MAX ? (uint64_t)plan->timeout_ms : UINT32_MAX;
    size_t size = 0;
    if (plan->mode != ORD_BENCH_UNARY)
        size += put_number(body + PREFIX, 1, plan->ids);
    if (plan->mode == ORD_BENCH_STREAM)
        size += put_number(body + PREFIX + size, 3, wait_ms);
    body[PREFIX - 1] = (uint8_t)size;
    request->body_size = PREFIX + size;
}

static void write_text(struct request *request, const struct ord_bench_plan *plan)
{
    char query[48] = "";
    if (plan->mode == ORD_BENCH_BATCH)
        snprintf(query, sizeof query, "?count=%" PRIu32 "&form=runs", plan->ids);
    int size = snprintf(request->text, sizeof request->text,
                        "GET %s%s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n"
                        "User-Agent: ordinal-bench/" ORDINAL_VERSION "\r\n\r\n",
                        request->path, query, request->authority);
    request->text_size = (size_t)size < sizeof request->text ? (size_t)size : sizeof request->text - 1;
}

void ord_request_init(struct request *request, const struct ord_bench_plan *plan)
{
    bool bracket = strchr(plan->host, ':') != NULL;
    memset(request, 0, sizeof *request);
    request->read = plan->is_grpc ? modes[plan->mode].read_pb : modes[plan->mode].read_json;
    snprintf(request->authority, sizeof request->authority, bracket ? "[%s]:%s" : "%s:%s", plan->host,
             plan->port);
    snprintf(request->path, sizeof request->path, "%s%s", plan->is_grpc ? "" : plan->prefix,
             plan->is_grpc ? modes[plan->mode].path : modes[plan->mode].route);
    ord_grpc_timeout_text(plan->timeout_ms, request->timeout);
    if (plan->is_grpc)
        write_message(request, plan);
    else
        write_text(request, plan);
}
