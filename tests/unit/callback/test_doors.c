#include "callback/doors.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "callback/poster.h"

static void come(struct ord_doors *doors, const char *name, struct ord_place_wanted *guest)
{
    cr_assert(ord_doors_enter(doors, name, guest));
    ord_doors_wait(doors, guest);
}

Test(doors, first_come_first_served_two_at_a_time)
{
    struct ord_doors doors;
    struct ord_place_wanted guests[4];
    ord_doors_init(&doors);
    for (int i = 0; i < 4; i++)
        come(&doors, "a:1", &guests[i]);
    cr_assert_eq(ord_doors_next(&doors), &guests[0]);
    cr_assert_eq(ord_doors_next(&doors), &guests[1]);
    cr_assert_null(ord_doors_next(&doors));
    ord_doors_leave(&doors, &guests[1], 0);
    cr_assert_eq(ord_doors_next(&doors), &guests[2]);
    cr_assert_null(ord_doors_next(&doors));
    ord_doors_leave(&doors, &guests[3], 0); /* out of the line */
    ord_doors_leave(&doors, &guests[0], 0);
    cr_assert_null(ord_doors_next(&doors));
    ord_doors_leave(&doors, &guests[2], 0);
    cr_assert_eq(doors.taken, 0);
    ord_doors_finish(&doors);
}

Test(doors, doors_take_turns)
{
    struct ord_doors doors;
    struct ord_place_wanted busy[4], calm[1];
    ord_doors_init(&doors);
    for (int i = 0; i < 4; i++)
        come(&doors, "busy:1", &busy[i]);
    come(&doors, "calm:1", &calm[0]);
    cr_assert_eq(ord_doors_next(&doors), &busy[0]);
    cr_assert_eq(ord_doors_next(&doors), &calm[0]);
    cr_assert_eq(ord_doors_next(&doors), &busy[1]);
    for (int i = 0; i < 4; i++)
        ord_doors_leave(&doors, &busy[i], 0);
    ord_doors_leave(&doors, &calm[0], 0);
    ord_doors_finish(&doors);
}

enum {
    MANY = 2 * ORD_POSTER_MAX
};
static struct ord_place_wanted many[MANY], more[MANY];

static void fill(struct ord_doors *doors, const char *kind, struct ord_place_wanted guests[MANY],
                 bool is_failing)
{
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%s:%d", kind, i);
        come(doors, name, &guests[i]);
        ord_doors_note(doors, guests[i].door, is_failing);
    }
}

static unsigned places(struct ord_doors *doors)
{
    unsigned count = 0;
    while (ord_doors_next(doors))
        count++;
    return count;
}

static unsigned held(const struct ord_place_wanted guests[MANY])
{
    unsigned count = 0;
    for (int i = 0; i < MANY; i++)
        count += guests[i].has_place;
    return count;
}

static void empty(struct ord_doors *doors, struct ord_place_wanted guests[MANY])
{
    for (int i = 0; i < MANY; i++)
        ord_doors_leave(doors, &guests[i], 0);
}

Test(doors, places_are_bounded_and_the_failing_have_a_quarter)
{
    struct ord_doors doors;
    ord_doors_init(&doors);
    fill(&doors, "dead", many, true);
    cr_assert_eq(places(&doors), ORD_POSTER_MAX / 4);
    fill(&doors, "live", more, false);
    cr_assert_eq(places(&doors), ORD_POSTER_MAX * 3 / 4);
    cr_assert_eq(held(many), ORD_POSTER_MAX / 4);
    empty(&doors, many);
    cr_assert_eq(places(&doors), ORD_POSTER_MAX / 4);
    empty(&doors, more);
    cr_assert_eq(doors.taken + doors.failing_taken, 0);
    ord_doors_finish(&doors);
}

Test(doors, the_failing_are_not_starved)
{
    struct ord_doors doors;
    ord_doors_init(&doors);
    fill(&doors, "live", more, false);
    fill(&doors, "dead", many, true);
    places(&doors);
    cr_assert_eq(held(many), ORD_POSTER_MAX / 4);
    empty(&doors, many);
    empty(&doors, more);
    ord_doors_finish(&doors);
}

/* It got one of the quarter; that it works by then does not change which place it gives back. */
Test(doors, a_place_is_given_back_as_it_was_taken)
{
    struct ord_doors doors;
    struct ord_place_wanted guests[3];
    ord_doors_init(&doors);
    for (int i = 0; i < 3; i++)
        come(&doors, "a:1", &guests[i]);
    ord_doors_note(&doors, guests[0].door, true);
    cr_assert_eq(ord_doors_next(&doors), &guests[0]);
    ord_doors_note(&doors, guests[0].door, false);
    cr_assert_eq(ord_doors_next(&doors), &guests[1]);
    cr_assert_eq(doors.failing_taken, 1);
    for (int i = 0; i < 3; i++)
        ord_doors_leave(&doors, &guests[i], 0);
    cr_assert_eq(doors.taken + doors.failing_taken, 0);
    ord_doors_finish(&doors);
}

Test(doors, idle_ones_are_remembered_for_a_while)
{
    struct ord_doors doors;
    struct ord_place_wanted guest, other;
    ord_doors_init(&doors);
    come(&doors, "a:1", &guest);
    guest.door->is_told = true;
    ord_doors_leave(&doors, &guest, 1000);
    ord_doors_sweep(&doors, 1000 + ORD_DOOR_IDLE_MS - 1);
    come(&doors, "a:1", &guest);
    cr_assert(guest.door->is_told);
    ord_doors_sweep(&doors, 1000 + 2 * ORD_DOOR_IDLE_MS); /* it has a guest */
    come(&doors, "a:1", &other);
    cr_assert_eq(other.door, guest.door);
    ord_doors_leave(&doors, &guest, 2000);
    ord_doors_leave(&doors, &other, 3000);
    cr_assert_eq(doors.idle_count, 1);
    ord_doors_sweep(&doors, 3000 + ORD_DOOR_IDLE_MS);
    cr_assert_eq(doors.idle_count, 0);
    come(&doors, "a:1", &guest);
    cr_assert_not(guest.door->is_told);
    ord_doors_leave(&doors, &guest, 4000);
    ord_doors_finish(&doors);
}

Test(doors, idle_ones_are_bounded)
{
    struct ord_doors doors;
    struct ord_place_wanted guest;
    char name[32];
    ord_doors_init(&doors);
    for (int i = 0; i < ORD_DOORS_IDLE_MAX + 10; i++) {
        snprintf(name, sizeof name, "a:%d", i);
        come(&doors, name, &guest);
        ord_doors_leave(&doors, &guest, 0);
        ord_doors_sweep(&doors, 0);
    }
    cr_assert_eq(doors.idle_count, ORD_DOORS_IDLE_MAX);
    ord_doors_finish(&doors);
}
