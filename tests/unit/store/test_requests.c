#include "store/requests.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"

#define LAYOUT "tick:41,node:10,sequence:12"

struct seen {
    int count;
    struct {
        char key[ORD_REQUEST_KEY_MAX + 1];
        struct ord_grant grant;
    } at[8];
};

static bool found(void *context, const char *key, const struct ord_grant *grant)
{
    struct seen *seen = context;
    strcpy(seen->at[seen->count].key, key);
    seen->at[seen->count++].grant = *grant;
    return true;
}

static struct ord_request *request(const char *key, uint64_t first, int64_t given_us)
{
    struct ord_request *made = calloc(1, sizeof *made + strlen(key) + 1);
    made->grant = (struct ord_grant){.first = first, .count = 3, .tag = 2, .given_us = given_us};
    strcpy(made->key, key);
    return made;
}

static enum ord_code commit(struct ord_embedded *store, const struct ord_request *gone,
                            const struct ord_request *given, struct ord_error *error)
{
    struct ord_request_port port = ord_embedded_requests(store);
    struct ord_request_batch batch = {.gone = gone, .given = given};
    return port.commit(port.context, &batch, error);
}

static void give(struct ord_embedded *store, const char *key, uint64_t first, int64_t given_us)
{
    struct ord_error error = {0};
    struct ord_request *made = request(key, first, given_us);
    cr_assert_eq(commit(store, NULL, made, &error), ORD_OK, "%s", error.text);
    free(made);
}

static uint32_t load(struct ord_embedded *store, const struct ord_place *place, int64_t since_us,
                     struct seen *ret)
{
    struct ord_request_port port = ord_embedded_requests(store);
    struct ord_error error = {0};
    uint32_t damaged = 0;
    *ret = (struct seen){0};
    cr_assert_eq(port.load(port.context, place, since_us, found, ret, &damaged, &error), ORD_OK, "%s",
                 error.text);
    return damaged;
}

static struct ord_embedded *held(const char *directory, const struct ord_place *place)
{
    struct ord_embedded *store =
        store_in(directory, (struct ord_embedded_options){.accept_layout_change = true});
    claimed(store, place);
    return store;
}

