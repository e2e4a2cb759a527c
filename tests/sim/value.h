/* What a process stores of its reservation, and its bytes with their checksum. */
#pragma once

#include "base/error.h"
#include "core/layout.h"

#define SIM_VALUE_SIZE 40

struct sim_value {
    uint64_t generation; /* how often the place was claimed */
    uint64_t limit;
    uint32_t node, worker, workers;
};

void sim_value_encode(const struct sim_value *value, uint8_t ret[SIM_VALUE_SIZE]);

/* ORD_INVALID_ARGUMENT: damaged. */
enum ord_code sim_value_decode(const uint8_t bytes[SIM_VALUE_SIZE], struct sim_value *ret_value,
                               struct ord_error *error);
