#include "http/server.h"

#include "served.h"

Test(open, addresses_that_cannot_be_used)
{
    static const struct {
        const char *listen, *cause;
    } cases[] = {
        {"[::1]:8080", "listen on [::1]:8080: IPv6 is not supported"},
        {"8080", "listen on 8080: is not an address"},
        {"localhost:8080", "is not an address"},
        {"127.0.0.1:", "is not an address"},
        {"127.0.0.1:65536", "is not an address"},
        {"127.0.0.1:80s", "is not an address"},
        {"127.0.0.1:80,127.0.0.1:81", "is not an address"},
        {"127.0.0.256:80", "is not an address"},
        {"192.0.2.1:0", "listen on 192.0.2.1:0: Cannot assign requested address"},
    };
    struct bench bench;
    open_service(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ord_http_options options = options_for(cases[i].listen);
        struct ord_error error = {0};
        cr_assert_neq(ord_http_open(bench.service, &options, &bench.http, &error), ORD_OK, "%s",
                      cases[i].listen);
        cr_assert(strstr(error.text, cases[i].cause), "%s: %s", cases[i].listen, error.text);
        cr_assert_null(bench.http);
    }
    close_bench(&bench);
}

Test(open, an_address_in_use_is_said_to_be)
{
    struct bench bench;
    open_bench(&bench, NULL);
    struct ord_http_options options = options_for(ord_http_address(bench.http));
    struct ord_http *second = NULL;
    struct ord_error error = {0};
    cr_assert_eq(ord_http_open(bench.service, &options, &second, &error), ORD_INTERNAL);
    cr_assert(strstr(error.text, ": Address already in use"), "%s", error.text);
    cr_assert_null(second);
    close_bench(&bench);
}

Test(open, origins)
{
    static const char *const bad[] = {"example.org",         "https://", "https://a/b", "https://a\r\nX: y",
                                      "https://a,https://b", "**",       "null"};
    struct bench bench;
    open_service(&bench);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ord_http_options options = options_for("127.0.0.1:0");
        options.cors_origin = bad[i];
        struct ord_error error = {0};
        cr_assert_eq(ord_http_open(bench.service, &options, &bench.http, &error), ORD_INVALID_ARGUMENT, "%s",
                     bad[i]);
        cr_assert_eq(strncmp(error.text, "cors-origin: ", 13), 0, "%s", error.text);
    }
    close_bench(&bench);
}

