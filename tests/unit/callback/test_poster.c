#include "bench.h"

#include <criterion/parameterized.h>

Test(poster, posts_json_with_the_body)
{
    struct bench bench;
    struct item item;
    struct receiver *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    item_post(&bench, &item, receiver_url(receiver, "/ok?token=1"));
    cr_assert(item_wait(&item));
    cr_assert_str_eq(receiver_body(receiver), BODY);
    const char *head = receiver_head(receiver);
    cr_assert_eq(strncmp(head, "POST /ok?token=1 HTTP/1.1\r\n", 27), 0, "%s", head);
    cr_assert(strstr(head, "\r\nContent-Type: application/json\r\n"), "%s", head);
    cr_assert(strstr(head, "\r\nForwarded: for=unknown\r\n"), "%s", head);
    cr_assert(strstr(head, "\r\nUser-Agent: ordinald/"), "%s", head);
    cr_assert_not(strstr(head, "Expect"), "%s", head);
    cr_assert_eq(bench_tries(&bench, ORD_CALLBACK_ACCEPTED), 1);
    cr_assert_eq(bench.fails + bench.works, 0);
    bench_close(&bench);
    receiver_close(receiver);
}

Test(poster, any_2xx_accepts)
{
    static const char *const paths[] = {"/status/201", "/status/204", "/status/299"};
    struct bench bench;
    struct item item;
    struct receiver *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    for (size_t i = 0; i < 3; i++) {
        item_post(&bench, &item, receiver_url(receiver, paths[i]));
        cr_assert(item_wait(&item), "%s", paths[i]);
    }
    cr_assert_eq(receiver_posts(receiver), 3);
    bench_close(&bench);
    receiver_close(receiver);
}

Test(poster, tries_until_it_is_accepted_and_tells_once)
{
    struct bench bench;
    struct item item;
    struct receiver *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    item_post(&bench, &item, receiver_url(receiver, "/flaky/4"));
    cr_assert(item_wait(&item));
    cr_assert_eq(receiver_posts(receiver), 5);
    cr_assert_eq(bench_tries(&bench, ORD_CALLBACK_REFUSED), 4);
    cr_assert_eq(bench_tries(&bench, ORD_CALLBACK_ACCEPTED), 1);
    cr_assert_eq(bench.fails, 1);
    cr_assert_eq(bench.works, 1);
    cr_assert_str_eq(bench.reason, "answered 503; 2xx accepts a command");
    cr_assert(strstr(receiver_url(receiver, ""), bench.door), "%s", bench.door);

    item_post(&bench, &item, receiver_url(receiver, "/status/500"));
    bench_wait_tries(&bench, ORD_CALLBACK_REFUSED, 7);
    cr_assert_eq(bench.fails, 1, "within a minute it is not told again");
    item_cancel(&item);
    cr_assert_not(item_wait(&item));
    bench_close(&bench);
    receiver_close(receiver);
}

/* What does not accept, how it is counted, and what is said of it. */
static const struct failure {
    const char *path;
    enum ord_callback_outcome outcome;
    const char *says;
} failures[] = {
    {"/status/300", ORD_CALLBACK_REFUSED, "answered 300; of redirects 307 and 308"},
    {"/status/404", ORD_CALLBACK_REFUSED, "answered 404"},
    {"/redirect/301?/ok", ORD_CALLBACK_REFUSED, "answered 301; of redirects 307 and 308"},
    {"/redirect/302?/ok", ORD_CALLBACK_REFUSED, "answered 302"},
    {"/redirect/303?/ok", ORD_CALLBACK_REFUSED, "answered 303"},
    {"/redirect/307", ORD_CALLBACK_REFUSED, "answered 307"},
    {"/hop/4", ORD_CALLBACK_REFUSED, "answered 307 after 3 redirects"},
    {"/redirect/307?http://10.0.0.1/", ORD_CALLBACK_FORBIDDEN, "redirects elsewhere: 10.0.0.1 is not in"},
    {"/redirect/308?ftp://127.0.0.1/", ORD_CALLBACK_FORBIDDEN, "redirects elsewhere: the callback URL"},
    {"/redirect/308?file:///etc/passwd", ORD_CALLBACK_FORBIDDEN, "redirects elsewhere: the callback URL"},
    {"/redirect/307?http://u:p@127.0.0.1/", ORD_CALLBACK_FORBIDDEN, "redirects elsewhere: the callback URL"},
    {"/flood/503", ORD_CALLBACK_REFUSED, "answered 503"},
    {"/headers/503", ORD_CALLBACK_REFUSED, "answered 503"},
    {"/drip/503", ORD_CALLBACK_REFUSED, "answered 503"},
    {"/close", ORD_CALLBACK_UNREACHABLE, "cannot be reached: Empty reply"},
    {"/noise", ORD_CALLBACK_UNREACHABLE, "cannot be reached"},
    {"/never", ORD_CALLBACK_LATE, "does not answer in time"},
};

