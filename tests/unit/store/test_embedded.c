#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"

static const struct ord_embedded_options plain;

Test(embedded, the_first_start_makes_everything)
{
    char *root = scratch(), path[PATH_MAX];
    snprintf(path, sizeof path, "%s/new", root);
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(path, plain);
    cr_expect_neq(access(path, F_OK), 0, "nothing is touched before the claim");
    cr_expect_eq(claimed(store, &place), 0);
    const struct ord_embedded_facts *facts = ord_embedded_facts(store);
    cr_expect(facts->is_first);
    cr_expect_eq(facts->generation, 1);
    cr_expect_eq(count_names(path, ""), 3, "database, lock, marker");
    cr_expect_eq(count_names(path, "node-7.mdb$"), 1);
    cr_expect_eq(count_names(path, "node-7.lock$"), 1);
    cr_expect_eq(count_names(path, ".node-7.marker$"), 1);
    ord_embedded_close(store);
    cr_expect_null(ord_embedded_close(NULL));
    scratch_end(root);
}

Test(embedded, a_clean_stop_leaves_no_gap)
{
    char *root = scratch();
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, plain);
    claimed(store, &place);
    cr_expect_eq(extend(store, 5000, NULL), ORD_OK);
    cr_expect_eq(extend(store, 9000, NULL), ORD_OK);
    cr_expect_eq(release(store, 5501, NULL), ORD_OK);
    ord_embedded_close(store);

    store = store_in(root, plain);
    cr_expect_eq(claimed(store, &place), 5501);
    const struct ord_embedded_facts *facts = ord_embedded_facts(store);
    cr_expect(facts->was_clean && facts->same_boot && !facts->is_first);
    cr_expect_eq(facts->generation, 2);
    cr_expect_gt(facts->written_us, 0);
    ord_embedded_close(store);
    scratch_end(root);
}

Test(embedded, a_crash_keeps_the_last_limit)
{
    char *root = scratch();
    struct ord_place place = place_of("default", 7, 0, 1);
    leave(root, &place, 9000, false);
    struct ord_embedded *store = store_in(root, plain);
    cr_expect_eq(claimed(store, &place), 9000);
    cr_expect_not(ord_embedded_facts(store)->was_clean);
    ord_embedded_close(store);

    store = store_in(root, plain);
    cr_expect_eq(claimed(store, &place), 9000, "a claim alone uses nothing up");
    ord_embedded_close(store);
    scratch_end(root);
}

Test(embedded, a_released_place_can_be_claimed_again_by_the_same_store)
{
    char *root = scratch();
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, plain);
    claimed(store, &place);
    cr_expect_eq(release(store, 12, NULL), ORD_OK);
    cr_expect_eq(claimed(store, &place), 12);
    ord_embedded_close(store);
    scratch_end(root);
}

Test(embedded, a_second_claim_is_refused_with_the_holder)
{
    char *root = scratch(), holder[32];
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, plain);
    claimed(store, &place);
    snprintf(holder, sizeof holder, "node 7 is in use by process %d", (int)getpid());
    expect_refusal(root, &place, plain, WORDS(holder));
    expect_refusal(root, &place, (struct ord_embedded_options){.init = true}, WORDS(holder));
    ord_embedded_close(store);

    store = store_in(root, plain);
    claimed(store, &place);
    ord_embedded_close(store);
    scratch_end(root);
}

