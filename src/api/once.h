/*
 * IDs under a key of the caller's: claimed once, made durable with the key, given again to whoever asks with
 * the same key within its life. What is behind ord_service_take_once; see service.h for its promise.
 *
 * A key is pending until its group commit is over; those who ask for it meanwhile wait for the same one. If it
 * fails, the key is not remembered, and the slots that were claimed are never used: a gap.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "api/service.h"

struct ord_once;

/* Loads what is remembered and starts the thread that commits. `counts` are commits that failed, that
 * succeeded. What is passed outlives it. Errors are those of the port; ORD_INTERNAL: no memory or thread. */
enum ord_code ord_once_open(struct ord_service *service, const struct ord_request_options *options,
                            atomic_uint_least64_t counts[2], struct ord_once **ret_once,
                            struct ord_error *error);

/* Finishes what is pending first. Takes NULL; returns NULL. */
struct ord_once *ord_once_close(struct ord_once *once);

/* ord_service_take_once. */
bool ord_once_take(struct ord_once *once, const struct ord_once_wanted *wanted, struct ord_awaited *awaited);

/* How many keys there are, and how many were damaged when they were loaded. */
size_t ord_once_count(struct ord_once *once);
uint32_t ord_once_damaged(const struct ord_once *once);
