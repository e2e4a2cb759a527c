/* Nobody is told what is not durable; who is told what; and who is evicted. */
#include "stage.h"

TestSuite(engine, .init = begin, .fini = end, .timeout = 60);

Test(engine, nothing_is_seen_before_it_is_durable)
{
    struct caller first = {0}, second = {0}, renewal = {0};
    struct reader reader, observer;
    hold();
    ask(&first, ORD_RANK_JOIN, "g", "a");
    wait_until_held();
    listen_as(&reader, "b");
    listen_as(&observer, NULL);
    ask(&second, ORD_RANK_JOIN, "g", "c");
    ask(&renewal, ORD_RANK_RENEW, "g", "a");
    cr_assert_str_eq(seen(), "0:");
    cr_assert_eq(ord_rank_feed_next(reader.feed, tell, &reader, &reader.error), ORD_NEXT_NOTHING);
    cr_assert_eq(ord_rank_feed_next(observer.feed, tell, &observer, &observer.error), ORD_NEXT_NOTHING);
    cr_assert_not(is_answered(&first) || is_answered(&second) || is_answered(&renewal));
    let_go();
    cr_assert_eq(await(&first), ORD_OK);
    cr_assert_eq(await(&second), ORD_OK);
    cr_assert_eq(await(&renewal), ORD_OK);
    cr_assert_eq(second.rank, 3);
    cr_assert_str_eq(seen(), "3: a b c");
    read_until(&reader, "w2/3,");
    read_until(&observer, "v0/3,");
    cr_assert_eq(disk.commits, 2, "all that came during the first flush share the second");
    stop_listening(&reader);
    stop_listening(&observer);
}

Test(engine, what_could_not_be_stored_is_not_seen_until_it_is)
{
    struct caller caller = {0};
    struct reader reader;
    join("a");
    disk.fails = 2;
    ask(&caller, ORD_RANK_JOIN, "g", "b");
    cr_assert_eq(await(&caller), ORD_UNAVAILABLE);
    cr_assert(strstr(caller.call.error.text, "No space left"), "%s", caller.call.error.text);
    cr_assert_gt(caller.call.error.retry_after_ms, 0);
    cr_assert_str_eq(seen(), "1: a");
    listen_as(&reader, "c");
    read_until(&reader, "end");
    cr_assert_eq(reader.error.code, ORD_UNAVAILABLE);
    stop_listening(&reader);
    struct caller renewal = {0};
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "a"), ORD_OK, "who is in can renew meanwhile");
    wait_until_seen("2: a b");
    restart();
    cr_assert_str_eq(seen(), "2: a b");
}

Test(engine, it_ends_though_the_disk_fails)
{
    struct caller caller = {0};
    join("a");
    disk.fails = 1000;
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "b"), ORD_UNAVAILABLE);
    end();
    cr_assert_leq(disk.commits, 4, "it is not tried for long");
    disk.fails = 0;
    begin();
    cr_assert_str_eq(seen(), "1: a");
}

Test(engine, commands_are_sent_and_acknowledged)
{
    struct reader a, b;
    listen_as(&a, "a");
    read_until(&a, "w1/1,");
    listen_as(&b, "b");
    read_until(&b, "w2/2,");
    read_until(&a, "w1/1,v1/2,");
    struct caller x = send("a", "x"), y = send("a", "y");
    read_until(&b, "w2/2,x,y,");
    struct caller acknowledgement = {.call.command_id = x.id};
    cr_assert_eq(call(&acknowledgement, ORD_RANK_ACKNOWLEDGE, "b"), ORD_OK);
    cr_assert_eq(acknowledgement.pending, 1);
    acknowledgement.call.command_id = y.id + 1;
    cr_assert_eq(call(&acknowledgement, ORD_RANK_ACKNOWLEDGE, "b"), ORD_NOT_FOUND);
    stop_listening(&b);
    listen_as(&b, "b");
    read_until(&b, "w2/2,y,");
    cr_assert_eq(leave("a"), ORD_OK);
    read_until(&a, "w1/1,v1/2,end");
    cr_assert_eq(a.error.code, ORD_OK);
    read_until(&b, "w2/2,y,v1/1,");
    stop_listening(&a);
    stop_listening(&b);
}

