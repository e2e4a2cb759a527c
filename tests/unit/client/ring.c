#include "client/ring.c" /* to be inside of a claim that sleeps */

#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ord_ring *ring;

static void open_ring(void)
{
    ring = ord_ring_open();
    cr_assert(ring);
}

static void close_ring(void)
{
    ord_ring_close(ring);
}

TestSuite(ring, .init = open_ring, .fini = close_ring);

static void add(int64_t first, uint32_t count, uint32_t low)
{
    struct ord_ring_run run = {.first = first,
                               .step = 1,
                               .count = count,
                               .low = low,
                               .until = {.steady_ns = first, .wall_ns = -first}};
    cr_assert(ord_ring_add(ring, &run), "%lld", (long long)first);
}

/* Claims up to `count` and expects these. */
static struct ord_ring_claim expect(uint32_t count, int64_t first, uint32_t claimed)
{
    struct ord_ring_claim claim;
    cr_assert(ord_ring_claim(ring, count, &claim));
    cr_assert_eq(claim.first, first, "%lld is not %lld", (long long)claim.first, (long long)first);
    cr_assert_eq(claim.count, claimed, "%u is not %u", claim.count, claimed);
    return claim;
}

static void expect_none(void)
{
    struct ord_ring_claim claim;
    cr_assert_not(ord_ring_claim(ring, 1, &claim));
}

Test(ring, an_empty_one_gives_nothing)
{
    for (int i = 0; i < 3; i++)
        expect_none();
    cr_assert_eq(ord_ring_stock(ring), 0);
    cr_assert_eq(ord_ring_room(ring), ORD_RING_SLOTS - 1);
}

Test(ring, runs_leave_in_order_one_by_one)
{
    add(10, 2, UINT32_MAX);
    add(20, 1, UINT32_MAX);
    cr_assert_eq(ord_ring_stock(ring), 3);
    expect(1, 10, 1);
    expect(1, 11, 1);
    cr_assert_eq(ord_ring_stock(ring), 1);
    struct ord_ring_claim claim = expect(1, 20, 1);
    cr_assert_eq(claim.until.steady_ns, 20);
    cr_assert_eq(claim.until.wall_ns, -20);
    expect_none();
    add(30, 1, UINT32_MAX);
    expect(1, 30, 1);
    expect_none();
}

Test(ring, a_claim_ends_with_its_run)
{
    add(10, 5, UINT32_MAX);
    add(20, 5, UINT32_MAX);
    expect(3, 10, 3);
    expect(3, 13, 2);
    expect(ORD_RING_CLAIM_MAX, 20, 5);
    expect_none();
}

Test(ring, steps_are_kept)
{
    struct ord_ring_run run = {.first = 100, .step = 16, .count = 10, .low = UINT32_MAX};
    cr_assert(ord_ring_add(ring, &run));
    expect(1, 100, 1);
    cr_assert_eq(expect(4, 116, 4).step, 16);
    expect(1, 180, 1);
}

Test(ring, the_claim_of_the_low_place_is_told_and_no_other)
{
    add(0, 10, 4);
    for (int64_t i = 0; i < 10; i++)
        cr_assert_eq(expect(1, i, 1).low, i == 4, "%lld", (long long)i);
    add(10, 10, 4);
    cr_assert_not(expect(4, 10, 4).low);
    cr_assert(expect(4, 14, 4).low);
    cr_assert_not(expect(4, 18, 2).low);
    add(20, 10, UINT32_MAX);
    cr_assert_not(expect(20, 20, 10).low);
}

Test(ring, a_full_one_takes_no_more_until_a_run_is_left)
{
    for (int64_t i = 1; i < ORD_RING_SLOTS; i++)
        add(i * 10, 1, UINT32_MAX);
    struct ord_ring_run run = {.first = INT64_MAX, .step = 1, .count = 1};
    cr_assert_eq(ord_ring_room(ring), 0);
    cr_assert_not(ord_ring_add(ring, &run));
    expect(1, 10, 1);
    cr_assert_eq(ord_ring_room(ring), 1, "the cursor left turn 0");
    add(ORD_RING_SLOTS * 10, 1, UINT32_MAX);
    for (int64_t i = 2; i <= ORD_RING_SLOTS; i++)
        expect(1, i * 10, 1);
    expect_none();
}

Test(ring, it_goes_round_and_round)
{
    for (int64_t i = 0; i < 5 * ORD_RING_SLOTS; i++) {
        add(i * 2, 2, UINT32_MAX);
        expect(1, i * 2, 1);
        expect(2, i * 2 + 1, 1);
    }
    expect_none();
}

Test(ring, a_claim_that_slept_finds_its_slot_taken_and_claims_again)
{
    add(0, 2, UINT32_MAX);
    expect(1, 0, 1);
    uint64_t at = atomic_fetch_add(&ring->cursor, 1); /* as ord_ring_claim begins */
    expect_none();
    for (int64_t i = 1; i <= 2 * ORD_RING_SLOTS; i++) {
        add(i * 10, 1, UINT32_MAX);
        expect(1, i * 10, 1);
    }
    struct ord_ring_claim claim = {.turn = turn_of(at)};
    cr_assert_not(look(slot_of(ring, claim.turn), place_of(at), 1, &claim));
    cr_assert(leave(ring, claim.turn), "the cursor is elsewhere: there may be IDs");
    cr_assert_not(leave(ring, turn_of(ring->cursor)));
}

Test(ring, what_is_too_old_goes_with_its_run)
{
    add(10, 100, UINT32_MAX);
    add(200, 3, UINT32_MAX);
    expect(10, 10, 10);
    struct ord_ring_claim claim = expect(5, 20, 5);
    ord_ring_throw(ring, &claim);
    cr_assert_eq(atomic_load(&ring->thrown), 90);
    cr_assert_eq(ord_ring_stock(ring), 3);
    expect(1, 200, 1);
    ord_ring_throw(ring, &claim); /* the run is long gone: nothing but the claim itself */
    cr_assert_eq(atomic_load(&ring->thrown), 95);
    expect(1, 201, 1);
}

Test(ring, asking_in_vain_for_long_does_not_wear_the_count_out)
{
    struct ord_ring_claim claim;
    for (int i = 0; i < (1 << 24) / ORD_RING_CLAIM_MAX * 3; i++)
        cr_assert_not(ord_ring_claim(ring, ORD_RING_CLAIM_MAX, &claim));
    add(10, 1, UINT32_MAX);
    expect(1, 10, 1);
    expect_none();
}

Test(ring, the_longest_run_leaves_whole)
{
    add(0, ORD_RING_RUN_MAX, UINT32_MAX);
    int64_t next = 0;
    struct ord_ring_claim claim;
    while (ord_ring_claim(ring, ORD_RING_CLAIM_MAX, &claim)) {
        cr_assert_eq(claim.first, next);
        next += claim.count;
    }
    cr_assert_eq(next, ORD_RING_RUN_MAX);
}

Test(ring, a_child_finds_it_empty_and_dead)
{
    add(10, 100, UINT32_MAX);
    expect(1, 10, 1);
    pid_t child = fork();
    if (child == 0) {
        struct ord_ring_claim claim;
        _exit(ring->alive || ord_ring_claim(ring, 1, &claim) || ord_ring_stock(ring) > 0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    expect(1, 11, 1);
}
