/* A pushed stream over REST: Server-Sent Events. */
#include "api/methods.h"
#include "rows.h"
#include "served.h"

#define WATCH "GET /v1/groups/g/events"
#define MORE " HTTP/1.1\r\nHost: test\r\n"

static void open_with(struct bench *bench, unsigned streams, uint32_t heartbeat_ms, uint32_t timeout_ms)
{
    struct ord_http_options options = options_for("127.0.0.1:0");
    struct ord_error error = {0};
    open_service(bench);
    options.event_streams = streams;
    options.heartbeat_ms = heartbeat_ms;
    options.request_timeout_ms = timeout_ms;
    cr_assert_eq(ord_http_open(bench->service, &options, &bench->http, &error), ORD_OK, "%s", error.text);
}

static int watch(const struct bench *bench, const char *request)
{
    int fd = connect_to(bench);
    send_text(fd, request);
    return fd;
}

/* Reads until `part` is there, on top of what is in `text`. */
static void read_until(int fd, const char *part, char text[REPLY_MAX])
{
    size_t used = strlen(text);
    while (!strstr(text, part)) {
        ssize_t got = read(fd, text + used, REPLY_MAX - 1 - used);
        cr_assert_gt(got, 0, "lacks %s: %s", part, text);
        text[used += (size_t)got] = '\0';
    }
}

static void wait_for_feeds(unsigned count)
{
    while (rows_feeds() != count)
        usleep(1000);
}

TestSuite(events, .timeout = 60);

Test(events, tell_what_it_is_and_which)
{
    struct bench bench;
    char text[REPLY_MAX] = "";
    open_with(&bench, 4, 0, 5000);
    int fd = watch(&bench, WATCH MORE "Accept: text/event-stream\r\n\r\n");
    read_until(fd, "\r\n\r\nretry: 1000\n\n", text);
    cr_expect_eq(status_of(text), 200, "%s", text);
    cr_expect(strstr(text, "Content-Type: text/event-stream\r\n"), "%s", text);
    cr_expect(strstr(text, "Cache-Control: no-store\r\n"), "%s", text);
    cr_expect(strstr(text, "Connection: close\r\n"), "%s", text);
    cr_expect_null(strstr(text, "Content-Length"), "%s", text);

    rows_tell();
    text[0] = '\0';
    read_until(fd, "\n\n", text);
    cr_expect_str_eq(text, "event: view\nid: 1\ndata: {\"epoch\":\"1\",\"size\":0,\"rank\":0,\"members\":[],"
                           "\"changes\":[]}\n\n");
    rows_tell();
    text[0] = '\0';
    read_until(fd, "\n\n", text);
    cr_expect_eq(strncmp(text, "event: command\nid: 2\ndata: {\"id\":\"2\",", 37), 0, "%s", text);
    cr_expect(strstr(text, "\"text\":\"a\\n1\"}\n\n"), "%s", text);
    close(fd);
    wait_for_feeds(0);
    close_bench(&bench);
}

Test(events, go_on_after_the_last_one_seen)
{
    struct bench bench;
    char text[REPLY_MAX] = "";
    open_with(&bench, 4, 0, 5000);
    for (int i = 0; i < 5; i++)
        rows_tell();
    int fd = watch(&bench, WATCH "?afterEventId=2" MORE "\r\n");
    read_until(fd, "id: 5\n", text);
    cr_expect_null(strstr(text, "id: 2\n"), "%s", text);
    cr_expect(strstr(text, "id: 3\n"), "%s", text);
    close(fd);
    text[0] = '\0';
    fd = watch(&bench, WATCH "?afterEventId=0000000000000002&format=hex" MORE "Last-Event-ID: 3\r\n\r\n");
    read_until(fd, "id: 5\n", text);
    cr_expect_null(strstr(text, "id: 3\n"), "%s", text);
    cr_expect(strstr(text, "id: 4\ndata: {\"id\":\"0000000000000004\""), "%s", text);
    close(fd);
    wait_for_feeds(0);
    close_bench(&bench);
}

Test(events, what_is_not_taken)
{
    static const struct {
        const char *request;
        int status;
        const char *part;
    } cases[] = {
        {WATCH CLOSE "Accept: application/json\r\n\r\n", 406, "allowed text/event-stream"},
        {WATCH CLOSE "Last-Event-ID: x\r\n\r\n", 400, "last-event-id: afterEventId: 'x'"},
        {WATCH "?colour=1" CLOSE "\r\n", 400, "allowed maxMembers, afterEventId, format\""},
        {WATCH "?afterEventId=-1" CLOSE "\r\n", 400, "afterEventId: "},
        {"GET /v1/groups/none/events" CLOSE "\r\n", 404, "there is no such group"},
        {"GET /v1/groups/none/events" CLOSE "\r\n", 404, "there is no such group"},
        {"POST /v1/groups/g/events" CLOSE "\r\n", 405, "Allow: GET, HEAD, OPTIONS"},
        {"HEAD /v1/groups/g/events" CLOSE "\r\n", 200, "Content-Type: text/event-stream"},
    };
    struct bench bench;
    open_with(&bench, 1, 0, 5000); /* each of them gives its place back */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reply[REPLY_MAX];
        ask(&bench, cases[i].request, reply);
        cr_expect_eq(status_of(reply), cases[i].status, "%s%s", cases[i].request, reply);
        cr_expect(strstr(reply, cases[i].part), "%s%s", cases[i].request, reply);
        cr_expect_eq(rows_feeds(), 0);
    }
    close_bench(&bench);
}