Test(answer, by_request)
{
    static const struct {
        const char *request;
        int status;
        const char *part; /* of the reply */
    } cases[] = {
        {"GET /v1/id" CLOSE "\r\n", 200, "Content-Type: application/json\r\n"},
        {"GET /v1/id" CLOSE "Accept: text/plain\r\n\r\n", 200, "Content-Type: text/plain; charset=utf-8\r\n"},
        {"GET /v1/ids?count=2" CLOSE "\r\n", 200, "{\"ids\":[\""},
        {"GET /v1/ids?count=2&form=runs" CLOSE "\r\n", 200, "\"count\":2"},
        {"GET /v1/ids/7" CLOSE "\r\n", 200, "\"sequence\":7"},
        {"GET /v1/ids/0000000000000007?format=hex" CLOSE "\r\n", 200, "\"id\":\"0000000000000007\""},
        {"GET /v1/ids/%37" CLOSE "\r\n", 200, "\"sequence\":7"},
        {"GET /v1/ids:bounds?start=2026-03-01T13:00:00+01:00&end=2026-03-01T12:00:01Z" CLOSE "\r\n", 200,
         "\"minId\":"},
        {"GET /livez" CLOSE "\r\n", 200, "\r\n\r\nok\n"},
        {"GET /readyz" CLOSE "\r\n", 200, "\r\n\r\nok\n"},
        {"GET /metrics" CLOSE "\r\n", 200, "# TYPE "},
        {"GET /" CLOSE "Accept: */*\r\n\r\n", 200, "Content-Type: text/plain"},
        {"GET /" CLOSE "Accept: text/html,*/*;q=0.8\r\n\r\n", 200, "<!doctype html>"},
        {"GET /openapi.yaml" CLOSE "\r\n", 200, "openapi: 3.1"},
        {"GET /openapi.yaml" CLOSE "Accept-Encoding: gzip\r\n\r\n", 200, "Content-Encoding: gzip\r\n"},
        {"GET /openapi.yaml" CLOSE "If-None-Match: *\r\n\r\n", 304, "ETag: W/\""},
        {"OPTIONS /v1/id" CLOSE "\r\n", 204, "Allow: GET, HEAD, OPTIONS\r\n"},
        {"GET /v1/clock" CLOSE "\r\n", 200, "\"state\":\"CLOCK_STATE_FOLLOWING\""},
        {"OPTIONS /v1/clock:accept" CLOSE "\r\n", 204, "Allow: POST, OPTIONS\r\n"},
        {"GET /v1/clock:accept" CLOSE "\r\n", 405, "Allow: POST, OPTIONS\r\n"},
        {"HEAD /v1/clock:accept" CLOSE "\r\n", 405, "Allow: POST, OPTIONS\r\n"},
        {"POST /v1/clock" CLOSE "\r\n", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
        {"POST /v1/clock:accept" CLOSE "\r\n", 409, "\"code\":\"failed-precondition\""},
        {"POST /v1/clock:reject" CLOSE "Content-Length: 0\r\n\r\n", 409, "\"code\":\"failed-precondition\""},
        {"POST /v1/clock:reject" CLOSE "Content-Length: 2\r\n\r\n{}", 400, "body: this method takes none"},
        {"POST /v1/clock:reject" CLOSE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "body: this method"},
        {"POST /v1/clock:reject?x=1" CLOSE "\r\n", 400, "\"code\":\"unknown-parameter\""},
        {"GET /v1/ids" CLOSE "\r\n", 400, "count: is required"},
        {"GET /v1/ids?count=0" CLOSE "\r\n", 400, "\"code\":\"out-of-range\""},
        {"GET /v1/ids?count=1&count=1" CLOSE "\r\n", 400, "\"code\":\"repeated-parameter\""},
        {"GET /v1/ids?count=1&form=x" CLOSE "\r\n", 400, "form: 'x' is not a form; allowed ids, runs"},
        {"GET /v1/ids?count=%3" CLOSE "\r\n", 400, "\"code\":\"invalid-argument\""},
        {"GET /v1/id?n=1" CLOSE "\r\n", 400, "'n' is not a parameter; allowed format"},
        {"GET /v1/ids?count=1&x" CLOSE "\r\n", 400, "allowed count, tag, requestId, format, form"},
        {"GET /v1/ids/7?form=ids" CLOSE "\r\n", 400, "'form' is not a parameter; allowed format"},
        {"GET /v1/id/" CLOSE "\r\n", 404, "\"code\":\"not-found\""},
        {"GET /docs/../v1/id" CLOSE "\r\n", 404, "\"type\":\"/docs#not-found\""},
        {"POST /v1/id" CLOSE "Content-Length: 2\r\n\r\nhi", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
        {"GET /v1/id" CLOSE "Accept: image/png\r\n\r\n", 406, "application/problem+json"},
        {"GET /v1/ids/7" CLOSE "Accept: text/plain\r\n\r\n", 406, "allowed application/json\""},
        {"nonsense\r\n\r\n", 400, "application/problem+json"},
        {"GET / HTTP/3.0\r\n\r\n", 505, "application/problem+json"},
    };
    struct bench bench;
    open_bench(&bench, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reply[REPLY_MAX];
        ask(&bench, cases[i].request, reply);
        cr_assert_eq(status_of(reply), cases[i].status, "%s%s", cases[i].request, reply);
        cr_assert(strstr(reply, cases[i].part), "%s%s", cases[i].request, reply);
        cr_assert(strstr(reply, "X-Content-Type-Options: nosniff\r\n"), "%s%s", cases[i].request, reply);
        cr_assert(strstr(reply, "Connection: close\r\n"), "%s%s", cases[i].request, reply);
        cr_assert_null(strstr(reply, "Access-Control-"), "%s%s", cases[i].request, reply);
    }
    close_bench(&bench);
}

Test(answer, requests_of_any_size)
{
    static const struct {
        int path, header, status;
    } cases[] = {{4095, 0, 404}, {4096, 0, 414},  {1, 7900, 404},
                 {1, 8192, 431}, {1, 20000, 400}, {20000, 0, 400}};
    struct bench bench;
    open_bench(&bench, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char request[65536], filler[32768];
        char reply[REPLY_MAX];
        memset(filler, 'a', sizeof filler);
        snprintf(request, sizeof request, "GET /%.*s" CLOSE "Filler: %.*s\r\n\r\n", cases[i].path, filler,
                 cases[i].header, filler);
        ask(&bench, request, reply);
        cr_assert_eq(status_of(reply), cases[i].status, "path %d, header %d: %s", cases[i].path,
                     cases[i].header, reply);
    }
    close_bench(&bench);
}

Test(answer, head_is_get_without_a_body)
{
    struct bench bench;
    char get[REPLY_MAX], head[REPLY_MAX];
    open_bench(&bench, NULL);
    static const char *const rests[] = {"/livez" CLOSE "\r\n", "/openapi.yaml" CLOSE "\r\n",
                                        "/nothing" CLOSE "\r\n", "/v1/ids?count=3" CLOSE "\r\n"};
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        char request[256];
        snprintf(request, sizeof request, "GET %s", rests[i]);
        ask(&bench, request, get);
        snprintf(request, sizeof request, "HEAD %s", rests[i]);
        ask(&bench, request, head);
        cr_assert_str_empty(body_of(head), "%s", request);
        cr_assert_eq(strlen(head), (size_t)(body_of(get) - get), "%s%s%s", request, head, get);
        cr_assert_eq(memcmp(head, get, strlen(head)), 0, "%s%s%s", request, head, get);
    }
    close_bench(&bench);
}

Test(answer, connections_are_kept_as_the_client_wants)
{
    static const struct {
        const char *request;
        bool kept, says_so;
    } cases[] = {
        {"GET /v1/id HTTP/1.1\r\nHost: test\r\n\r\n", true, false},
        {"GET /v1/id HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc", true, false},
        {"GET /v1/id HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, true},
        {"GET /v1/id HTTP/1.0\r\n\r\n", false, true},
        {"GET /v1/id HTTP/1.1\r\nConnection: TE\r\n\r\n", false, true},
        {"GET /v1/id HTTP/1.1\r\nConnection: keep-alive, upgrade\r\nUpgrade: websocket\r\n\r\n", false, true},
        {"GET /v1/id HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, true},
    };
    struct bench bench;
    open_bench(&bench, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char both[1024], reply[REPLY_MAX];
        snprintf(both, sizeof both, "%sGET /livez" CLOSE "\r\n", cases[i].request);
        ask(&bench, both, reply);
        cr_assert_eq(status_of(reply), 200, "%s%s", cases[i].request, reply);
        cr_assert_eq(strstr(body_of(reply), "\r\n\r\nok\n") != NULL, cases[i].kept, "%s%s", cases[i].request,
                     reply);
        const char *line = cases[i].kept ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
        const char *found = strstr(reply, line);
        cr_assert_eq(found && found < body_of(reply), cases[i].says_so, "%s%s", cases[i].request, reply);
    }
    close_bench(&bench);
}

Test(cors, one_origin)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_bench(&bench, "https://example.org");
    ask(&bench, "GET /v1/id" CLOSE "Origin: https://example.org\r\n\r\n", reply);
    cr_assert(strstr(reply, "Access-Control-Allow-Origin: https://example.org\r\n"), "%s", reply);
    cr_assert(strstr(reply, "Vary: Origin\r\n"), "%s", reply);
    ask(&bench, "OPTIONS /v1/id" CLOSE "Access-Control-Request-Method: GET\r\n\r\n", reply);
    cr_assert(strstr(reply, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"), "%s", reply);
    close_bench(&bench);
}

Test(cors, a_preflight_tells_what_the_path_takes)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_bench(&bench, "*");
    ask(&bench, "OPTIONS /v1/clock:accept" CLOSE "Access-Control-Request-Method: POST\r\n\r\n", reply);
    cr_assert(strstr(reply, "Access-Control-Allow-Methods: POST, OPTIONS\r\n"), "%s", reply);
    close_bench(&bench);
}

/* Whether a call that changes something is taken, with these headers and CORS. */
static void expect_decision(const char *cors_origin, const char *headers, bool is_taken)
{
    struct bench bench;
    char request[512], reply[REPLY_MAX];
    open_bench(&bench, cors_origin);
    snprintf(request, sizeof request, "POST /v1/clock:accept HTTP/1.1\r\nConnection: close\r\n%s\r\n", headers);
    ask(&bench, request, reply);
    cr_expect_eq(status_of(reply), is_taken ? 409 : 403, "%s\n%s%s", cors_origin, request, reply);
    cr_expect(strstr(reply, is_taken ? "failed-precondition" : "forbidden"), "%s%s", request, reply);
    close_bench(&bench);
}

Test(access, pages_of_other_sites_and_callers_behind_proxies_are_no_operators)
{
    static const struct {
        const char *cors_origin, *headers;
        bool is_taken;
    } cases[] = {
        {NULL, "Host: anything\r\n", true},
        {NULL, "Host: 127.0.0.1:8080\r\nOrigin: http://127.0.0.1:8080\r\n", true},
        {NULL, "Host: localhost:8080\r\nOrigin: http://localhost:8080\r\n", true},
        {NULL, "Host: localhost\r\nOrigin: http://localhost\r\n", true},
        {NULL, "Host: localhost:8080\r\nOrigin: http://localhost:9090\r\n", false},
        {NULL, "Host: localhost:8080\r\nOrigin: https://localhost:8080\r\n", false},
        {NULL, "Host: localhost:8080\r\nOrigin: https://evil.example\r\n", false},
        {NULL, "Host: localhost:8080\r\nOrigin: null\r\n", false},
        {NULL, "Host: evil.example\r\nOrigin: http://evil.example\r\n", false},
        {NULL, "Host: localhost.evil.example\r\nOrigin: http://localhost.evil.example\r\n", false},
        {NULL, "Host: 127.0.0.1.evil.example\r\nOrigin: http://127.0.0.1.evil.example\r\n", false},
        {"*", "Host: localhost:8080\r\nOrigin: https://ops.example\r\n", false},
        {"https://ops.example", "Host: localhost:8080\r\nOrigin: https://ops.example\r\n", true},
        {"https://ops.example", "Host: localhost:8080\r\nOrigin: https://evil.example\r\n", false},
        {NULL, "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n", false},
        {NULL, "Host: localhost\r\nForwarded: for=192.0.2.7\r\n", false},
        {NULL, "Host: localhost\r\nVia: 1.1 proxy\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_decision(cases[i].cors_origin, cases[i].headers, cases[i].is_taken);
}

/* Takes all that may be borrowed. */
static void use_up(struct ord_service *service)
{
    struct ord_ids ids;
    uint64_t wait_us;
    while (ord_service_take(service, 4096, 0, 0, &ids, &wait_us, NULL) == ORD_OK)
        ;
}

Test(capacity, a_caller_is_refused_with_a_hint_or_waits)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_bench(&bench, NULL);
    int refused = 0;
    for (int tries = 0; tries < 100 && !refused; tries++) {
        use_up(bench.service);
        ask(&bench, "GET /v1/ids?count=400000&form=runs" CLOSE "\r\n", reply);
        refused = status_of(reply) == 429;
    }
    cr_assert(refused, "%s", reply);
    cr_assert(strstr(reply, "Retry-After: 1\r\n"), "%s", reply);
    cr_assert(strstr(reply, "\"retryAfterMs\":"), "%s", reply);

    use_up(bench.service);
    ask(&bench, "GET /v1/ids?count=400000&form=runs" CLOSE "Prefer: wait=5\r\n\r\n", reply);
    cr_assert_eq(status_of(reply), 200, "%s", reply);
    /* The reply was held back until its IDs lay within what may be borrowed, give or take the tick that began.
     */
    int64_t ahead_us = ord_service_ahead_us(bench.service);
    cr_assert_leq(ahead_us, BORROW_US + 2000, "%ld us ahead", (long)ahead_us);
    close_bench(&bench);
}

Test(drain, calls_are_refused_and_connections_closed)
{
    struct bench bench;
    char reply[REPLY_MAX];
    open_bench(&bench, NULL);
    int open = connect_to(&bench);
    send_text(open, "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n");
    cr_assert_gt(read(open, reply, sizeof reply), 0);

    ord_health_set(ord_service_health(bench.service), ORD_DRAINING);
    ord_http_drain(bench.http, 5000);
    send_text(open, "GET /v1/id HTTP/1.1\r\nHost: test\r\n\r\n");
    read_all(open, reply);
    close(open);
    cr_assert_eq(status_of(reply), 503, "%s", reply);
    cr_assert(strstr(reply, "Connection: close\r\n"), "%s", reply);
    cr_assert(strstr(reply, "Retry-After: 1\r\n"), "%s", reply);

    ask(&bench, "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n", reply);
    cr_assert_eq(status_of(reply), 200, "%s", reply);
    ask(&bench, "GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n", reply);
    cr_assert_eq(status_of(reply), 503, "%s", reply);
    cr_assert_str_eq(body_of(reply), "draining\n");
    close_bench(&bench);
}
