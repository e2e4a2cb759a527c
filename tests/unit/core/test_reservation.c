#include <criterion/criterion.h>

#include "core/reservation.h"

static const struct ord_reservation_policy policy = {.lead_ticks = 2000, .span_ticks = 2000};

Test(reservation, covers_what_may_be_claimed_at_once_and_the_span)
{
    cr_expect_eq(ord_reservation_target(&policy, 4096, 1000), 5000 * UINT64_C(4096));
}

Test(reservation, is_due_once_half_of_the_span_is_used)
{
    uint64_t limit = ord_reservation_target(&policy, 4096, 1000);
    cr_expect_not(ord_reservation_is_due(&policy, 4096, 1000, limit));
    cr_expect_not(ord_reservation_is_due(&policy, 4096, 2000, limit));
    cr_expect(ord_reservation_is_due(&policy, 4096, 2001, limit));
    cr_expect(ord_reservation_is_due(&policy, 4096, 1000, 0));
}
