/*
 * What ties the lines of a log to a caller: request IDs and W3C trace IDs. Any thread.
 */
#pragma once

#include <stdbool.h>

#define ORD_TRACE_ID_MAX 33
#define ORD_REQUEST_ID_MAX 65

/* Takes the trace ID out of a W3C `traceparent` header (32 hex digits in lower case). False, and `ret` left
 * alone, if `traceparent` is NULL or not valid. */
bool ord_trace_id(const char *traceparent, char ret[ORD_TRACE_ID_MAX]);

/* Keeps `given`, a caller's own request ID, if it is 1 to 64 letters, digits or any of "-_.:"; otherwise (or if
 * it is NULL) makes one of 16 hex digits, random and not secret. */
void ord_request_id(const char *given, char ret[ORD_REQUEST_ID_MAX]);
