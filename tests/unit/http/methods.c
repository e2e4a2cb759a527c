/* Rows of each kind, over REST. */
#include <poll.h>

#include "api/methods.h"
#include "rows.h"
#include "served.h"

#define JSON "Content-Type: application/json\r\n"
#define SEND "POST /v1/groups/g/commands"
#define LENGTH(n) "Content-Length: " #n "\r\n\r\n"

struct expected {
    const char *request;
    int status;
    const char *part; /* of the reply */
};

static void expect_replies(const struct expected *cases, size_t count)
{
    struct bench bench;
    open_bench(&bench, NULL);
    for (size_t i = 0; i < count; i++) {
        char reply[REPLY_MAX];
        ask(&bench, cases[i].request, reply);
        cr_expect_eq(status_of(reply), cases[i].status, "%s\n%s", cases[i].request, reply);
        cr_expect(strstr(reply, cases[i].part), "%s\n%s\nlacks %s", cases[i].request, reply, cases[i].part);
    }
    close_bench(&bench);
}

#define EXPECT_REPLIES(cases) expect_replies(cases, sizeof(cases) / sizeof *(cases))

Test(answers, that_come_later_and_in_text)
{
    static const struct expected cases[] = {
        {"GET /v1/sequences/x/next?count=3" CLOSE "\r\n", 200,
         "{\"first\":\"41\",\"last\":\"41\",\"count\":3,"},
        {"POST /v1/sequences/x/next" CLOSE "\r\n", 200, "\"count\":0"},
        {"GET /v1/sequences/at-once/next" CLOSE "\r\n", 200, "\"first\":\"41\""},
        {"GET /v1/sequences/x/next" CLOSE "Accept: text/plain\r\n\r\n", 200, "\r\n\r\n41\n"},
        {"GET /v1/sequences/x/next" CLOSE "Accept: text/plain;q=0.5, application/json\r\n\r\n", 200,
         "{\"first\""},
        {"GET /v1/sequences/x/next" CLOSE "Accept: image/png\r\n\r\n", 406,
         "allowed application/json, text/plain"},
        {"GET /v1/sequences/none/next" CLOSE "Accept: text/plain\r\n\r\n", 404, "application/problem+json"},
        {"HEAD /v1/sequences/x/next" CLOSE "\r\n", 405, "Allow: POST, GET, OPTIONS\r\n"},
        {"DELETE /v1/sequences/x/next" CLOSE "\r\n", 405, "Allow: POST, GET, OPTIONS\r\n"},
        {"DELETE /v1/sequences/x" CLOSE "\r\n", 200, "{}"},
        {"DELETE /v1/sequences/x" CLOSE JSON LENGTH(2) "{}", 400, "body: this method takes none"},
        {"GET /v1/sequences/x" CLOSE "\r\n", 405, "Allow: DELETE, OPTIONS\r\n"},
        {"DELETE /v1/sequences/x" CLOSE "Accept: text/plain\r\n\r\n", 406, "allowed application/json\""},
    };
    EXPECT_REPLIES(cases);
}

