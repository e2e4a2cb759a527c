#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* gRPC status numbers are those of the protocol; base does not depend on a gRPC library. */
enum {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_OUT_OF_RANGE = 11,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
};

static const struct ord_code_info codes[ORD_CODES] = {
    [ORD_OK] = {"ok", "OK", GRPC_OK, 200},
    [ORD_INVALID_ARGUMENT] = {"invalid-argument", "Value cannot be read", GRPC_INVALID_ARGUMENT, 400},
    [ORD_OUT_OF_RANGE] = {"out-of-range", "Value out of range", GRPC_OUT_OF_RANGE, 400},
    [ORD_UNKNOWN_PARAMETER] = {"unknown-parameter", "Unknown parameter", GRPC_INVALID_ARGUMENT, 400},
    [ORD_REPEATED_PARAMETER] = {"repeated-parameter", "Repeated parameter", GRPC_INVALID_ARGUMENT, 400},
    [ORD_NOT_FOUND] = {"not-found", "Not found", GRPC_NOT_FOUND, 404},
    [ORD_FORBIDDEN] = {"forbidden", "Not allowed for this caller", GRPC_PERMISSION_DENIED, 403},
    [ORD_PRECONDITION] = {"failed-precondition", "Not possible as things are", GRPC_FAILED_PRECONDITION, 409},
    [ORD_UNIMPLEMENTED] = {"unimplemented", "No such method", GRPC_UNIMPLEMENTED, 501},
    [ORD_METHOD_NOT_ALLOWED] = {"method-not-allowed", "Method not allowed", GRPC_UNIMPLEMENTED, 405},
    [ORD_NOT_ACCEPTABLE] = {"not-acceptable", "No acceptable form", GRPC_INVALID_ARGUMENT, 406},
    [ORD_URI_TOO_LONG] = {"uri-too-long", "URI too long", GRPC_INVALID_ARGUMENT, 414},
    [ORD_HEADERS_TOO_LARGE] = {"headers-too-large", "Request headers too large", GRPC_INVALID_ARGUMENT, 431},
    [ORD_MEDIA_TYPE] = {"unsupported-media-type", "Unsupported media type", GRPC_INVALID_ARGUMENT, 415},
    [ORD_TOO_LARGE] = {"too-large", "Message too large", GRPC_RESOURCE_EXHAUSTED, 413},
    [ORD_CAPACITY] = {"capacity", "Capacity is used up", GRPC_RESOURCE_EXHAUSTED, 429},
    [ORD_UNAVAILABLE] = {"unavailable", "Unavailable", GRPC_UNAVAILABLE, 503},
    [ORD_DEADLINE_EXCEEDED] = {"deadline-exceeded", "Deadline exceeded", GRPC_DEADLINE_EXCEEDED, 504},
    [ORD_CANCELLED] = {"cancelled", "Cancelled", GRPC_CANCELLED, 499},
    [ORD_LAYOUT_EXHAUSTED] = {"layout-exhausted", "The layout's time is over", GRPC_FAILED_PRECONDITION, 500},
    [ORD_ALREADY_EXISTS] = {"already-exists", "Exists already", GRPC_ALREADY_EXISTS, 409},
    [ORD_DELETED] = {"deleted", "Deleted", GRPC_FAILED_PRECONDITION, 410},
    [ORD_EXHAUSTED] = {"exhausted", "The sequence is used up", GRPC_OUT_OF_RANGE, 409},
    [ORD_SESSION_OVER] = {"session-over", "The membership is over", GRPC_FAILED_PRECONDITION, 409},
    [ORD_REPLACED] = {"replaced", "Another stream took over", GRPC_ABORTED, 409},
    [ORD_REQUEST_MISMATCH] = {"request-mismatch", "Request ID was used for another request",
                              GRPC_ALREADY_EXISTS, 422},
    [ORD_INTERNAL] = {"internal", "Internal error", GRPC_INTERNAL, 500},
};

const struct ord_code_info *ord_code_info(enum ord_code code)
{
    return &codes[(unsigned)code < ORD_CODES ? code : ORD_INTERNAL];
}

enum ord_code ord_code_of_grpc_status(int grpc_status)
{
    if (grpc_status == GRPC_RESOURCE_EXHAUSTED)
        return ORD_CAPACITY;
    for (int code = 0; code < ORD_CODES; code++)
        if (codes[code].grpc_status == grpc_status)
            return code;
    return ORD_INTERNAL;
}

enum ord_code ord_code_of_name(const char *name)
{
    for (int code = 0; code < ORD_CODES; code++)
        if (strcmp(codes[code].name, name) == 0)
            return code;
    return ORD_INTERNAL;
}

static enum ord_code fill(struct ord_error *error, enum ord_code code, uint32_t retry_after_ms,
                          const char *format, va_list args)
{
    if (error) {
        error->code = code;
        error->retry_after_ms = retry_after_ms;
        vsnprintf(error->text, sizeof error->text, format, args);
    }
    return code;
}

enum ord_code ord_fail(struct ord_error *error, enum ord_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, code, 0, format, args);
    va_end(args);
    return code;
}

enum ord_code ord_fail_retry(struct ord_error *error, enum ord_code code, uint32_t retry_after_ms,
                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, code, retry_after_ms, format, args);
    va_end(args);
    return code;
}

enum ord_code ord_fail_errno(struct ord_error *error, int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, ORD_INTERNAL, 0, format, args);
    va_end(args);
    if (error) {
        size_t used = strlen(error->text);
        char reason[128];
        snprintf(error->text + used, sizeof error->text - used, ": %s",
                 strerror_r(errnum, reason, sizeof reason));
    }
    return ORD_INTERNAL;
}

enum ord_code ord_wrap(struct ord_error *error, const char *format, ...)
{
    if (!error)
        return ORD_INTERNAL;

    char inner[ORD_ERROR_TEXT_MAX];
    memcpy(inner, error->text, sizeof inner);

    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);

    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", inner);
    return error->code;
}
