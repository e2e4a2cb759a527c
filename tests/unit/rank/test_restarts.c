/* What was told stays, over restarts and whatever is found on the disk. */
#include "stage.h"

TestSuite(restarts, .init = begin, .fini = end, .timeout = 60);

Test(restarts, all_is_there_after_a_restart)
{
    join("a");
    int64_t session = join("b").session;
    send("a", "x");
    restart();
    cr_assert_str_eq(seen(), "2: a b");
    struct caller renewal = {0};
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "b"), ORD_OK);
    cr_assert_eq(renewal.session, session);
    cr_assert_eq(renewal.pending, 1);
    struct reader b;
    listen_as(&b, "b");
    read_until(&b, "w2/2,x,");
    stop_listening(&b);
}

static void wait_for_commits(int commits)
{
    pthread_mutex_lock(&lock);
    while (disk.commits < commits)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* Twice, for a group that is new is stored in a while anyhow, and so is one whose commands grow old. */
Test(restarts, acknowledgements_are_stored_in_a_while)
{
    end();
    life_us = INT64_C(3600000000);
    begin();
    join("a");
    join("b");
    for (int i = 0; i < 2; i++) {
        struct caller acknowledgement = {.call.command_id = send("a", "x").id};
        cr_assert_eq(call(&acknowledgement, ORD_RANK_ACKNOWLEDGE, "b"), ORD_OK);
        wait_for_commits(4 + 2 * i);
    }
    restart();
    struct caller renewal = {0};
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "b"), ORD_OK);
    cr_assert_eq(renewal.pending, 0);
}

/* Groups of which nothing is left but the epoch are forgotten, and no epoch goes back. */
Test(restarts, epochs_never_go_back)
{
    struct caller full = {0}, first = {0};
    int64_t epoch = 0;
    for (int i = 0; i < 3; i++) {
        struct caller caller = join("a");
        cr_assert_gt(caller.epoch, epoch);
        cr_assert_eq(leave("a"), ORD_OK);
        epoch = caller.epoch + 1;
        pthread_mutex_lock(&lock);
        while (stored("g/g") || !stored("f"))
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        if (i == 1)
            restart();
    }
    static const char *const names[] = {"h", "i", "j"};
    for (int i = 0; i < 3; i++) {
        struct caller caller = {0};
        ask(&caller, ORD_RANK_JOIN, names[i], "a");
        cr_assert_eq(await(&caller), ORD_OK);
        cr_assert_gt(caller.epoch, epoch, "another group may have had the name before");
    }
    ask(&full, ORD_RANK_JOIN, "k", "a");
    cr_assert_eq(await(&full), ORD_CAPACITY);
    ask(&first, ORD_RANK_JOIN, "h", "b");
    cr_assert_eq(await(&first), ORD_OK);
}

Test(restarts, an_epoch_that_was_lost_is_passed_by_far)
{
    join("a");
    end();
    stored("g/g")->size--;
    stored("m/g/00000000000003e8")->value[0]++;
    begin();
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.damaged, 2);
    cr_assert_gt(join("b").epoch, INT64_C(1) << 40);
    restart();
    cr_assert_gt(join("c").epoch, INT64_C(1) << 40);
}

Test(restarts, of_groups_in_another_layout_the_epochs_are_kept)
{
    join("a");
    join("b");
    send("a", "x");
    end();
    disk.is_foreign = true;
    begin();
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.foreign, 3);
    cr_assert_eq(join("c").epoch, 3);
    cr_assert_str_eq(seen(), "3: c");
}

Test(restarts, what_does_not_fit_stops_the_start)
{
    join("a");
    join("b");
    end();
    struct stored *a = stored("m/g/00000000000003e8"), *b = stored("m/g/00000000000003e9");
    memcpy(b->value, a->value, a->size);
    cr_assert_neq(try_to_open(3), ORD_OK);
    disk.count = 0;
    begin();
}