Test(bodies, are_objects_of_json)
{
    static const struct expected cases[] = {
        {SEND CLOSE JSON LENGTH(32) "{\"name\":\"me\",\"text\":\"go \\u00fc\"}", 200,
         "\"group\":\"g\",\"sender\":\"me\""},
        {SEND CLOSE JSON LENGTH(12) "{\"text\":\"x\"}", 200, "\"text\":\"x|\""},
        {SEND "?text=y" CLOSE JSON LENGTH(13) "{\"name\":\"me\"}", 200, "\"text\":\"y|\""},
        {SEND CLOSE "content-type: Application/JSON; charset=utf-8\r\n" LENGTH(2) "{}", 200, "\"text\":\"|\""},
        {SEND CLOSE LENGTH(0), 200, "\"text\":\"|\""},
        {SEND "?name=q" CLOSE "\r\n", 200, "\"sender\":\"q\""},
        {SEND CLOSE JSON LENGTH(21) "{\"name\":null,\"text\":\"\"}", 400, "not JSON"},
        {SEND CLOSE JSON LENGTH(23) "{\"name\":null,\"text\":\"\"}", 200, "\"sender\":\"\""},
        {SEND CLOSE JSON LENGTH(16) "{\"sessionId\": 7}", 200, "\"id\":\"7\""},
        {SEND "?format=hex" CLOSE JSON LENGTH(32) "{\"sessionId\":\"000000000000000a\"}", 200,
         "\"id\":\"000000000000000a\""},
        {SEND CLOSE JSON LENGTH(13) "{\"group\":\"g\"}", 200, "\"group\":\"g\""},
        {SEND CLOSE JSON LENGTH(13) "{\"group\":\"h\"}", 400, "body: group is another than in the path"},
        {SEND "?text=y" CLOSE JSON LENGTH(12) "{\"text\":\"x\"}", 400, "\"code\":\"repeated-parameter\""},
        {SEND "?text=y" CLOSE JSON LENGTH(12) "{\"text\":\"y\"}", 400, "text: given more than once"},
        {SEND CLOSE JSON LENGTH(12) "{\"colour\":1}", 400,
         "body: 'colour' is not a field; allowed group, name, sessionId, text, requestId"},
        {SEND CLOSE JSON LENGTH(12) "{\"colour\":1}", 400, "\"code\":\"unknown-parameter\""},
        {SEND CLOSE JSON LENGTH(10) "{\"text\":7}", 400, "body: text: of another type; allowed a string"},
        {SEND CLOSE JSON LENGTH(18) "{\"sessionId\":\"-1\"}", 400, "body: sessionId: "},
        {SEND CLOSE JSON LENGTH(5) "{} {}", 400, "body: not JSON: line 1, column 4"},
        {SEND CLOSE JSON LENGTH(2) "[]", 400, "body: of another type; allowed an object"},
        {SEND CLOSE JSON LENGTH(23) "{\"text\":\"a\",\"text\":\"b\"}", 400, "duplicate object key"},
        {SEND CLOSE "Content-Type: text/plain\r\n" LENGTH(2) "{}", 415, "allowed application/json"},
        {SEND CLOSE "Content-Type: application/jsonp\r\n" LENGTH(2) "{}", 415, "\"unsupported-media-type\""},
        {SEND CLOSE LENGTH(2) "{}", 415, "application/problem+json"},
        {SEND CLOSE JSON "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"text\"\r\n5\r\n:\"x\"}\r\n0\r\n\r\n", 200,
         "\"text\":\"x|\""},
        {SEND CLOSE JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "\"text\":\"|\""},
        {SEND CLOSE JSON "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "body: it broke off"},
        {SEND CLOSE JSON "Expect: 100-continue\r\n" LENGTH(12) "{\"text\":\"x\"}", 100, "\"text\":\"x|\""},
        {"POST /v1/sequences/x/next" CLOSE JSON LENGTH(11) "{\"count\":5}", 200, "\"count\":5"},
        {"GET /v1/sequences/x/next" CLOSE JSON LENGTH(11) "{\"count\":5}", 200, "\"count\":0"},
    };
    EXPECT_REPLIES(cases);
}

Test(bodies, have_a_bound)
{
    static const struct {
        int size, status;
        bool is_chunked;
    } cases[] = {{119, 200, 0}, {120, 200, 0}, {121, 413, 0},  {119, 200, 1},
                 {120, 200, 1}, {121, 413, 1}, {60000, 413, 0}};
    struct bench bench;
    open_bench(&bench, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char request[65536];
        char reply[REPLY_MAX], body[61000], length[64];
        snprintf(body, sizeof body, "{\"text\":\"%0*d\"}", cases[i].size - 11, 7);
        snprintf(length, sizeof length,
                 cases[i].is_chunked ? "Transfer-Encoding: chunked\r\n\r\n%x" : "Content-Length: %d\r\n",
                 cases[i].size);
        snprintf(request, sizeof request, SEND CLOSE JSON "%s\r\n%s%s", length, body,
                 cases[i].is_chunked ? "\r\n0\r\n\r\n" : "");
        ask(&bench, request, reply);
        cr_expect_eq(status_of(reply), cases[i].status, "%d bytes: %s", cases[i].size, reply);
        cr_expect_eq(strstr(reply, "\"code\":\"too-large\"") != NULL, cases[i].status == 413, "%s", reply);
    }
    close_bench(&bench);
}

Test(bodies, that_do_not_come_end_the_connection)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_service(&bench);
    struct ord_http_options options = options_for("127.0.0.1:0");
    options.request_timeout_ms = 200;
    cr_assert_eq(ord_http_open(bench.service, &options, &bench.http, NULL), ORD_OK);
    ask(&bench, SEND " HTTP/1.1\r\nHost: test\r\n" JSON LENGTH(20) "{\"text\"", reply);
    cr_expect_eq(status_of(reply), 400, "%s", reply);
    cr_expect(strstr(reply, "did not arrive in time"), "%s", reply);
    cr_expect(strstr(reply, "Connection: close\r\n"), "%s", reply);
    ask(&bench, SEND " HTTP/1.1\r\nHost: test\r\n" JSON "Expect: 100-continue\r\n" LENGTH(121), reply);
    cr_expect_eq(status_of(reply), 413, "%s", reply);
    cr_expect(strstr(reply, "Connection: close\r\n"), "%s", reply);
    close_bench(&bench);
}

