/*
 * The text forms of gRPC's wire. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* "RESOURCE_EXHAUSTED"; "UNKNOWN" for a status that does not exist. Static. */
const char *ord_grpc_status_name(int status);

/* Undoes the percent encoding of `grpc-message`; what does not fit is left out, and bytes that would disturb a
 * terminal become "?". `room` is at least 1. */
void ord_grpc_message_decode(const char *text, size_t size, char *ret, size_t room);

#define ORD_GRPC_TIMEOUT_MAX 24

/* The value of `grpc-timeout`: "10000m". */
void ord_grpc_timeout_text(int64_t timeout_ms, char ret[ORD_GRPC_TIMEOUT_MAX]);