/* Each test is a process of its own, and pointers are no good there. */
ParameterizedTestParameters(poster, all_else_does_not_accept)
{
    static size_t indices[sizeof failures / sizeof *failures];
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        indices[i] = i;
    return cr_make_param_array(size_t, indices, sizeof failures / sizeof *failures);
}

ParameterizedTest(size_t *index, poster, all_else_does_not_accept)
{
    const struct failure *failure = &failures[*index];
    struct bench bench;
    struct item item;
    struct receiver *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    item_post(&bench, &item, receiver_url(receiver, failure->path));
    bench_wait(&bench, &bench.fails, 1);
    cr_assert(strstr(bench.reason, failure->says), "%s: %s", failure->path, bench.reason);
    cr_assert_geq(bench_tries(&bench, failure->outcome), 1, "%s", failure->path);
    cr_assert_eq(bench_tries(&bench, ORD_CALLBACK_ACCEPTED), 0, "%s", failure->path);
    item_cancel(&item);
    cr_assert_not(item_wait(&item), "%s", failure->path);
    bench_close(&bench);
    receiver_close(receiver);
}

/* A status is an answer, whatever comes of the rest. */
Test(poster, a_status_accepts_however_it_goes_on)
{
    static const char *const paths[] = {"/flood/200", "/headers/200", "/drip/200"};
    struct bench bench;
    struct item items[3];
    struct receiver *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    for (size_t i = 0; i < 3; i++)
        item_post(&bench, &items[i], receiver_url(receiver, paths[i]));
    for (size_t i = 0; i < 3; i++)
        cr_assert(item_wait(&items[i]), "%s", paths[i]);
    cr_assert_eq(receiver_posts(receiver), 3);
    bench_close(&bench);
    receiver_close(receiver);
}

