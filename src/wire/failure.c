#include "wire/failure.h"

#include <ordinal/wire/status.pb-c.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "wire/message.h"

/* A hint of more than a day is no hint. */
#define RETRY_MAX_MS INT64_C(86400000)

uint32_t ord_retry_hint(int64_t ms)
{
    return ms <= 0 ? 0 : (uint32_t)(ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
}

enum ord_code ord_failure_timeout(const char *server, int64_t timeout_ms, struct ord_error *error)
{
    bool whole = timeout_ms % 1000 == 0;
    return ord_fail(error, ORD_DEADLINE_EXCEEDED, "%s: no answer within %lld%s", server,
                    (long long)(whole ? timeout_ms / 1000 : timeout_ms), whole ? "s" : "ms");
}

const char *ord_failure_last_cause(const char *text)
{
    for (const char *next; (next = strstr(text, ": ")) && next[2];)
        text = next + 2;
    return text;
}

enum ord_code ord_failure_unreachable(const char *server, const char *cause, struct ord_error *error)
{
    return ord_fail(error, ORD_UNAVAILABLE, "%s: cannot be reached: %s", server, cause);
}

static bool is_type(const Ordinal__Wire__Any *any, const char *name)
{
    const char *slash = strrchr(any->type_url, '/');
    return strcmp(slash ? slash + 1 : any->type_url, name) == 0;
}

static void read_detail(const Ordinal__Wire__Any *any, ProtobufCAllocator *memory, enum ord_code *code,
                        uint32_t *retry_after_ms)
{
    if (is_type(any, "google.rpc.ErrorInfo")) {
        const Ordinal__Wire__ErrorInfo *info =
            ordinal__wire__error_info__unpack(memory, any->value.len, any->value.data);
        enum ord_code named = info ? ord_code_of_name(info->reason) : ORD_INTERNAL;
        /* A reason that this client does not know leaves the code of the status. */
        if (named != ORD_OK && named != ORD_INTERNAL)
            *code = named;
    } else if (is_type(any, "google.rpc.RetryInfo")) {
        const Ordinal__Wire__RetryInfo *info =
            ordinal__wire__retry_info__unpack(memory, any->value.len, any->value.data);
        const Ordinal__Wire__Duration *delay = info ? info->retry_delay : NULL;
        if (delay && delay->seconds >= 0 && delay->seconds <= RETRY_MAX_MS / 1000)
            *retry_after_ms =
                ord_retry_hint(delay->seconds * 1000 + (delay->nanos + INT64_C(999999)) / 1000000);
    }
}

enum ord_code ord_failure_of_status(int status, const char *message, const void *details, size_t size,
                                    struct ord_error *error)
{
    char buffer[1024];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    ProtobufCAllocator memory = ord_arena_allocator(&arena);

    enum ord_code code = ord_code_of_grpc_status(status);
    uint32_t retry_after_ms = 0;
    const Ordinal__Wire__Status *rich = size ? ordinal__wire__status__unpack(&memory, size, details) : NULL;
    for (size_t i = 0; rich && i < rich->n_details; i++)
        read_detail(rich->details[i], &memory, &code, &retry_after_ms);
    ord_arena_finish(&arena);

    if (code == ORD_OK)
        code = ORD_INTERNAL;
    return ord_fail_retry(error, code, retry_after_ms, "%s", *message ? message : ord_code_info(code)->title);
}
