/*
 * Requests that are remembered, beside the reservation in the node's file: see core/requests.h.
 *
 * A key is "request/", the worker, "/" and the caller's key. A value is a record as in store/record.h, whose
 * limit is the first slot and whose time is that of the claim, and after it
 *
 *     at  size
 *    148     4  count
 *    152     4  tag
 *    156     4  CRC-32 of the key and all that stands before it
 *
 * Each worker has its own. Those of another layout or split are left alone until their life is over, since the
 * former may come back.
 */
#pragma once

#include "core/requests.h"
#include "store/embedded.h"

/* A port onto `store`, which outlives it and has claimed its place. Any thread, beside that of the reservation.
 */
struct ord_request_port ord_embedded_requests(struct ord_embedded *store);

/* For a store without durability: nothing is found, everything succeeds. */
struct ord_request_port ord_memory_requests(void);