/* What follows a body on the same connection is the next request. */
Test(bodies, keep_the_connection)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_bench(&bench, NULL);
    ask(&bench,
        SEND " HTTP/1.1\r\nHost: test\r\n" JSON LENGTH(12) "{\"text\":\"x\"}" //
        SEND " HTTP/1.1\r\nHost: test\r\n" JSON LENGTH(
            12) "{\"colour\":1}" SEND " HTTP/1.1\r\nHost: test\r\n" LENGTH(12) "{\"text\":\"z\"}"
                                                                               "GET /livez" CLOSE "\r\n",
        reply);
    cr_expect(strstr(reply, "\"text\":\"x|\""), "%s", reply);
    cr_expect(strstr(reply, "'colour'"), "%s", reply);
    cr_expect(strstr(reply, "HTTP/1.1 415 "), "%s", reply);
    cr_expect(strstr(reply, "\r\n\r\nok\n"), "%s", reply);
    close_bench(&bench);
}

Test(keys, of_every_request_that_has_a_field_for_them)
{
    static const struct expected cases[] = {
        {SEND CLOSE "Idempotency-Key: \"k 1\"\r\n\r\n", 200, "\"text\":\"|k 1\""},
        {SEND "?requestId=k" CLOSE "\r\n", 200, "\"text\":\"|k\""},
        {SEND CLOSE JSON LENGTH(17) "{\"requestId\":\"k\"}", 200, "\"text\":\"|k\""},
        {SEND "?requestId=k" CLOSE "Idempotency-Key: k\r\n\r\n", 400, "\"code\":\"repeated-parameter\""},
        {SEND CLOSE "Idempotency-Key: k\r\n" JSON LENGTH(17) "{\"requestId\":\"k\"}", 400,
         "allowed one of them"},
        {SEND CLOSE JSON LENGTH(16) "{\"requestId\":\"\"}", 400, "allowed 1 to 128 printable"},
        {SEND "?requestId=" CLOSE "\r\n", 400, "allowed 1 to 128 printable"},
        {SEND CLOSE "Idempotency-Key: \xc3\xa4\r\n\r\n", 400, "allowed 1 to 128 printable"},
        {"DELETE /v1/sequences/x" CLOSE "Idempotency-Key: k\r\n\r\n", 400,
         "idempotency-key: this method takes none"},
        {"GET /v1/id" CLOSE "Idempotency-Key: k\r\n\r\n", 400, "idempotency-key: this method takes none"},
    };
    EXPECT_REPLIES(cases);
}

/* What changes something, and whether a browser may have it done. */
static void expect_change(const char *cors_origin, const char *headers, bool is_taken)
{
    static const char *const calls[] = {"POST /v1/sequences/x/next", "GET /v1/sequences/x/next",
                                        "DELETE /v1/sequences/x"};
    struct bench bench;
    open_bench(&bench, cors_origin);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char request[512], reply[REPLY_MAX];
        snprintf(request, sizeof request, "%s HTTP/1.1\r\nConnection: close\r\n%s\r\n", calls[i], headers);
        ask(&bench, request, reply);
        cr_expect_eq(status_of(reply), is_taken ? 200 : 403, "%s\n%s%s", cors_origin, request, reply);
    }
    close_bench(&bench);
}