Test(events, end_with_a_problem_or_without)
{
    struct bench bench;
    char text[REPLY_MAX];
    open_with(&bench, 4, 0, 5000);
    rows_end(ORD_REPLACED);
    ask(&bench, WATCH MORE "\r\n", text);
    cr_expect(strstr(text, "\n\nevent: problem\ndata: {\"type\":\"/docs#replaced\","), "%s", text);
    cr_expect(strstr(text, "\"detail\":\"it is over\",\"code\":\"replaced\"}\n\n"), "%s", text);
    rows_end(ORD_OK);
    ask(&bench, WATCH MORE "\r\n", text);
    cr_expect_str_eq(body_of(text), "retry: 1000\n\n");
    close_bench(&bench);
}

Test(events, a_heart_beats_when_there_is_nothing_to_tell)
{
    struct bench bench;
    char text[REPLY_MAX] = "";
    open_with(&bench, 4, 10, 5000);
    int fd = watch(&bench, WATCH MORE "\r\n");
    read_until(fd, "retry: 1000\n\n:\n\n:\n\n", text);
    close(fd);
    close_bench(&bench);
}

/* Of watchers that take nothing, some are served and all others refused; calls go on. */
Test(events, no_number_of_watchers_starves_calls)
{
    enum {
        WATCHERS = 100
    };
    struct bench bench;
    char reply[REPLY_MAX];
    int fds[WATCHERS];
    open_with(&bench, 100, 0, 30000);
    for (int i = 0; i < WATCHERS; i++)
        fds[i] = watch(&bench, "GET /v1/groups/endless/events" MORE "\r\n");
    wait_for_feeds(4); /* half of the threads */
    for (int i = 0; i < 50; i++) {
        ask(&bench, "GET /v1/id" CLOSE "\r\n", reply);
        cr_assert_eq(status_of(reply), 200, "%s", reply);
        ask(&bench, "GET /readyz" CLOSE "\r\n", reply);
        cr_assert_eq(status_of(reply), 200, "%s", reply);
    }
    int refused = 0;
    for (int i = 0; i < WATCHERS; i++) {
        cr_assert_gt(read(fds[i], reply, sizeof reply), 0);
        refused += status_of(reply) == 503;
        if (status_of(reply) == 503)
            cr_expect(strstr(reply, "Retry-After: 5\r\n") && strstr(reply, "Connection: close"), "%s", reply);
        close(fds[i]);
    }
    cr_expect_eq(refused, WATCHERS - 4, "%d", refused);
    wait_for_feeds(0); /* and the places are free again */
    int fd = watch(&bench, WATCH MORE "\r\n");
    wait_for_feeds(1);
    close(fd);
    wait_for_feeds(0);
    close_bench(&bench);
}

Test(events, a_reader_that_takes_nothing_is_dropped)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_with(&bench, 4, 0, 200);
    int fd = watch(&bench, "GET /v1/groups/endless/events" MORE "\r\n");
    cr_assert_gt(read(fd, reply, 1), 0);
    wait_for_feeds(0);
    close(fd);
    close_bench(&bench);
}

/* One stream waits for events, another for its client; both end. */
Test(events, a_drain_ends_them)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_with(&bench, 4, 0, 600000);
    int quiet = watch(&bench, WATCH MORE "\r\n"),
        stuck = watch(&bench, "GET /v1/groups/endless/events" MORE "\r\n");
    wait_for_feeds(2);
    ord_http_drain(bench.http, 600000);
    cr_expect_eq(rows_feeds(), 0);
    read_all(quiet, reply);
    cr_expect_str_eq(body_of(reply), "retry: 1000\n\n");
    ask(&bench, WATCH MORE "\r\n", reply);
    cr_expect_eq(status_of(reply), 503, "%s", reply);
    close(quiet);
    close(stuck);
    close_bench(&bench);
}

Test(events, a_close_ends_them)
{
    struct bench bench;
    open_with(&bench, 4, 0, 5000);
    int fd = watch(&bench, WATCH MORE "\r\n");
    wait_for_feeds(1);
    close_bench(&bench);
    cr_expect_eq(rows_feeds(), 0);
    close(fd);
}

Test(events, may_be_switched_off)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_with(&bench, 0, 0, 5000);
    ask(&bench, WATCH MORE "\r\n", reply);
    cr_expect_eq(status_of(reply), 503, "%s", reply);
    close_bench(&bench);
}
