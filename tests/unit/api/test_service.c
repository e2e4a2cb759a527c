#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "api/service.h"
#include "base/time.h"
#include "store/memory.h"

/* A port that remembers what it was asked, and fails when told to. */
struct fake_store {
    uint64_t claimed_limit, extended, released;
    uint32_t node;
    int extends, releases;
    bool claim_fails, extend_fails, release_fails;
};

static enum ord_code claim(void *context, const struct ord_place *place, struct ord_claim *ret_claim,
                           struct ord_error *error)
{
    struct fake_store *store = context;
    if (store->claim_fails)
        return ord_fail(error, ORD_UNAVAILABLE, "node ID 3 is taken");
    *ret_claim = (struct ord_claim){.node = store->node, .limit = store->claimed_limit};
    return ORD_OK;
}

static enum ord_code extend(void *context, uint64_t limit, struct ord_error *error)
{
    struct fake_store *store = context;
    if (store->extend_fails)
        return ord_fail_errno(error, ENOSPC, "write");
    store->extended = limit;
    store->extends++;
    return ORD_OK;
}

static enum ord_code release(void *context, uint64_t next, struct ord_error *error)
{
    struct fake_store *store = context;
    store->released = next;
    store->releases++;
    return store->release_fails ? ord_fail_errno(error, EIO, "write") : ORD_OK;
}

static struct ord_service_options options_for(struct fake_store *store, const char *fields, const char *epoch)
{
    struct ord_layout layout;
    struct ord_service_options options = {
        .port = {.context = store, .claim = claim, .extend = extend, .release = release},
        .borrow_us = 1000000,
        .max_wait_us = 500000,
    };
    cr_assert_eq(ord_layout_parse(fields, epoch, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, store->node, 0, 1, NULL), ORD_OK);
    return options;
}

static struct ord_service *opened(struct fake_store *store, const char *fields)
{
    struct ord_service_options options = options_for(store, fields, NULL);
    struct ord_service *service = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_service_open(&options, &service, &error), ORD_OK, "%s", error.text);
    return service;
}

static int64_t first_id(const struct ord_ids *ids)
{
    struct ord_ids rest = *ids;
    struct ord_run run;
    cr_assert_gt(ord_ids_next_run(&rest, &run), 0);
    return run.first;
}

Test(service, reserves_before_it_gives_and_releases_the_exact_next)
{
    struct fake_store store = {.node = 3};
    struct ord_service *service = opened(&store, "default");
    cr_assert_eq(store.extends, 1);

    struct ord_ids ids;
    uint64_t wait_us;
    cr_assert_eq(ord_service_take(service, 10, 0, 0, &ids, &wait_us, NULL), ORD_OK);
    cr_expect_lt(ids.first + 10, store.extended);
    cr_expect_eq(wait_us, 0);

    struct ord_parts parts;
    cr_assert_eq(ord_layout_decode(&ord_service_place(service)->layout, first_id(&ids), &parts, NULL), ORD_OK);
    cr_expect_eq(parts.node, 3);

    struct ord_error error;
    cr_expect_null(ord_service_close(service, &error));
    cr_expect_eq(error.code, ORD_OK);
    cr_expect_eq(store.released, ids.first + 10);
    cr_expect_eq(store.releases, 1);
}

Test(service, ids_carry_the_time_of_the_call)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default");
    struct ord_ids ids;
    uint64_t wait_us;
    int64_t before_us = ord_wall_ns() / 1000;
    cr_assert_eq(ord_service_take(service, 1, 0, 0, &ids, &wait_us, NULL), ORD_OK);
    int64_t after_us = ord_wall_ns() / 1000;

    struct ord_parts parts;
    const struct ord_layout *layout = &ord_service_place(service)->layout;
    cr_assert_eq(ord_layout_decode(layout, first_id(&ids), &parts, NULL), ORD_OK);
    int64_t time_us = ord_layout_time_of(layout, parts.tick);
    cr_expect_geq(time_us, before_us - 2000, "a tick, and what the clocks' reading takes");
    cr_expect_leq(time_us, after_us + 1000);
    ord_service_close(service, NULL);
}

