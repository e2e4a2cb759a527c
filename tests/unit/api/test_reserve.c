/* The service and its reservations in made-up time: the linker puts these readings in place of the system's. */
#include <criterion/criterion.h>

#include "api/service.h"
#include "base/time.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

static int64_t wall_ns, boot_ns;

int64_t __wrap_ord_wall_ns(void);
int64_t __wrap_ord_boot_ns(void);
void __wrap_ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns);

int64_t __wrap_ord_wall_ns(void)
{
    return wall_ns;
}

int64_t __wrap_ord_boot_ns(void)
{
    return boot_ns;
}

void __wrap_ord_clocks_read(int64_t *ret_wall_ns, int64_t *ret_boot_ns)
{
    *ret_wall_ns = wall_ns;
    *ret_boot_ns = boot_ns;
}

static void pass(int64_t ns)
{
    wall_ns += ns;
    boot_ns += ns;
}

/* A port that looks at the service whenever it is asked for something, and fails when told to. */
struct fake_store {
    uint64_t claimed_limit, limit, released;
    int extends;
    bool extend_fails;
    struct ord_service *watched;
    int64_t reserved_us;         /* at the last extend, before it was done */
    enum ord_code take_released; /* what a claim at the release came to */
};

static enum ord_code take(struct ord_service *service, uint32_t count, struct ord_ids *ret_ids,
                          struct ord_error *error)
{
    uint64_t wait_us;
    return ord_service_take(service, count, 0, 0, ret_ids, &wait_us, error);
}

static enum ord_code claim(void *context, const struct ord_place *place, struct ord_claim *ret_claim,
                           struct ord_error *error)
{
    struct fake_store *store = context;
    *ret_claim = (struct ord_claim){.node = place->node, .limit = store->claimed_limit};
    return ORD_OK;
}

static enum ord_code extend(void *context, uint64_t limit, struct ord_error *error)
{
    struct fake_store *store = context;
    if (store->watched)
        store->reserved_us = ord_service_reserved_us(store->watched);
    if (store->extend_fails)
        return ord_fail(error, ORD_INTERNAL, "no space");
    store->limit = limit;
    store->extends++;
    return ORD_OK;
}

static enum ord_code release(void *context, uint64_t next, struct ord_error *error)
{
    struct fake_store *store = context;
    struct ord_ids ids;
    store->released = next;
    if (store->watched)
        store->take_released = take(store->watched, 1, &ids, NULL);
    return ORD_OK;
}

/* Opens a service 100 days after the epoch, in the layout `fields` of `unit`. */
static struct ord_service *opened(struct fake_store *store, const char *fields, const char *unit)
{
    struct ord_layout layout;
    struct ord_service_options options = {
        .port = {.context = store, .claim = claim, .extend = extend, .release = release},
        .borrow_us = 1000000,
        .max_wait_us = 500000,
    };
    cr_assert_eq(ord_layout_parse(fields, NULL, unit, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, 3, 0, 1, NULL), ORD_OK);
    wall_ns = layout.epoch_us * 1000 + 100 * DAY;
    boot_ns = 3600 * SECOND;
    struct ord_service *service = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_service_open(&options, &service, &error), ORD_OK, "%s", error.text);
    store->watched = service;
    return service;
}

Test(reserve, is_renewed_about_once_a_second)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default", NULL);
    int first = store.extends;
    for (int i = 0; i < 100 * 4; i++) {
        pass(SECOND / 4);
        cr_assert_eq(ord_service_keep(service, NULL), ORD_OK);
        cr_assert_geq(ord_service_reserved_us(service), 2500000, "borrow, longest wait and half of 2 s");
        cr_assert_leq(ord_service_reserved_us(service), 3500000);
    }
    int renewed = store.extends - first;
    cr_expect(renewed >= 75 && renewed <= 100, "%d times in 100 s", renewed);
    ord_service_close(service, NULL);
}

Test(reserve, the_limit_is_raised_once_it_is_durable_and_not_before)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default", NULL);
    pass(2 * SECOND);
    int64_t before_us = ord_service_reserved_us(service);
    cr_assert_eq(ord_service_keep(service, NULL), ORD_OK);
    cr_expect_eq(store.reserved_us, before_us, "the storage is still at it");
    cr_expect_eq(ord_service_reserved_us(service), 3500000);

    pass(2 * SECOND);
    before_us = ord_service_reserved_us(service);
    store.extend_fails = true;
    cr_expect_eq(ord_service_keep(service, NULL), ORD_INTERNAL);
    cr_expect_eq(ord_service_reserved_us(service), before_us);
    ord_service_close(service, NULL);
}

