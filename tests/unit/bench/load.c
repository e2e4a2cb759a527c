/* The engine against servers that say what a test wants, whatever they are asked. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

/* Answers each read of a connection with `words`, `piece` bytes at a time, and closes it then if `closes`. */
struct server {
    const char *words;
    size_t size, piece;
    bool closes;
    int listener;
    char port[8];
};

static void say(int peer, const struct server *server)
{
    for (size_t at = 0; at < server->size; at += server->piece) {
        size_t left = server->size - at;
        if (send(peer, server->words + at, left < server->piece ? left : server->piece, MSG_NOSIGNAL) < 0)
            return;
    }
}

struct guest {
    const struct server *server;
    int peer;
};

static void *attend(void *context)
{
    struct guest guest = *(struct guest *)context;
    char bytes[4096];
    free(context);
    while (recv(guest.peer, bytes, sizeof bytes, 0) > 0) {
        say(guest.peer, guest.server);
        if (guest.server->closes)
            break;
    }
    close(guest.peer);
    return NULL;
}

static void *serve(void *context)
{
    const struct server *server = context;
    for (int peer; (peer = accept(server->listener, NULL, NULL)) >= 0;) {
        const int on = 1;
        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* pieces stay pieces */
        struct guest *guest = malloc(sizeof *guest);
        *guest = (struct guest){server, peer};
        pthread_t thread;
        if (pthread_create(&thread, NULL, attend, guest) == 0)
            pthread_detach(thread);
    }
    return NULL;
}

/* Lives as long as the test's process. */
static void start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    pthread_t thread;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(server->listener, 16), 0);
    cr_assert_eq(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->port, sizeof server->port, "%u", ntohs(address.sin_port));
    cr_assert_eq(pthread_create(&thread, NULL, serve, server), 0);
}

static struct ord_bench_plan plan_for(const struct server *server, bool is_grpc)
{
    return (struct ord_bench_plan){
        .is_grpc = is_grpc,
        .host = "127.0.0.1",
        .port = server->port,
        .prefix = "",
        .ids = 1,
        .connections = 2,
        .in_flight = 1,
        .threads = 2,
        .duration_ms = 200,
        .timeout_ms = 100,
    };
}

static struct ord_bench_result result; /* large for a stack */

static void run(const struct ord_bench_plan *plan)
{
    struct ord_bench *bench;
    struct ord_error error;
    cr_assert_eq(ord_bench_start(plan, &bench, &error), ORD_OK, "%s", error.text);
    ord_bench_finish(bench, &result);
}

#define WORDS(text) .words = (text), .size = sizeof(text) - 1

#define HTTP_ID                                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"                                                            \
    "{\"id\":\"7\"}"

Test(load, an_answer_in_any_pieces_is_read)
{
    static const size_t pieces[] = {1, 3, 10, 40, 4096};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        static struct server servers[sizeof pieces / sizeof *pieces];
        servers[i] = (struct server){WORDS(HTTP_ID), .piece = pieces[i]};
        start(&servers[i]);
        struct ord_bench_plan plan = plan_for(&servers[i], false);
        run(&plan);
        cr_assert_gt(result.calls, 2, "pieces of %zu", pieces[i]);
        cr_assert_eq(ord_outcomes_total(&result.failures), 0, "pieces of %zu: %s", pieces[i],
                     result.failures.rows[0].messages[0].text);
        cr_assert_eq(result.repeated, result.checked - 1, "it is always the same ID");
    }
}

Test(load, answers_that_nobody_asked_for_are_told)
{
    static struct server server = {WORDS(HTTP_ID HTTP_ID), .piece = 4096};
    start(&server);
    struct ord_bench_plan plan = plan_for(&server, false);
    plan.duration_ms = 1000; /* time to connect again */
    plan.timeout_ms = 10000;
    run(&plan);
    cr_assert_gt(result.calls, 0);
    cr_assert_gt(result.connects, 2, "the connection is of no more use");
}