/* What the system holds for both ends is some megabytes. */
Test(poster, long_replies_are_not_read_to_their_end)
{
    struct bench bench;
    struct item items[2];
    struct receiver *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    item_post(&bench, &items[0], receiver_url(receiver, "/flood/200"));
    item_post(&bench, &items[1], receiver_url(receiver, "/headers/200"));
    for (int i = 0; i < 2; i++)
        cr_assert(item_wait(&items[i]));
    bench_close(&bench);
    for (int i = 0; i < 20000 && receiver_poured(receiver) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    cr_assert(receiver_poured(receiver) > 0 && receiver_poured(receiver) < 40000000, "%zu",
              receiver_poured(receiver));
    receiver_close(receiver);
}

Test(poster, redirects_are_posted_again)
{
    struct bench bench;
    struct item item;
    char path[256];
    struct receiver *receiver = receiver_open(), *other = receiver_open();
    bench_open(&bench, LOOPBACK);
    item_post(&bench, &item, receiver_url(receiver, "/hop/3"));
    cr_assert(item_wait(&item));
    cr_assert_eq(receiver_posts(receiver), 4);
    cr_assert_str_eq(receiver_body(receiver), BODY);

    snprintf(path, sizeof path, "/redirect/308?%s", receiver_url(other, "/ok"));
    item_post(&bench, &item, receiver_url(receiver, path));
    cr_assert(item_wait(&item));
    cr_assert_str_eq(receiver_body(other), BODY);
    cr_assert_eq(bench.fails, 0);
    bench_close(&bench);
    receiver_close(other);
    receiver_close(receiver);
}

/* Names show where they lead only when a connection is opened. */
Test(poster, names_that_lead_outside_are_not_posted_to)
{
    struct bench bench;
    struct item item;
    char url[128];
    struct ord_error error;
    struct receiver *receiver = receiver_open();
    bench_open(&bench, "10.0.0.0/8");
    snprintf(url, sizeof url, "http://localhost:%d/ok", receiver_port(receiver));
    cr_assert_eq(bench.port.check(bench.port.context, url, &error), ORD_OK);
    item_post(&bench, &item, url);
    bench_wait_tries(&bench, ORD_CALLBACK_FORBIDDEN, 2);
    cr_assert(strstr(bench.reason, "is not in the networks"), "%s", bench.reason);
    cr_assert(strstr(bench.reason, "callback-networks: 10.0.0.0/8"), "%s", bench.reason);
    item_cancel(&item);
    cr_assert_not(item_wait(&item));
    cr_assert_eq(receiver_connections(receiver), 0);
    bench_close(&bench);
    receiver_close(receiver);
}

Test(poster, redirects_to_names_that_lead_outside_are_not_followed)
{
    struct bench bench;
    struct item item;
    char path[256];
    struct receiver *receiver = receiver_open_at("127.0.0.2"), *other = receiver_open();
    bench_open(&bench, "127.0.0.2");
    snprintf(path, sizeof path, "/redirect/307?http://localhost:%d/ok", receiver_port(other));
    item_post(&bench, &item, receiver_url(receiver, path));
    bench_wait_tries(&bench, ORD_CALLBACK_FORBIDDEN, 2);
    cr_assert(strstr(bench.reason, "is not in the networks"), "%s", bench.reason);
    item_cancel(&item);
    cr_assert_not(item_wait(&item));
    cr_assert_geq(receiver_posts(receiver), 2);
    cr_assert_eq(receiver_connections(other), 0);
    bench_close(&bench);
    receiver_close(other);
    receiver_close(receiver);
}

/* Posts that an earlier run allowed are held against the networks of this one. */
Test(poster, addresses_outside_are_not_posted_to_unchecked)
{
    struct bench bench;
    struct item item;
    struct receiver *receiver = receiver_open();
    bench_open(&bench, "10.0.0.0/8");
    item_post(&bench, &item, receiver_url(receiver, "/ok"));
    bench_wait_tries(&bench, ORD_CALLBACK_FORBIDDEN, 2);
    cr_assert_eq(bench.fails, 1);
    item_cancel(&item);
    cr_assert_not(item_wait(&item));
    cr_assert_eq(receiver_connections(receiver), 0);
    bench_close(&bench);
    receiver_close(receiver);
}

Test(poster, the_environment_names_no_proxy)
{
    struct bench bench;
    struct item item;
    struct receiver *receiver = receiver_open(), *proxy = receiver_open();
    setenv("http_proxy", receiver_url(proxy, ""), 1);
    setenv("ALL_PROXY", receiver_url(proxy, ""), 1);
    bench_open(&bench, LOOPBACK);
    item_post(&bench, &item, receiver_url(receiver, "/ok"));
    cr_assert(item_wait(&item));
    cr_assert_eq(receiver_connections(proxy), 0);
    bench_close(&bench);
    receiver_close(proxy);
    receiver_close(receiver);
}

Test(poster, a_dead_receiver_is_tried_until_it_lives)
{
    struct bench bench;
    struct item item;
    struct receiver *receiver = receiver_open();
    char url[64];
    snprintf(url, sizeof url, "%s", receiver_url(receiver, "/ok"));
    receiver_close(receiver);
    bench_open(&bench, LOOPBACK);
    item_post(&bench, &item, url);
    bench_wait_tries(&bench, ORD_CALLBACK_UNREACHABLE, 3);
    cr_assert_str_eq(bench.reason, "cannot be reached: Connection refused");
    item_cancel(&item);
    cr_assert_not(item_wait(&item));
    bench_close(&bench);
}

Test(poster, two_at_a_door_and_its_connections_are_kept)
{
    enum {
        POSTS = 40
    };
    struct bench bench;
    struct item items[POSTS];
    struct receiver *receiver = receiver_open();
    const char *url = receiver_url(receiver, "/held");
    bench_open(&bench, LOOPBACK);
    for (int i = 0; i < POSTS; i++)
        item_post(&bench, &items[i], url);
    receiver_wait(receiver, 2);
    receiver_release(receiver);
    for (int i = 0; i < POSTS; i++)
        cr_assert(item_wait(&items[i]));
    cr_assert_leq(receiver_busiest(receiver), 2);
    cr_assert_leq(receiver_connections(receiver), 2);
    cr_assert_eq(receiver_posts(receiver), POSTS);
    bench_close(&bench);
    receiver_close(receiver);
}

Test(poster, silent_receivers_do_not_hold_up_others)
{
    enum {
        SILENT = 20
    };
    struct bench bench;
    struct item silent[SILENT], item;
    struct receiver *receivers[SILENT], *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    char urls[SILENT][64];
    for (int i = 0; i < SILENT; i++) {
        receivers[i] = receiver_open();
        snprintf(urls[i], sizeof urls[i], "%s", receiver_url(receivers[i], "/never"));
        item_post(&bench, &silent[i], urls[i]);
    }
    for (int i = 0; i < SILENT; i++)
        receiver_wait(receivers[i], 1);
    for (int i = 0; i < 50; i++) {
        item_post(&bench, &item, receiver_url(receiver, "/ok"));
        cr_assert(item_wait(&item));
    }
    cr_assert_eq(bench_tries(&bench, ORD_CALLBACK_ACCEPTED), 50);
    bench_close(&bench);
    for (int i = 0; i < SILENT; i++) {
        cr_assert_eq(silent[i].done, 1);
        receiver_close(receivers[i]);
    }
    receiver_close(receiver);
}

Test(poster, cancelled_before_the_thread_sees_it)
{
    struct bench bench;
    struct item items[100];
    struct receiver *receiver = receiver_open();
    const char *url = receiver_url(receiver, "/status/503");
    bench_open(&bench, LOOPBACK);
    for (int i = 0; i < 100; i++) {
        item_post(&bench, &items[i], url);
        item_cancel(&items[i]);
        item_cancel(&items[i]);
    }
    for (int i = 0; i < 100; i++)
        cr_assert_not(item_wait(&items[i]));
    bench_close(&bench);
    receiver_close(receiver);
}

/* In line, on its way, in a pause: what waits behind it goes on. */
Test(poster, cancelled_wherever_it_is)
{
    struct bench bench;
    struct item held[2], in_line[2], paused, last;
    struct receiver *receiver = receiver_open(), *failing = receiver_open();
    bench_open(&bench, LOOPBACK);
    const char *url = receiver_url(receiver, "/held");
    for (int i = 0; i < 2; i++)
        item_post(&bench, &held[i], url);
    receiver_wait(receiver, 2);
    for (int i = 0; i < 2; i++)
        item_post(&bench, &in_line[i], url);
    item_post(&bench, &paused, receiver_url(failing, "/status/503"));
    bench_wait_tries(&bench, ORD_CALLBACK_REFUSED, 4);

    item_cancel(&in_line[0]);
    cr_assert_not(item_wait(&in_line[0]));
    item_cancel(&paused);
    cr_assert_not(item_wait(&paused));
    item_cancel(&held[0]);
    cr_assert_not(item_wait(&held[0]));
    cr_assert_eq(bench_tries(&bench, ORD_CALLBACK_CANCELLED), 1);
    receiver_wait(receiver, 3);
    item_post(&bench, &last, url);
    receiver_release(receiver);
    cr_assert(item_wait(&held[1]));
    cr_assert(item_wait(&in_line[1]));
    cr_assert(item_wait(&last));
    cr_assert_eq(receiver_posts(receiver), 4);

    item_cancel(&last); /* it is done: nothing happens */
    bench_close(&bench);
    cr_assert_eq(last.done, 1);
    receiver_close(failing);
    receiver_close(receiver);
}

Test(poster, closing_cancels_what_is_left)
{
    struct bench bench;
    struct item held[4], fresh;
    struct receiver *receiver = receiver_open();
    bench_open(&bench, LOOPBACK);
    for (int i = 0; i < 4; i++)
        item_post(&bench, &held[i], receiver_url(receiver, "/never"));
    receiver_wait(receiver, 2);
    item_post(&bench, &fresh, receiver_url(receiver, "/never"));
    bench_close(&bench);
    for (int i = 0; i < 4; i++)
        cr_assert(held[i].done == 1 && !held[i].is_accepted);
    cr_assert(fresh.done == 1 && !fresh.is_accepted);
    receiver_close(receiver);
}

Test(poster, closes_without_having_posted)
{
    struct bench bench;
    bench_open(&bench, LOOPBACK);
    bench_close(&bench);
    cr_assert_null(ord_poster_close(NULL));
}