Test(reserve, what_is_reserved_is_given_out_and_then_nothing_until_the_storage_is_back)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default", NULL);
    struct ord_ids ids;
    struct ord_error error;
    uint64_t last = 0;
    store.extend_fails = true;
    for (int i = 0; i < 4000; i++) {
        pass(SECOND / 1000);
        ord_service_keep(service, NULL);
        enum ord_code code = take(service, 1, &ids, &error);
        cr_assert_eq(code, i < 3499 ? ORD_OK : ORD_UNAVAILABLE, "after %d ms", i + 1);
        cr_assert_eq(ord_service_is_covered(service), i < 3499, "after %d ms", i + 1);
        if (code == ORD_OK)
            last = ids.first;
    }
    cr_expect_lt(last, store.limit);
    cr_expect_geq(last, store.limit - 4096, "to the last tick");
    cr_expect_eq(error.retry_after_ms, 1000);
    cr_expect_str_eq(error.text, "the reservation cannot be renewed: no space");
    cr_expect_eq(ord_service_reserved_us(service), 0);
    cr_expect_not(ord_service_is_covered(service));

    store.extend_fails = false;
    cr_expect_eq(ord_service_keep(service, NULL), ORD_OK);
    cr_expect(ord_service_is_covered(service));
    cr_expect_eq(take(service, 1, &ids, &error), ORD_OK);
    pass(4 * SECOND);
    cr_expect_eq(take(service, 1, &ids, &error), ORD_UNAVAILABLE);
    cr_expect_str_eq(error.text, "no durable reservation covers more IDs just now", "that trouble is over");
    ord_service_close(service, NULL);
}

Test(reserve, all_that_is_reserved_may_be_given_before_its_time)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "tick:41,node:4,sequence:4", NULL);
    struct ord_ids ids = {0};
    uint64_t wait_us;
    for (int i = 0; i < 4; i++, pass(SECOND))
        while (ord_service_take(service, 16, 0, 500000, &ids, &wait_us, NULL) == ORD_OK)
            cr_assert_leq(ids.first + 16, store.limit);
    cr_expect_eq(ids.first + 16, store.limit);
    pass(-2 * SECOND);
    cr_expect_not(ord_service_is_covered(service), "though the clock is not there yet");
    ord_service_close(service, NULL);
}

Test(reserve, nothing_is_given_while_it_is_released)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default", NULL);
    struct ord_ids ids;
    cr_assert_eq(take(service, 10, &ids, NULL), ORD_OK);
    ord_service_close(service, NULL);
    cr_expect_eq(store.released, ids.first + 10);
    cr_expect_neq(store.take_released, ORD_OK);
}

Test(reserve, a_run_starts_above_a_part_of_a_tick_as_well)
{
    for (uint64_t slot = 0; slot < 4096; slot += 273) {
        struct fake_store store = {.claimed_limit = UINT64_C(200) * 86400000 * 4096 + slot};
        struct ord_service *service = opened(&store, "default", NULL);
        struct ord_ids ids;
        cr_assert_eq(take(service, 1, &ids, NULL), ORD_OK);
        cr_assert_geq(ids.first, store.claimed_limit, "slot %lu", (unsigned long)slot);
        cr_assert_leq(ids.first, store.claimed_limit + 4096 + 256, "slot %lu", (unsigned long)slot);
        ord_service_close(service, NULL);
    }
}

Test(reserve, low_bits_are_even_at_low_rates)
{
    enum {
        SPREAD = 256,
        ROUNDS = 4
    };
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default", NULL);
    int seen[SPREAD] = {0};
    for (int i = 0; i < SPREAD * ROUNDS; i++) {
        struct ord_ids ids;
        pass(SECOND / 100);
        cr_assert_eq(ord_service_keep(service, NULL), ORD_OK);
        cr_assert_eq(take(service, 1, &ids, NULL), ORD_OK);
        seen[ids.first % SPREAD]++;
    }
    for (int i = 0; i < SPREAD; i++)
        cr_expect_eq(seen[i], ROUNDS, "slot %d: %d times", i, seen[i]);
    ord_service_close(service, NULL);
}

Test(reserve, a_hint_is_never_shorter_than_the_wait)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "tick:44,node:4,sequence:4", "100us");
    struct ord_ids ids;
    struct ord_error error;
    cr_assert_eq(take(service, 160000, &ids, NULL), ORD_OK, "all of the borrow");
    cr_assert_eq(take(service, 1, &ids, &error), ORD_CAPACITY);
    cr_expect_eq(error.retry_after_ms, 1, "a tick is a tenth of it");
    cr_assert_eq(take(service, 11 * 16, &ids, &error), ORD_CAPACITY);
    cr_expect_eq(error.retry_after_ms, 2);
    pass(2 * SECOND / 1000);
    cr_expect_eq(take(service, 11 * 16, &ids, &error), ORD_OK);
    ord_service_close(service, NULL);
}

Test(reserve, a_clock_that_passes_the_layouts_end_gives_nothing_more)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default", NULL);
    struct ord_ids ids;
    struct ord_error error;
    const struct ord_layout *layout = &ord_service_place(service)->layout;
    pass(ord_layout_end_us(layout) * 1000 - wall_ns);
    for (int i = 0; i < 3; i++) {
        ord_service_keep(service, NULL);
        cr_expect_eq(take(service, 1, &ids, &error), ORD_LAYOUT_EXHAUSTED);
        cr_expect_str_eq(error.text, "the layout's time ended at 2095-09-07T15:47:35.552Z");
        pass(100 * DAY);
    }
    ord_service_close(service, NULL);
}
