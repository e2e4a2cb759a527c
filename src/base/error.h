/*
 * Errors are values: a code that both protocols map through one table, and a message for people.
 *
 * A function that can fail returns an ord_code and takes a `struct ord_error *` last. It fills the error only
 * when it fails, and then leaves its ret_ parameters as they were. The caller owns the error; it holds no
 * memory. Messages start in lower case, name what was wrong and what is allowed, and are wrapped outward:
 * "reserve: write: No space left on device".
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>

enum ord_code {
    ORD_OK,
    ORD_INVALID_ARGUMENT,   /* a value that cannot be read */
    ORD_OUT_OF_RANGE,       /* a value that can be read, outside of what is allowed */
    ORD_UNKNOWN_PARAMETER,  /* a name that the method does not have */
    ORD_REPEATED_PARAMETER, /* a name given twice */
    ORD_NOT_FOUND,          /* no such thing */
    ORD_FORBIDDEN,          /* this caller may not */
    ORD_PRECONDITION,       /* not as things are: something else has to come first */
    ORD_UNIMPLEMENTED,      /* no such method */
    ORD_METHOD_NOT_ALLOWED, /* an HTTP method that the resource does not take */
    ORD_NOT_ACCEPTABLE,     /* no form that the caller accepts */
    ORD_URI_TOO_LONG,       /* a request line above the limit */
    ORD_HEADERS_TOO_LARGE,  /* request headers above the limit */
    ORD_MEDIA_TYPE,         /* a body in a form that is not taken */
    ORD_TOO_LARGE,          /* a message above the limit */
    ORD_CAPACITY,           /* above the rate that the layout allows; retry_after_ms says when */
    ORD_UNAVAILABLE,        /* cannot be done safely just now; retry_after_ms says when to ask again */
    ORD_DEADLINE_EXCEEDED,  /* the caller's time is over */
    ORD_CANCELLED,          /* the caller is gone */
    ORD_LAYOUT_EXHAUSTED,   /* the layout's time is over: no retry helps */
    ORD_ALREADY_EXISTS,     /* it is there, and another than the one wanted */
    ORD_DELETED,            /* it was there, and its name is not free */
    ORD_EXHAUSTED,          /* a sequence has not that many values left: no retry helps */
    ORD_SESSION_OVER,       /* the membership that the caller speaks for has ended */
    ORD_REPLACED,           /* another stream took this one's place */
    ORD_REQUEST_MISMATCH,   /* a request ID that was used for another request */
    ORD_INTERNAL,           /* a fault of ours, or of the system below us */
    ORD_CODES,              /* how many codes there are */
};

#define ORD_ERROR_TEXT_MAX 512

struct ord_error {
    enum ord_code code;
    uint32_t retry_after_ms; /* 0: no hint */
    char text[ORD_ERROR_TEXT_MAX];
};

/* What each code is called in each protocol. */
struct ord_code_info {
    const char *name;  /* stable, part of the API: "out-of-range" */
    const char *title; /* for people: "Value out of range" */
    int grpc_status;   /* grpc_status_code */
    int http_status;
};

/* The row of a code. Any thread. */
const struct ord_code_info *ord_code_info(enum ord_code code);

/* The first code with that gRPC status, for a client that got no details; ORD_INTERNAL if there is none. */
enum ord_code ord_code_of_grpc_status(int grpc_status);

/* The code with that stable name; ORD_INTERNAL if there is none. */
enum ord_code ord_code_of_name(const char *name);

/* Fills `error` (may be NULL) without a retry hint, and returns `code`. */
enum ord_code ord_fail(struct ord_error *error, enum ord_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As ord_fail, with a retry hint. */
enum ord_code ord_fail_retry(struct ord_error *error, enum ord_code code, uint32_t retry_after_ms,
                             const char *format, ...) __attribute__((format(printf, 4, 5)));

/* As ord_fail, ending in the system's text for `errnum`: "open config: No such file or directory". */
enum ord_code ord_fail_errno(struct ord_error *error, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text, keeps code and hint, returns the code. */
enum ord_code ord_wrap(struct ord_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
