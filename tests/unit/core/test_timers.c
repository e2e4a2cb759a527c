/* The heap of timers against a plain search. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/timers.h"

enum {
    TIMERS = 200,
    STEPS = 20000
};

static const struct ord_timer *earliest(const struct ord_timer *timers)
{
    const struct ord_timer *first = NULL;
    for (int i = 0; i < TIMERS; i++)
        if (timers[i].place != 0 && (!first || timers[i].due_ns < first->due_ns))
            first = &timers[i];
    return first;
}

Test(timers, the_first_is_due_first)
{
    static struct ord_timer all[TIMERS];
    struct ord_timers timers = {0};
    unsigned seed = 7;
    cr_assert(ord_timers_reserve(&timers, TIMERS));
    cr_assert_null(ord_timers_first(&timers));
    for (int i = 0; i < STEPS; i++) {
        struct ord_timer *timer = &all[rand_r(&seed) % TIMERS];
        if (rand_r(&seed) % 3 == 0)
            ord_timers_unset(&timers, timer);
        else
            ord_timers_set(&timers, timer, rand_r(&seed) % 1000);
        const struct ord_timer *first = ord_timers_first(&timers), *expected = earliest(all);
        cr_assert_eq(first == NULL, expected == NULL);
        cr_assert(!first || first->due_ns == expected->due_ns, "step %d", i);
    }
    ord_timers_finish(&timers);
}

Test(timers, room_grows)
{
    struct ord_timer a = {0}, b = {0};
    struct ord_timers timers = {0};
    cr_assert(ord_timers_reserve(&timers, 1));
    ord_timers_set(&timers, &a, 5);
    cr_assert(ord_timers_reserve(&timers, 2));
    cr_assert(ord_timers_reserve(&timers, 2));
    ord_timers_set(&timers, &b, 4);
    cr_assert_eq(ord_timers_first(&timers), &b);
    ord_timers_set(&timers, &b, 6);
    cr_assert_eq(ord_timers_first(&timers), &a);
    ord_timers_unset(&timers, &b);
    ord_timers_unset(&timers, &b);
    ord_timers_unset(&timers, &a);
    cr_assert_null(ord_timers_first(&timers));
    cr_assert(ord_timers_reserve(&timers, 3), "more than twice as much");
    ord_timers_finish(&timers);
}