Test(service, starts_above_what_an_earlier_run_reserved)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default");
    uint64_t far = store.extended + UINT64_C(3600) * 1000 * 4096;
    ord_service_close(service, NULL);

    store.claimed_limit = far;
    service = opened(&store, "default");
    struct ord_ids ids;
    uint64_t wait_us;
    cr_assert_eq(ord_service_take(service, 1, 0, 0, &ids, &wait_us, NULL), ORD_OK);
    cr_expect_eq(ids.first, far);
    cr_expect_lt(ord_service_ahead_us(service), 1000000, "the clock starts there too, so nobody waits");
    cr_expect_lt(ord_service_wall_ahead_us(service), INT64_C(-3500) * 1000000);
    for (int batch = 0; batch < 4; batch++)
        cr_expect_eq(ord_service_take(service, 900000, 0, 0, &ids, &wait_us, NULL), ORD_OK);
    ord_service_close(service, NULL);
}

Test(service, the_port_may_choose_the_node)
{
    struct fake_store store = {.node = 3};
    struct ord_service_options options = options_for(&store, "default", NULL);
    struct ord_service *service = NULL;
    store.node = 9;
    cr_assert_eq(ord_service_open(&options, &service, NULL), ORD_OK);
    cr_expect_eq(ord_service_place(service)->node, 9);
    ord_service_close(service, NULL);
}

Test(service, does_not_open_without_a_claim_or_a_reservation)
{
    struct fake_store store = {.claim_fails = true};
    struct ord_service_options options = options_for(&store, "default", NULL);
    struct ord_service *service = NULL;
    struct ord_error error;
    cr_expect_eq(ord_service_open(&options, &service, &error), ORD_UNAVAILABLE);
    cr_expect_str_eq(error.text, "node ID 3 is taken");

    store.claim_fails = false;
    store.extend_fails = true;
    cr_expect_eq(ord_service_open(&options, &service, &error), ORD_INTERNAL);
    cr_expect_str_eq(error.text, "reserve: write: No space left on device");
    cr_expect_null(service);
}

Test(service, does_not_open_outside_of_the_layouts_time)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store, "tick:41,sequence:12", "2200-01-01T00:00:00Z");
    struct ord_service *service = NULL;
    struct ord_error error;
    cr_expect_eq(ord_service_open(&options, &service, &error), ORD_OUT_OF_RANGE);
    cr_expect(strncmp(error.text, "wall clock: ", 12) == 0, "%s", error.text);

    options = options_for(&store, "tick:30,sequence:12", "2000-01-01T00:00:00Z");
    cr_expect_eq(ord_service_open(&options, &service, &error), ORD_OUT_OF_RANGE);
    cr_expect_null(service);
}

Test(service, keeps_a_reservation_that_is_long_enough)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default");
    cr_expect_eq(ord_service_keep(service, NULL), ORD_OK);
    cr_expect_eq(store.extends, 1, "nothing is due yet");
    cr_expect_gt(ord_service_reserved_us(service), 3000000);
    cr_expect_leq(ord_service_reserved_us(service), 3500000);
    ord_service_close(service, NULL);
}

Test(service, a_failed_release_is_told)
{
    struct fake_store store = {.release_fails = true};
    struct ord_service *service = opened(&store, "default");
    struct ord_error error;
    cr_expect_null(ord_service_close(service, &error));
    cr_expect_eq(error.code, ORD_INTERNAL);
    cr_expect_str_eq(error.text, "release: write: Input/output error");
    cr_expect_null(ord_service_close(NULL, &error));
    cr_expect_eq(error.code, ORD_OK);
}

Test(service, counts_and_tags_out_of_range_are_refused)
{
    static const struct {
        uint32_t count, tag;
        const char *text;
    } rows[] = {
        {0, 0, "count: 0 is out of range; allowed 1 to 1000000"},
        {1000001, 0, "count: 1000001 is out of range; allowed 1 to 1000000"},
        {1, 16, "tag: 16 is out of range; allowed 0 to 15 (the layout has 4 tag bits)"},
        {1, UINT32_MAX, "tag: 4294967295 is out of range; allowed 0 to 15 (the layout has 4 tag bits)"},
    };
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "tick:41,node:6,sequence:12,tag:4");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ord_ids ids = {.count = 77};
        uint64_t wait_us;
        struct ord_error error;
        cr_expect_eq(ord_service_take(service, rows[i].count, rows[i].tag, 0, &ids, &wait_us, &error),
                     ORD_OUT_OF_RANGE);
        cr_expect_str_eq(error.text, rows[i].text);
        cr_expect_eq(ids.count, 77);
    }
    struct ord_ids ids;
    uint64_t wait_us;
    cr_assert_eq(ord_service_take(service, 2, 15, 0, &ids, &wait_us, NULL), ORD_OK);
    cr_expect_eq(first_id(&ids) & 15, 15);
    ord_service_close(service, NULL);
}

