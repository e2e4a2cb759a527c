/*
 * A thread that does one thing over and over, with a pause in between, until it is stopped.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct ord_ticker;

/* ORD_INTERNAL: no thread or memory. `context` outlives the ticker. */
enum ord_code ord_ticker_start(uint32_t pause_ms, void (*tick)(void *context), void *context,
                               struct ord_ticker **ret_ticker, struct ord_error *error);

/* Ends the thread and waits for it. Takes NULL; returns NULL. */
struct ord_ticker *ord_ticker_stop(struct ord_ticker *ticker);