Test(engine, a_stream_that_is_replaced_ends)
{
    struct reader first, second;
    listen_as(&first, "a");
    read_until(&first, "w1/1,");
    listen_as(&second, "a");
    read_until(&second, "w1/1,");
    read_until(&first, "w1/1,end");
    cr_assert_eq(first.error.code, ORD_REPLACED);
    stop_listening(&first);
    cr_assert(join("a").is_repeat);
    read_until(&second, "w1/1,end");
    cr_assert_eq(second.error.code, ORD_REPLACED);
    stop_listening(&second);
    cr_assert_str_eq(seen(), "1: a");
}

Test(engine, a_reader_that_leaves_before_it_is_in)
{
    struct caller caller = {0};
    struct reader readers[4];
    hold();
    ask(&caller, ORD_RANK_JOIN, "g", "x");
    wait_until_held();
    listen_as(&readers[0], "a");
    stop_listening(&readers[0]);
    listen_as(&readers[1], NULL);
    stop_listening(&readers[1]);
    let_go();
    cr_assert_eq(await(&caller), ORD_OK);
    hold();
    listen_as(&readers[2], "b");
    wait_until_held();
    stop_listening(&readers[2]);
    let_go();
    wait_until_seen("2: x b");
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.members, 2);
}

Test(engine, leases_run_out)
{
    struct reader observer, stream;
    join("a");
    listen_as(&observer, NULL);
    listen_as(&stream, "b");
    read_until(&stream, "w2/2,");
    for (int i = 0; i < 13; i++) { /* less at a time than what counts as a pause */
        atomic_fetch_add(&moved_ns, 9 * SECOND_NS / 10);
        cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    }
    wait_until_seen("3: b");
    read_until(&stream, "w2/2,v1/1,");
    stop_listening(&stream);
    for (int i = 0; i < 2; i++) {
        atomic_fetch_add(&moved_ns, 9 * SECOND_NS / 10);
        cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    }
    wait_until_seen("4:");
    stop_listening(&observer);
}

/* The system slept for an hour: those who would have renewed meanwhile have their time still. */
Test(engine, a_pause_of_the_system_ends_no_lease)
{
    struct caller renewal = {0};
    join("a");
    join("b");
    atomic_fetch_add(&moved_ns, 3600 * SECOND_NS);
    cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    cr_assert_str_eq(seen(), "2: a b");
    cr_assert_eq(call(&renewal, ORD_RANK_RENEW, "a"), ORD_OK);
}

Test(engine, without_ids_nothing_changes)
{
    struct caller caller = {0}, sender = {.call.sending.text = "x"};
    join("a");
    atomic_store(&has_no_ids, true);
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "b"), ORD_CAPACITY);
    cr_assert_eq(call(&sender, ORD_RANK_SEND, "a"), ORD_CAPACITY);
    cr_assert_eq(leave("a"), ORD_CAPACITY);
    for (int i = 0; i < 13; i++) {
        atomic_fetch_add(&moved_ns, 9 * SECOND_NS / 10);
        cr_assert_eq(leave("nobody"), ORD_NOT_FOUND);
    }
    cr_assert_str_eq(seen(), "1: a");
    atomic_store(&has_no_ids, false);
    wait_until_seen("2:");
}

Test(engine, who_lags_is_evicted)
{
    struct reader b;
    join("a");
    listen_as(&b, "b");
    read_until(&b, "w2/2,");
    for (int i = 0; i < 6; i++)
        send("a", "x");
    wait_until_seen("3: a");
    stop_listening(&b);
    struct ord_rank_figures figures;
    ord_ranks_figures(ranks, &figures);
    cr_assert_eq(figures.evicted, 1);
    cr_assert_eq(figures.accepted, 6);
}