Test(service, a_small_layout_takes_smaller_batches)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "tick:41,sequence:4");
    cr_expect_eq(ord_service_count_max(service), 16000, "what one second of borrow holds");
    struct ord_ids ids;
    uint64_t wait_us;
    struct ord_error error;
    cr_expect_eq(ord_service_take(service, 16001, 0, 0, &ids, &wait_us, &error), ORD_OUT_OF_RANGE);
    ord_service_close(service, NULL);
}

Test(service, without_room_it_waits_or_refuses_with_a_hint)
{
    struct fake_store store = {0};
    struct ord_service_options options = options_for(&store, "tick:41,sequence:1", NULL);
    options.borrow_us = 60000000;
    options.max_wait_us = 60000000;
    struct ord_service *service = NULL;
    cr_assert_eq(ord_service_open(&options, &service, NULL), ORD_OK);

    /* A batch takes all that may be borrowed, so the next has a minute to wait, less what passes meanwhile. */
    uint32_t batch = ord_service_count_max(service);
    struct ord_ids ids;
    uint64_t wait_us = 0;
    struct ord_error error;
    cr_assert_eq(batch, 120000);
    cr_assert_eq(ord_service_take(service, batch, 0, 0, &ids, &wait_us, NULL), ORD_OK);
    cr_expect_eq(ord_service_take(service, batch, 0, 1000000, &ids, &wait_us, &error), ORD_CAPACITY);
    cr_expect(error.retry_after_ms > 30000 && error.retry_after_ms <= 60001, "%u ms", error.retry_after_ms);
    cr_expect(strncmp(error.text, "all IDs up to the borrow limit are taken", 40) == 0, "%s", error.text);

    cr_assert_eq(ord_service_take(service, batch / 2, 0, UINT64_MAX, &ids, &wait_us, &error), ORD_OK);
    cr_expect(wait_us > 10000000 && wait_us <= 30001000, "%lu us", (unsigned long)wait_us);
    cr_expect_eq(ord_service_take(service, batch, 0, UINT64_MAX, &ids, &wait_us, &error), ORD_CAPACITY,
                 "beyond the server's own bound");
    ord_service_close(service, NULL);
}

Test(service, health_starts_as_starting)
{
    struct fake_store store = {0};
    struct ord_service *service = opened(&store, "default");
    cr_expect_eq(ord_health_get(ord_service_health(service)), ORD_STARTING);
    ord_service_close(service, NULL);
}

static void count_change(void *context)
{
    ++*(int *)context;
}

Test(service, health_moves_only_from_the_state_that_is_meant)
{
    struct ord_health health = {0};
    int changes = 0;
    ord_health_listen(&health, count_change, &changes);
    ord_health_set(&health, ORD_SERVING);
    cr_expect(ord_health_move(&health, ORD_SERVING, ORD_UNRESERVED));
    cr_expect_eq(ord_health_get(&health), ORD_UNRESERVED);
    cr_expect_eq(changes, 2);
    ord_health_set(&health, ORD_DRAINING);
    cr_expect_not(ord_health_move(&health, ORD_UNRESERVED, ORD_SERVING), "a drain is not undone");
    cr_expect_eq(ord_health_get(&health), ORD_DRAINING);
    cr_expect_eq(changes, 3);
    cr_expect_str_eq(ord_health_name(ORD_UNRESERVED), "unreserved");
}

Test(memory_store, remembers_as_long_as_it_lives)
{
    struct ord_memory_store store = {0};
    struct ord_reservation_port port = ord_memory_store_port(&store);
    struct ord_place place = {.node = 5};
    struct ord_claim got;
    cr_assert_eq(port.claim(port.context, &place, &got, NULL), ORD_OK);
    cr_expect_eq(got.node, 5);
    cr_expect_eq(got.limit, 0);
    cr_assert_eq(port.extend(port.context, 100, NULL), ORD_OK);
    cr_assert_eq(port.claim(port.context, &place, &got, NULL), ORD_OK);
    cr_expect_eq(got.limit, 100);
    cr_assert_eq(port.release(port.context, 42, NULL), ORD_OK);
    cr_assert_eq(port.claim(port.context, &place, &got, NULL), ORD_OK);
    cr_expect_eq(got.limit, 42);
}
