/*
 * Posting commands to members' URLs, as configured; what fails, and what works again, is logged once.
 */
#pragma once

#include "callback/poster.h"
#include "daemon/config.h"

/* The config outlives the poster. Errors are those of ord_poster_open. */
enum ord_code ord_posting_open(const struct ord_config *config, struct ord_poster **ret_poster,
                               struct ord_error *error);