Test(engine, who_leaves_a_command_too_long_is_evicted)
{
    struct reader b;
    join("a");
    listen_as(&b, "b");
    read_until(&b, "w2/2,");
    send("a", "x");
    read_until(&b, "w2/2,x,");
    atomic_store(&now_us, 2000000);
    read_until(&b, "w2/2,x,end");
    cr_assert_eq(b.error.code, ORD_SESSION_OVER);
    cr_assert(strstr(b.error.text, "evicted"));
    stop_listening(&b);
    wait_until_seen("3: a");
    struct ord_rank_figures figures;
    do
        ord_ranks_figures(ranks, &figures);
    while (figures.commands > 0);
}

Test(engine, commands_are_posted_one_at_a_time)
{
    struct caller caller = {.call.joining.url = "http://x/"}, bad = {.call.joining.url = "bad"};
    join("a");
    cr_assert_eq(call(&bad, ORD_RANK_JOIN, "b"), ORD_INVALID_ARGUMENT);
    cr_assert_str_eq(bad.call.error.text, "callback_url: it is bad");
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "b"), ORD_OK);
    send("a", "x");
    send("a", "y");
    struct ord_callback *callback = wait_until_posted("x");
    cr_assert_str_eq(callback->url, "http://x/");
    cr_assert_eq(posted_count, 1);
    take_posted(callback);
    callback->done(callback, true);
    callback = wait_until_posted("y");
    cr_assert_eq(leave("b"), ORD_OK);
    while (atomic_load(&cancelled_count) == 0)
        sched_yield();
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "c"), ORD_OK);
    send("a", "z");
    wait_until_posted("z");
    restart();
    wait_until_posted("z");
    caller.call.joining.url = NULL;
    cr_assert_eq(call(&caller, ORD_RANK_JOIN, "c"), ORD_OK);
    while (atomic_load(&cancelled_count) < 3)
        sched_yield();
    cr_assert_eq(posted_count, 0);
}

Test(engine, a_retry_is_the_same_command)
{
    struct caller first = {.call.sending = {.text = "x", .request_id = "k"}}, again = first, other = first;
    other.call.sending.text = "y";
    join("a");
    cr_assert_eq(call(&first, ORD_RANK_SEND, "a"), ORD_OK);
    cr_assert_eq(call(&again, ORD_RANK_SEND, "a"), ORD_OK);
    cr_assert(again.is_repeat && !first.is_repeat && again.id == first.id);
    cr_assert_eq(call(&other, ORD_RANK_SEND, "a"), ORD_REQUEST_MISMATCH);
    restart();
    cr_assert_eq(call(&again, ORD_RANK_SEND, "a"), ORD_OK);
    cr_assert(again.is_repeat && again.id == first.id);
    cr_assert_eq(leave("a"), ORD_OK);
    cr_assert_eq(call(&again, ORD_RANK_SEND, "a"), ORD_OK, "it was accepted, whoever sent it");
}

Test(engine, what_is_refused_at_once)
{
    struct caller names = {0}, ttl = {.call.joining.ttl_ms = 1}, text = {.call.sending.text = "\xff"};
    struct caller id = {.call.command_id = -1};
    struct ord_rank_listening listening = {.group = "/"};
    struct reader reader;
    cr_assert_eq(call(&names, ORD_RANK_JOIN, "/"), ORD_INVALID_ARGUMENT);
    cr_assert_eq(call(&ttl, ORD_RANK_JOIN, "a"), ORD_OUT_OF_RANGE);
    cr_assert_eq(call(&text, ORD_RANK_SEND, "a"), ORD_INVALID_ARGUMENT);
    cr_assert_eq(call(&id, ORD_RANK_ACKNOWLEDGE, "a"), ORD_OUT_OF_RANGE);
    cr_assert_eq(ord_ranks_listen(ranks, &listening, &reader.feed, NULL), ORD_INVALID_ARGUMENT);
    cr_assert_eq(ord_ranks_look(ranks, "/", look_at, NULL, NULL), ORD_INVALID_ARGUMENT);
}
