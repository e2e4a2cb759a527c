#include "core/requests.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define LIFE 1000

static struct ord_request *added(struct ord_requests *requests, const char *key, int64_t now_us, uint64_t first)
{
    struct ord_request *request = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_requests_add(requests, key, now_us, &request, &error), ORD_OK, "%s: %s", key, error.text);
    request->grant.first = first;
    return request;
}

static void kept(struct ord_requests *requests, const char *key, int64_t now_us, uint64_t first)
{
    ord_requests_keep(requests, added(requests, key, now_us, first));
}

static int length(const struct ord_request *list)
{
    int count = 0;
    for (; list; list = list->next)
        count++;
    return count;
}

Test(requests, keys_that_are_taken)
{
    char longest[ORD_REQUEST_KEY_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[ORD_REQUEST_KEY_MAX] = '\0';
    cr_assert_eq(ord_request_key_check("a", NULL), ORD_OK);
    cr_assert_eq(ord_request_key_check(" ~", NULL), ORD_OK);
    cr_assert_eq(ord_request_key_check(longest, NULL), ORD_OK);
}

Test(requests, keys_that_are_refused)
{
    char longer[ORD_REQUEST_KEY_MAX + 2];
    memset(longer, 'x', sizeof longer);
    longer[ORD_REQUEST_KEY_MAX + 1] = '\0';
    const struct {
        const char *key, *says;
    } rows[] = {
        {"", "empty"}, {longer, "too long"}, {"a\tb", "printable"}, {"\x7f", "printable"}, {"ä", "printable"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ord_error error = {0};
        cr_assert_eq(ord_request_key_check(rows[i].key, &error), ORD_INVALID_ARGUMENT, "%s", rows[i].key);
        cr_assert(strstr(error.text, rows[i].says) && strstr(error.text, "1 to 128 printable ASCII"), "%s",
                  error.text);
    }
}

Test(requests, found_until_its_life_is_over)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 10, LIFE);
    cr_assert_null(ord_requests_find(&requests, "k", 0));
    kept(&requests, "k", 50, 7);
    cr_assert_null(ord_requests_find(&requests, "K", 51), "another key");
    const struct ord_request *found = ord_requests_find(&requests, "k", 50 + LIFE - 1);
    cr_assert_not_null(found);
    cr_assert_eq(found->grant.first, 7);
    cr_assert_null(ord_requests_find(&requests, "k", 50 + LIFE));
    cr_assert_eq(requests.count, 0);

    struct ord_request *gone = ord_requests_take_gone(&requests);
    cr_assert_eq(length(gone), 1, "what is over is to be removed from storage");
    cr_assert_str_eq(gone->key, "k");
    ord_requests_give_back(&requests, gone);
    kept(&requests, "k", 50 + LIFE, 8);
    cr_assert_eq(ord_requests_find(&requests, "k", 51 + LIFE)->grant.first, 8);
    cr_assert_eq(length(requests.gone), 1, "removed first, then written");
    ord_requests_finish(&requests);
}

Test(requests, pending_ones_do_not_age)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 1, LIFE);
    struct ord_request *pending = added(&requests, "k", 0, 7);
    cr_assert_eq(ord_requests_find(&requests, "k", 100 * LIFE), pending);
    struct ord_error error = {0};
    struct ord_request *other;
    cr_assert_eq(ord_requests_add(&requests, "l", 100 * LIFE, &other, &error), ORD_CAPACITY);
    cr_assert_gt(error.retry_after_ms, 0);
    ord_requests_drop(&requests, pending);
    cr_assert_null(ord_requests_find(&requests, "k", 0));
    cr_assert_null(ord_requests_take_gone(&requests), "it was never stored");
    cr_assert_eq(requests.count, 0);
    ord_requests_finish(&requests);
}

Test(requests, full_refuses_and_forgets_nothing)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 3, INT64_C(5000000));
    kept(&requests, "a", 0, 1);
    kept(&requests, "b", 2000000, 2);
    kept(&requests, "c", 3000000, 3);
    struct ord_error error = {0};
    struct ord_request *request = NULL;
    cr_assert_eq(ord_requests_add(&requests, "d", 3500000, &request, &error), ORD_CAPACITY);
    cr_assert_eq(error.retry_after_ms, 1500, "when the oldest is over, not %u", error.retry_after_ms);
    cr_assert_null(request);
    const char *all[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        cr_assert_not_null(ord_requests_find(&requests, all[i], 3500000), "%s", all[i]);
    kept(&requests, "d", 5000000, 4);
    cr_assert_null(ord_requests_find(&requests, "a", 5000000));
    cr_assert_not_null(ord_requests_find(&requests, "b", 5000000));
    cr_assert_eq(requests.count, 3);
    ord_requests_finish(&requests);
}

