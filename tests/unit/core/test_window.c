#include <criterion/criterion.h>

#include "core/window.h"

static struct ord_window opened(int64_t next, int64_t increment, uint64_t reserved, uint64_t low)
{
    struct ord_window window;
    ord_window_init(&window);
    uint64_t index = ord_window_open(&window, next, increment);
    ord_window_raise(&window, index + reserved, index + low);
    return window;
}

Test(window, a_closed_one_gives_nothing)
{
    struct ord_window window;
    int64_t first = -1;
    ord_window_init(&window);
    cr_expect_not(ord_window_take(&window, 1, &first));
    ord_window_open(&window, 5, 1);
    cr_expect_not(ord_window_take(&window, 1, &first));
    cr_expect_eq(first, -1);
}

Test(window, gives_values_in_order_up_to_its_limit)
{
    struct ord_window window = opened(INT64_MIN, 3, 5, 5);
    int64_t first;
    cr_assert(ord_window_take(&window, 2, &first));
    cr_expect_eq(first, INT64_MIN);
    cr_expect_not(ord_window_take(&window, 4, &first));
    cr_assert(ord_window_take(&window, 3, &first));
    cr_expect_eq(first, INT64_MIN + 6);
    cr_expect_not(ord_window_take(&window, 1, &first));
    ord_window_raise(&window, ord_window_limit(&window) + 1, UINT64_MAX);
    cr_assert(ord_window_take(&window, 1, &first));
    cr_expect_eq(first, INT64_MIN + 15);
}

Test(window, values_reach_the_largest)
{
    struct ord_window window = opened(INT64_MAX - 1, 1, 2, 2);
    int64_t first;
    cr_assert(ord_window_take(&window, 1, &first));
    cr_assert(ord_window_take(&window, 1, &first));
    cr_expect_eq(first, INT64_MAX);
}

Test(window, tells_when_the_limit_is_near)
{
    struct ord_window window = opened(1, 1, 4, 2);
    uint64_t index = ord_window_index(&window);
    int64_t first;
    cr_expect_eq(ord_window_take_at(&window, &index, 1, &first), ORD_WINDOW_TAKEN);
    index = ord_window_index(&window);
    cr_expect_eq(ord_window_take_at(&window, &index, 1, &first), ORD_WINDOW_TAKEN_LOW);
    cr_expect_eq(first, 2);
}

Test(window, whoever_saw_another_index_takes_nothing)
{
    struct ord_window window = opened(1, 1, 4, 4);
    uint64_t index = ord_window_index(&window), seen = index;
    int64_t first;
    cr_assert(ord_window_take(&window, 1, &first));
    cr_expect_eq(ord_window_take_at(&window, &index, 1, &first), ORD_WINDOW_MOVED);
    cr_expect_eq(index, seen + 1);
    cr_expect_eq(ord_window_take_at(&window, &index, 1, &first), ORD_WINDOW_TAKEN);
    cr_expect_eq(first, 2);
}

Test(window, closing_and_opening_move_the_index)
{
    struct ord_window window = opened(1, 1, 4, 4);
    uint64_t index = ord_window_index(&window), before = index;
    int64_t first;
    cr_expect_eq(ord_window_close(&window), before);
    cr_expect_neq(ord_window_index(&window), before);
    uint64_t closed = ord_window_index(&window);
    uint64_t next = ord_window_open(&window, 1, 1);
    cr_expect_gt(next, closed);
    ord_window_raise(&window, next + 4, UINT64_MAX);
    cr_expect_eq(ord_window_take_at(&window, &index, 1, &first), ORD_WINDOW_MOVED);
    index = closed;
    cr_expect_eq(ord_window_take_at(&window, &index, 1, &first), ORD_WINDOW_MOVED);
    cr_assert(ord_window_take(&window, 1, &first));
    cr_expect_eq(first, 1);
}

Test(window, the_owner_takes_beyond_the_limit)
{
    struct ord_window window = opened(1, 1, 2, 2);
    uint64_t end = ord_window_index(&window) + 5;
    int64_t first;
    cr_expect_not(ord_window_take_beyond(&window, 6, end, &first));
    cr_assert(ord_window_take_beyond(&window, 4, end, &first));
    cr_expect_eq(first, 1);
    cr_expect_not(ord_window_take(&window, 1, &first));
    cr_expect_not(ord_window_take_beyond(&window, 2, end, &first));
    cr_assert(ord_window_take_beyond(&window, 1, end, &first));
    cr_expect_eq(first, 5);
    cr_expect_not(ord_window_take_beyond(&window, 1, end, &first));
    cr_expect_not(ord_window_take_beyond(&window, 1, end - 1, &first));
}
