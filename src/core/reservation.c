#include "core/reservation.h"

uint64_t ord_reservation_target(const struct ord_reservation_policy *policy, uint32_t slots_per_tick,
                                uint64_t now_tick)
{
    return (now_tick + policy->lead_ticks + policy->span_ticks) * slots_per_tick;
}

bool ord_reservation_is_due(const struct ord_reservation_policy *policy, uint32_t slots_per_tick,
                            uint64_t now_tick, uint64_t limit)
{
    return limit < (now_tick + policy->lead_ticks + policy->span_ticks / 2) * slots_per_tick;
}