Test(requests, what_was_given_is_found_by_the_next_run)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    char longest[ORD_REQUEST_KEY_MAX + 1];
    memset(longest, '/', sizeof longest);
    longest[ORD_REQUEST_KEY_MAX] = '\0';
    struct ord_embedded *store = held(directory, &place);
    struct seen seen;
    load(store, &place, 0, &seen);
    cr_assert_eq(seen.count, 0);
    give(store, "b a~", 41, 1000);
    give(store, longest, 42, 2000);
    cr_assert_eq(extend(store, 99, NULL), ORD_OK);
    ord_embedded_close(store);

    store = held(directory, &place);
    cr_assert_eq(load(store, &place, 0, &seen), 0);
    cr_assert_eq(seen.count, 2);
    cr_assert_str_eq(seen.at[0].key, longest);
    cr_assert_str_eq(seen.at[1].key, "b a~");
    const struct ord_grant *first = &seen.at[1].grant;
    cr_assert(first->first == 41 && first->count == 3 && first->tag == 2 && first->given_us == 1000);
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(requests, a_batch_removes_first_and_then_writes)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    give(store, "a", 1, 1000);
    give(store, "b", 2, 1000);
    struct ord_request *gone = request("a", 1, 1000), *never = request("never", 1, 1000);
    struct ord_request *again = request("a", 3, 2000), *other = request("c", 4, 2000);
    struct ord_error error = {0};
    gone->next = never;
    again->next = other;
    cr_assert_eq(commit(store, gone, again, &error), ORD_OK, "%s", error.text);

    struct seen seen;
    load(store, &place, 0, &seen);
    cr_assert_eq(seen.count, 3);
    cr_assert(strcmp(seen.at[0].key, "a") == 0 && seen.at[0].grant.first == 3);
    cr_assert(strcmp(seen.at[1].key, "b") == 0 && seen.at[1].grant.first == 2);
    cr_assert(strcmp(seen.at[2].key, "c") == 0 && seen.at[2].grant.first == 4);
    cr_assert_eq(commit(store, seen.count ? other : NULL, NULL, NULL), ORD_OK);
    load(store, &place, 0, &seen);
    cr_assert_eq(seen.count, 2);
    struct ord_request *all[] = {gone, never, again, other};
    for (int i = 0; i < 4; i++)
        free(all[i]);
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(requests, those_past_their_life_are_removed)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    give(store, "old", 1, 1000);
    give(store, "new", 2, 1001);
    struct seen seen;
    load(store, &place, 1000, &seen);
    cr_assert_eq(seen.count, 1);
    cr_assert_str_eq(seen.at[0].key, "new");
    load(store, &place, 0, &seen);
    cr_assert_eq(seen.count, 1, "it is gone for good");
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(requests, another_layout_neither_sees_nor_removes_them)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1), other = place_of("tick:41,node:9,sequence:13", 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    give(store, "a", 1, 1000);
    ord_embedded_close(store);

    struct seen seen;
    store = held(directory, &other);
    cr_assert_eq(load(store, &other, 0, &seen), 0);
    cr_assert_eq(seen.count, 0);
    ord_embedded_close(store);

    store = held(directory, &place);
    load(store, &place, 0, &seen);
    cr_assert_eq(seen.count, 1);
    ord_embedded_close(store);
    store = held(directory, &other);
    load(store, &other, 1000, &seen);
    ord_embedded_close(store);
    store = held(directory, &place);
    load(store, &place, 0, &seen);
    cr_assert_eq(seen.count, 0, "past its life, whoever looks removes it");
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(requests, workers_have_their_own)
{
    char *directory = scratch();
    struct ord_place places[2] = {place_of(LAYOUT, 7, 0, 2), place_of(LAYOUT, 7, 1, 2)};
    struct ord_embedded *stores[2];
    for (int i = 0; i < 2; i++) {
        stores[i] = held(directory, &places[i]);
        give(stores[i], "a", (uint64_t)(i + 1), 1000);
    }
    for (int i = 0; i < 2; i++) {
        struct seen seen;
        load(stores[i], &places[i], 0, &seen);
        cr_assert_eq(seen.count, 1);
        cr_assert_eq(seen.at[0].grant.first, i + 1);
    }
    struct seen seen;
    load(stores[0], &places[0], 1000, &seen);
    load(stores[1], &places[1], 0, &seen);
    cr_assert_eq(seen.count, 1, "the other worker's life is its own");
    ord_embedded_close(stores[0]);
    ord_embedded_close(stores[1]);
    scratch_end(directory);
}

/* Changes a byte of every stored value. */
static enum ord_code spoil(const char *directory)
{
    char command[PATH_MAX + 128];
    snprintf(command, sizeof command, "LC_ALL=C sed -i 's/spoil-me/spoil-mE/g' '%s/node-7.mdb'", directory);
    return system(command) == 0 ? ORD_OK : ORD_INTERNAL;
}

Test(requests, a_key_that_was_changed_is_another)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    give(store, "spoil-me", 1, 1000);
    ord_embedded_close(store);
    cr_assert_eq(spoil(directory), ORD_OK);
    struct seen seen;
    store = held(directory, &place);
    cr_assert_eq(load(store, &place, 0, &seen), 1, "the checksum covers the key");
    cr_assert_eq(seen.count, 0);
    cr_assert_eq(load(store, &place, 0, &seen), 0, "it is told once");
    ord_embedded_close(store);
    scratch_end(directory);
}

Test(requests, a_place_that_another_has_claimed_is_not_written)
{
    char *directory = scratch();
    struct ord_place place = place_of(LAYOUT, 7, 0, 1);
    struct ord_embedded *store = held(directory, &place);
    char lock[PATH_MAX];
    snprintf(lock, sizeof lock, "%s/node-7.lock", directory);
    cr_assert_eq(remove(lock), 0);
    struct ord_embedded *twin = held(directory, &place);
    struct ord_request *made = request("a", 1, 1000);
    struct ord_error error = {0};
    cr_assert_neq(commit(store, NULL, made, &error), ORD_OK);
    cr_assert_eq(commit(twin, NULL, made, &error), ORD_OK, "%s", error.text);
    free(made);
    ord_embedded_close(store);
    ord_embedded_close(twin);
    scratch_end(directory);
}
