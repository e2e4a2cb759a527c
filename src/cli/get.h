/*
 * `ordinal get`: any number of IDs, asked for in batches and written as they come.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/transport.h"
#include "wire/idtext.h"

struct ord_get {
    const struct ord_transport *transport;
    struct ord_output *output;
    struct ord_progress *progress;
    uint64_t count; /* at least 1 */
    uint32_t batch; /* 1 to 1,000,000; asked for at once */
    uint32_t tag;
    const char *request_id; /* NULL: none; else all is asked for at once */
    int64_t patience_ms;    /* how long one batch may wait for capacity */
    enum ord_id_format format;
    bool is_json;
};

/*
 * Writes `count` IDs, in the order in which they came. A server that is out of capacity is asked again when it
 * said, within the patience; one whose layout cannot give a whole batch is asked for less. Ends early, and
 * well, when nobody reads the output any more.
 *
 * Errors are those of the transport; what was written before stays valid IDs.
 */
enum ord_code ord_get_run(const struct ord_get *get, struct ord_error *error);