/* Holds the place in another process until it is killed; returns its ID once it does. */
static pid_t hold_elsewhere(const char *root, const struct ord_place *place)
{
    int ready[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct ord_embedded *store = store_in(root, plain);
        claimed(store, place);
        extend(store, 777, NULL);
        cr_assert_eq(write(ready[1], "x", 1), 1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

Test(embedded, another_process_keeps_it_until_it_is_killed)
{
    char *root = scratch(), holder[64];
    struct ord_place place = place_of("default", 7, 0, 1);
    pid_t child = hold_elsewhere(root, &place);
    snprintf(holder, sizeof holder, "node 7 is in use by process %d", (int)child);
    expect_refusal(root, &place, plain, WORDS(holder));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct ord_embedded *store = store_in(root, plain);
    cr_expect_eq(claimed(store, &place), 777);
    ord_embedded_close(store);
    scratch_end(root);
}

Test(embedded, workers_share_a_node_and_keep_apart)
{
    char *root = scratch(), holder[64];
    struct ord_place places[3];
    struct ord_embedded *stores[3];
    for (uint32_t i = 0; i < 3; i++) {
        places[i] = place_of("default", 7, i, 3);
        stores[i] = store_in(root, plain);
        cr_expect_eq(claimed(stores[i], &places[i]), 0);
        cr_expect(ord_embedded_facts(stores[i])->is_first);
    }
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(extend(stores[i], 1000 + i, NULL), ORD_OK);
    snprintf(holder, sizeof holder, "worker 1 of node 7 is in use by process %d", (int)getpid());
    expect_refusal(root, &places[1], plain, WORDS(holder));
    for (uint32_t i = 0; i < 3; i++)
        ord_embedded_close(stores[i]);
    for (uint32_t i = 0; i < 3; i++) {
        stores[i] = store_in(root, plain);
        cr_expect_eq(claimed(stores[i], &places[i]), 1000 + i);
        ord_embedded_close(stores[i]);
    }
    scratch_end(root);
}

Test(embedded, nodes_share_a_directory_and_nothing_else)
{
    char *root = scratch();
    struct ord_place three = place_of("default", 3, 0, 1), four = place_of("sonyflake", 4, 0, 1);
    struct ord_embedded *one = store_in(root, plain), *two = store_in(root, plain);
    claimed(one, &three);
    cr_expect_eq(claimed(two, &four), 0);
    cr_expect_eq(extend(one, 55, NULL), ORD_OK);
    ord_embedded_close(one);
    ord_embedded_close(two);
    two = store_in(root, plain);
    cr_expect_eq(claimed(two, &four), 0);
    ord_embedded_close(two);
    scratch_end(root);
}

/* What a twin that got past the locks would do: the one that claimed first cannot extend any more. */
Test(embedded, a_later_claim_fences_an_earlier_one)
{
    char *root = scratch(), path[PATH_MAX], kept[PATH_MAX];
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *first = store_in(root, plain);
    claimed(first, &place);
    cr_expect_eq(extend(first, 1000, NULL), ORD_OK);
    snprintf(path, sizeof path, "%s/node-7.lock", root);
    snprintf(kept, sizeof kept, "%s/kept", root);
    cr_assert_eq(rename(path, kept), 0);

    struct ord_error error;
    cr_expect_eq(extend(first, 2000, &error), ORD_UNAVAILABLE);
    cr_expect_str_eq(error.text, "node-7.lock was removed or replaced while it was in use");

    struct ord_embedded *second = store_in(root, plain);
    cr_expect_eq(claimed(second, &place), 1000);
    cr_expect_eq(extend(second, 3000, NULL), ORD_OK);
    ord_embedded_close(second);
    cr_assert_eq(rename(kept, path), 0);
    cr_expect_eq(extend(first, 2000, &error), ORD_UNAVAILABLE);
    cr_expect_str_eq(error.text, "node-7.mdb: another process has claimed the place: generation 2, ours is 1");
    cr_expect_eq(release(first, 1, &error), ORD_UNAVAILABLE, "nor may it take the limit back");
    ord_embedded_close(first);

    second = store_in(root, plain);
    cr_expect_eq(claimed(second, &place), 3000);
    ord_embedded_close(second);
    scratch_end(root);
}

Test(embedded, a_database_that_is_taken_away_ends_extending)
{
    char *root = scratch(), path[PATH_MAX], away[PATH_MAX];
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, plain);
    claimed(store, &place);
    snprintf(path, sizeof path, "%s/node-7.mdb", root);
    snprintf(away, sizeof away, "%s/away", root);
    cr_assert_eq(rename(path, away), 0);
    struct ord_error error;
    cr_expect_neq(extend(store, 2000, &error), ORD_OK);
    cr_expect(strstr(error.text, "node-7.mdb"), "%s", error.text);
    cr_expect_neq(access(path, F_OK), 0, "no empty one was made in its place");
    cr_assert_eq(rename(away, path), 0);
    cr_expect_eq(extend(store, 2000, NULL), ORD_OK, "it is back, and so are we");
    ord_embedded_close(store);
    scratch_end(root);
}

Test(embedded, a_limit_never_goes_down_while_in_use)
{
    char *root = scratch();
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, plain);
    claimed(store, &place);
    cr_expect_eq(extend(store, 5000, NULL), ORD_OK);
    cr_expect_eq(extend(store, 4000, NULL), ORD_OK);
    ord_embedded_close(store);
    store = store_in(root, plain);
    cr_expect_eq(claimed(store, &place), 5000);
    ord_embedded_close(store);
    scratch_end(root);
}

Test(embedded, the_file_stays_small)
{
    char *root = scratch(), path[PATH_MAX];
    struct ord_place place = place_of("default", 7, 0, 1);
    struct ord_embedded *store = store_in(root, plain);
    struct stat stat_;
    claimed(store, &place);
    for (uint64_t i = 1; i <= 60; i++)
        cr_assert_eq(extend(store, i * 4096, NULL), ORD_OK);
    snprintf(path, sizeof path, "%s/node-7.mdb", root);
    cr_assert_eq(stat(path, &stat_), 0);
    cr_expect_leq(stat_.st_size, 64 * 1024);
    ord_embedded_close(store);
    scratch_end(root);
}
