#include "bench/outcomes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct ord_outcomes outcomes, more;

Test(outcomes, calls_are_counted_by_status_and_message)
{
    ord_outcomes_note(&outcomes, "UNAVAILABLE", "gone", 1);
    ord_outcomes_note(&outcomes, "UNAVAILABLE", "away", 1);
    ord_outcomes_note(&outcomes, "INTERNAL", "gone", 1);
    ord_outcomes_note(&outcomes, "UNAVAILABLE", "gone", 3);
    cr_assert_eq(outcomes.count, 2);
    cr_assert_str_eq(outcomes.rows[0].status, "UNAVAILABLE");
    cr_assert_eq(outcomes.rows[0].count, 5);
    cr_assert_eq(outcomes.rows[0].messages[0].count, 4);
    cr_assert_str_eq(outcomes.rows[0].messages[1].text, "away");
    cr_assert_eq(ord_outcomes_total(&outcomes), 6);
}

Test(outcomes, what_finds_no_room_is_counted)
{
    char text[32];
    for (int i = 0; i < 2 * ORD_OUTCOMES_MAX; i++) {
        snprintf(text, sizeof text, "status %d", i);
        ord_outcomes_note(&outcomes, text, "a message", 1);
        ord_outcomes_note(&outcomes, "status 0", text, 1);
    }
    cr_assert_eq(outcomes.count, ORD_OUTCOMES_MAX);
    cr_assert_str_eq(outcomes.rows[ORD_OUTCOMES_MAX - 1].status, "other");
    cr_assert_eq(outcomes.rows[ORD_OUTCOMES_MAX - 1].count, ORD_OUTCOMES_MAX + 1);
    cr_assert_eq(ord_outcomes_total(&outcomes), 4 * ORD_OUTCOMES_MAX);
}

Test(outcomes, long_messages_are_cut_and_stay_one)
{
    char text[2 * ORD_OUTCOME_TEXT_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ord_outcomes_note(&outcomes, "INTERNAL", text, 1);
    ord_outcomes_note(&outcomes, "INTERNAL", text, 1);
    cr_assert_eq(outcomes.rows[0].messages[0].count, 2);
    cr_assert_eq(outcomes.rows[0].messages[1].count, 0);
}

Test(outcomes, tables_add_up)
{
    ord_outcomes_note(&outcomes, "UNAVAILABLE", "gone", 2);
    ord_outcomes_note(&more, "INTERNAL", "odd", 1);
    ord_outcomes_note(&more, "UNAVAILABLE", "gone", 3);
    ord_outcomes_note(&more, "UNAVAILABLE", "1", 1);
    ord_outcomes_note(&more, "UNAVAILABLE", "2", 1);
    ord_outcomes_note(&more, "UNAVAILABLE", "3", 1);
    ord_outcomes_add(&outcomes, &more);
    cr_assert_eq(outcomes.rows[0].count, 8);
    cr_assert_eq(outcomes.rows[0].messages[0].count, 5);
    cr_assert_eq(ord_outcomes_total(&outcomes), 9);
}