Test(access, pages_of_other_sites_change_nothing)
{
    static const struct {
        const char *cors_origin, *headers;
        bool is_taken;
    } cases[] = {
        {NULL, "", true},
        {NULL, "Host: ids.example:8080\r\n", true},
        {NULL, "Host: localhost:8080\r\nSec-Fetch-Site: none\r\n", true},
        {NULL, "Host: localhost:8080\r\nSec-Fetch-Site: same-origin\r\n", true},
        {NULL, "Host: localhost:8080\r\nSec-Fetch-Site: same-site\r\n", false},
        {NULL, "Host: localhost:8080\r\nSec-Fetch-Site: cross-site\r\n", false},
        {"*", "Host: localhost:8080\r\nSec-Fetch-Site: cross-site\r\n", false},
        {NULL, "Host: localhost:8080\r\nOrigin: http://localhost:8080\r\n", true},
        {NULL, "Host: 127.0.0.1:8080\r\nOrigin: http://127.0.0.1:8080\r\n", true},
        {NULL, "Host: 192.0.2.7:8080\r\nOrigin: http://192.0.2.7:8080\r\n", true},
        {NULL, "Host: [::1]:8080\r\nOrigin: http://[::1]:8080\r\n", true},
        {NULL, "Host: localhost:8080\r\nOrigin: http://localhost:9090\r\n", false},
        {NULL, "Host: localhost:8080\r\nOrigin: https://evil.example\r\n", false},
        {NULL, "Host: localhost:8080\r\nOrigin: null\r\n", false},
        {NULL, "Host: evil.example\r\nOrigin: http://evil.example\r\n", false},
        {NULL, "Host: 127.0.0.1.evil.example\r\nOrigin: http://127.0.0.1.evil.example\r\n", false},
        {"*", "Host: localhost:8080\r\nOrigin: https://ops.example\r\nSec-Fetch-Site: cross-site\r\n", true},
        {"https://ops.example", "Host: x\r\nOrigin: https://ops.example\r\nSec-Fetch-Site: cross-site\r\n",
         true},
        {"https://ops.example", "Host: localhost:8080\r\nOrigin: https://evil.example\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_change(cases[i].cors_origin, cases[i].headers, cases[i].is_taken);
}

/* With 8 threads two may wait; a third is refused, and the others go on. */
Test(waiting, is_for_so_many_at_a_time)
{
    static const char asked[] = "GET /v1/sequences/x/next" CLOSE "\r\n";
    struct bench bench;
    char reply[REPLY_MAX];
    int waiting[2];
    open_bench(&bench, NULL);
    rows_hold_answers();
    for (unsigned i = 0; i < 2; i++) {
        waiting[i] = connect_to(&bench);
        send_text(waiting[i], asked);
        while (rows_held() <= i)
            usleep(1000);
    }
    ask(&bench, asked, reply);
    cr_expect_eq(status_of(reply), 503, "%s", reply);
    cr_expect(strstr(reply, "Retry-After: 1\r\n"), "%s", reply);
    ask(&bench, "GET /v1/id" CLOSE "\r\n", reply);
    cr_expect_eq(status_of(reply), 200, "%s", reply);
    ask(&bench, "GET /v1/sequences/at-once/next" CLOSE "\r\n", reply);
    cr_expect_eq(status_of(reply), 200, "who need not wait takes no place: %s", reply);
    rows_let_answers_go();
    for (unsigned i = 0; i < 2; i++) {
        read_all(waiting[i], reply);
        cr_expect_eq(status_of(reply), 200, "%s", reply);
        close(waiting[i]);
    }
    ask(&bench, asked, reply);
    cr_expect_eq(status_of(reply), 200, "%s", reply);
    close_bench(&bench);
}

/* The reply to a request does not wait along with one behind it. */
Test(waiting, replies_before_are_sent)
{
    struct bench bench;
    char reply[REPLY_MAX] = "";
    size_t used = 0;
    open_bench(&bench, NULL);
    rows_hold_answers();
    int fd = connect_to(&bench);
    send_text(fd, "GET /v1/id HTTP/1.1\r\nHost: test\r\n\r\nGET /livez HTTP/1.1\r\nHost: test\r\n\r\n"
                  "GET /v1/sequences/x/next" CLOSE "\r\n");
    while (!strstr(reply, "\r\n\r\nok\n")) {
        ssize_t got = read(fd, reply + used, sizeof reply - 1 - used);
        cr_assert_gt(got, 0);
        reply[used += (size_t)got] = '\0';
    }
    rows_let_answers_go();
    read_all(fd, reply);
    cr_expect_eq(status_of(reply), 200, "%s", reply);
    close(fd);
    close_bench(&bench);
}