Test(requests, never_more_than_allowed_as_time_passes)
{
    enum {
        MAX = 500
    };
    struct ord_requests requests;
    ord_requests_init(&requests, MAX, LIFE);
    int removed = 0;
    for (int i = 0; i < 20000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        kept(&requests, key, i * 2, (uint64_t)i);
        cr_assert_leq(requests.count, MAX, "%zu after %d", requests.count, i);
        struct ord_request *gone = ord_requests_take_gone(&requests);
        removed += length(gone);
        ord_requests_free(gone);
    }
    cr_assert_eq(removed, 20000 - (int)requests.count);
    cr_assert_eq(ord_requests_find(&requests, "19999", 40000)->grant.first, 19999);
    ord_requests_finish(&requests);
}

Test(requests, loaded_in_any_order_beyond_the_bound)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 2, LIFE);
    const struct ord_grant stored[] = {{.given_us = 30, .first = 3},
                                       {.given_us = 10, .first = 1, .tag = 4},
                                       {.given_us = 20, .first = 2, .count = 5}};
    cr_assert(ord_requests_load(&requests, "c", &stored[0]));
    cr_assert(ord_requests_load(&requests, "a", &stored[1]));
    cr_assert(ord_requests_load(&requests, "b", &stored[2]));
    cr_assert(ord_requests_loaded(&requests));
    cr_assert_eq(requests.count, 3);
    struct ord_error error;
    struct ord_request *request;
    cr_assert_eq(ord_requests_add(&requests, "d", 40, &request, &error), ORD_CAPACITY);
    cr_assert_eq(ord_requests_find(&requests, "b", 40)->grant.count, 5);
    cr_assert_eq(ord_requests_find(&requests, "a", 40)->grant.tag, 4);

    /* Two of three are over: the oldest, though they came in another order. */
    ord_requests_keep(&requests, added(&requests, "d", 20 + LIFE, 4));
    cr_assert_null(ord_requests_find(&requests, "a", 20 + LIFE));
    cr_assert_null(ord_requests_find(&requests, "b", 20 + LIFE));
    cr_assert_not_null(ord_requests_find(&requests, "c", 20 + LIFE));
    cr_assert_eq(length(requests.gone), 2);
    ord_requests_finish(&requests);
}

Test(requests, one_in_the_middle_leaves_its_neighbours_in_order)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 10, LIFE);
    kept(&requests, "a", 0, 1);
    kept(&requests, "b", 0, 2);
    kept(&requests, "c", 0, 3);
    cr_assert_null(ord_requests_find(&requests, "b", LIFE));
    cr_assert_eq(requests.oldest->grant.first, 1);
    cr_assert_eq(requests.oldest->newer, requests.newest);
    cr_assert_eq(requests.newest->grant.first, 3);
    cr_assert_eq(requests.newest->older, requests.oldest);
    cr_assert_null(ord_requests_find(&requests, "c", LIFE));
    cr_assert_eq(requests.oldest, requests.newest);
    cr_assert_eq(length(requests.gone), 2);
    ord_requests_finish(&requests);
}

Test(requests, what_is_past_goes_a_few_at_a_time)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 100, LIFE);
    char key[8];
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "%d", i);
        kept(&requests, key, 0, (uint64_t)i);
    }
    kept(&requests, "later", LIFE, 50);
    int gone = length(requests.gone);
    cr_assert(gone > 0 && gone < 50, "%d", gone);
    cr_assert_eq(requests.count, (size_t)(51 - gone));
    ord_requests_finish(&requests);
}

Test(requests, a_hint_beyond_what_it_holds_is_cut)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 1, INT64_MAX / 2);
    kept(&requests, "a", 0, 1);
    struct ord_request *request = NULL;
    struct ord_error error;
    cr_assert_eq(ord_requests_add(&requests, "b", 1, &request, &error), ORD_CAPACITY);
    cr_assert_eq(error.retry_after_ms, UINT32_MAX);
    ord_requests_finish(&requests);
}

Test(requests, a_key_is_loaded_once)
{
    struct ord_requests requests;
    struct ord_grant grant = {.first = 7, .count = 1};
    ord_requests_init(&requests, 10, LIFE);
    cr_assert(ord_requests_load(&requests, "a", &grant));
    cr_assert_not(ord_requests_load(&requests, "a", &grant));
    cr_assert_eq(requests.count, 1);
    ord_requests_finish(&requests);
}

Test(requests, one_whose_outcome_nobody_knows_is_removed_from_storage)
{
    struct ord_requests requests;
    ord_requests_init(&requests, 1, LIFE);
    struct ord_request *request = added(&requests, "a", 0, 1);
    ord_requests_withdraw(&requests, request);
    cr_expect_null(ord_requests_find(&requests, "a", 0));
    kept(&requests, "a", 0, 2);
    struct ord_request *gone = ord_requests_take_gone(&requests);
    cr_expect_eq(gone, request);
    cr_expect_eq(length(gone), 1);
    ord_requests_free(gone);
    ord_requests_finish(&requests);
}