Test(load, what_is_no_http_is_told)
{
    static struct server server = {WORDS("SSH-2.0-OpenSSH_9.2\r\n"), .piece = 4096};
    start(&server);
    struct ord_bench_plan plan = plan_for(&server, false);
    run(&plan);
    cr_assert_eq(result.calls, 0);
    cr_assert_str_eq(result.failures.rows[0].status, "UNAVAILABLE");
    cr_assert_str_eq(result.failures.rows[0].messages[0].text, "the answer is no HTTP");
}

Test(load, what_is_no_http2_is_told)
{
    static struct server server = {WORDS("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
                                   .piece = 4096};
    start(&server);
    struct ord_bench_plan plan = plan_for(&server, true);
    run(&plan);
    cr_assert_eq(result.calls, 0);
    cr_assert_eq(result.connects, 0);
    cr_assert_gt(result.refused, 0);
    cr_assert_neq(result.refusal[0], '\0');
}

Test(load, a_server_that_hangs_up_is_told)
{
    static struct server server = {WORDS(""), .piece = 1, .closes = true};
    start(&server);
    struct ord_bench_plan plan = plan_for(&server, false);
    run(&plan);
    cr_assert_eq(result.calls, 0);
    cr_assert_str_eq(result.failures.rows[0].messages[0].text, "the connection was closed by the server");
}

Test(load, a_rest_server_that_says_nothing_is_not_waited_for_beyond_the_timeout, .timeout = 10)
{
    static struct server server = {WORDS(""), .piece = 1};
    start(&server);
    struct ord_bench_plan plan = plan_for(&server, false);
    run(&plan);
    cr_assert_eq(result.calls, 0);
    cr_assert_str_eq(result.failures.rows[0].status, "DEADLINE_EXCEEDED");
}

Test(load, a_grpc_server_that_says_nothing_is_not_waited_for_beyond_the_timeout, .timeout = 10)
{
    static struct server server = {WORDS(""), .piece = 1};
    start(&server);
    struct ord_bench_plan plan = plan_for(&server, true);
    run(&plan);
    cr_assert_eq(result.calls, 0);
    cr_assert_str_eq(result.refusal, "the server did not greet in time");
}

Test(load, nobody_there_is_told)
{
    static struct server server = {.port = "1"};
    struct ord_bench_plan plan = plan_for(&server, true);
    run(&plan);
    cr_assert_eq(result.calls, 0);
    cr_assert_eq(ord_outcomes_total(&result.failures), 0);
    cr_assert_gt(result.refused, 0);
    cr_assert_str_eq(result.refusal, "the connection cannot be made: Connection refused");
}

/* The second word to stop does not wait for calls under way. */
Test(load, stopped_twice_it_waits_for_nothing, .timeout = 20)
{
    static struct server server = {WORDS(""), .piece = 1};
    start(&server);
    struct ord_bench_plan plan = plan_for(&server, false);
    plan.duration_ms = plan.timeout_ms = 3600 * 1000;
    struct ord_bench *bench;
    cr_assert_eq(ord_bench_start(&plan, &bench, NULL), ORD_OK);
    ord_bench_stop(bench);
    ord_bench_stop(bench);
    ord_bench_finish(bench, &result);
    cr_assert_eq(result.calls, 0);
}

Test(load, a_host_that_is_not_there_is_told)
{
    static struct server server = {.port = "1"};
    struct ord_bench_plan plan = plan_for(&server, true);
    struct ord_bench *bench;
    struct ord_error error;
    plan.host = "no host.invalid";
    cr_assert_eq(ord_bench_start(&plan, &bench, &error), ORD_UNAVAILABLE);
    cr_assert_not_null(strstr(error.text, "no host.invalid: cannot be found"), "%s", error.text);
}

Test(load, a_layout_that_is_none_is_told)
{
    static struct server server = {.port = "1"};
    struct ord_bench_plan plan = plan_for(&server, true);
    struct ord_bench *bench;
    struct ord_error error;
    plan.fields = "nonsense";
    cr_assert_eq(ord_bench_start(&plan, &bench, &error), ORD_INVALID_ARGUMENT);
}
