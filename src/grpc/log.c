/* Log lines of this front end: the core's own complaints, and each call at debug. */
#include <grpc/support/log.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/time.h"
#include "grpc/internal.h"

#define ID_MAX 64
#define TRACEPARENT_BYTES 55 /* 00-<32 hex digits>-<16>-<2> */

/* The core says "error" of what callers do to it, too. */
static void core_says(gpr_log_func_args *args)
{
    ord_log(ORD_LOG_WARN, args->message, "source", "grpc", NULL);
}

void ord_grpc_log_setup(void)
{
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    gpr_set_log_function(core_says);
}

static struct ord_bytes slice_bytes(const grpc_slice *slice)
{
    return (struct ord_bytes){GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

static struct ord_bytes header(const struct ord_call *call, const char *key)
{
    for (size_t i = 0; i < call->metadata.count; i++)
        if (grpc_slice_str_cmp(call->metadata.metadata[i].key, key) == 0)
            return slice_bytes(&call->metadata.metadata[i].value);
    return (struct ord_bytes){0};
}

static bool is_plain(struct ord_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.size > 0 && text.size < ID_MAX;
}

/* The caller's own ID of the request, or one that is made up. */
static void request_id(const struct ord_call *call, char ret[ID_MAX])
{
    struct ord_bytes given = header(call, "x-request-id");
    uint64_t made_up = 0;
    if (is_plain(given))
        snprintf(ret, ID_MAX, "%.*s", (int)given.size, (const char *)given.at);
    else if (getrandom(&made_up, sizeof made_up, GRND_NONBLOCK) == sizeof made_up)
        snprintf(ret, ID_MAX, "%016" PRIx64, made_up);
    else
        ret[0] = '\0';
}

static bool is_lower_hex(const uint8_t *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!memchr("0123456789abcdef", at[i], 16))
            return false;
    return true;
}

/* The trace ID of a W3C traceparent; false when there is none, or it is not valid. */
static bool trace_id(const struct ord_call *call, char ret[ID_MAX])
{
    struct ord_bytes given = header(call, "traceparent");
    const uint8_t *at = given.at;
    if (given.size != TRACEPARENT_BYTES || memcmp(at, "00-", 3) != 0 || at[35] != '-' || at[52] != '-')
        return false;
    if (!is_lower_hex(at + 3, 32) || !is_lower_hex(at + 36, 16) || !is_lower_hex(at + 53, 2))
        return false;
    snprintf(ret, ID_MAX, "%.32s", (const char *)at + 3);
    return strspn(ret, "0") < 32 && strspn((const char *)at + 36, "0") < 16;
}

static void method_path(const struct ord_call *call, char *ret, size_t size)
{
    const struct ord_entry *entry = call->entry;
    struct ord_bytes unknown = slice_bytes(&call->details.method);
    if (entry->handle)
        snprintf(ret, size, "/%s/%s", entry->rpc.service, entry->rpc.name);
    else
        snprintf(ret, size, "%.*s", (int)unknown.size, (const char *)unknown.at);
}

void ord_call_log(const struct ord_call *call)
{
    char method[256], latency[32], request[ID_MAX], trace[ID_MAX];
    method_path(call, method, sizeof method);
    request_id(call, request);
    bool traced = trace_id(call, trace);
    snprintf(latency, sizeof latency, "%" PRId64, (ord_boot_ns() - call->begun_ns) / 1000);
    ord_log(ORD_LOG_DEBUG, "call", "protocol", "grpc", "method", method, "code",
            ord_code_info(call->code)->name, "latency_us", latency, "request_id", request[0] ? request : NULL,
            "trace_id", traced ? trace : NULL, NULL);
}
