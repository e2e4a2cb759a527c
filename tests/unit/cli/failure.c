#include "cli/failure.h"

#include <criterion/criterion.h>
#include <ordinal/wire/status.pb-c.h>
#include <string.h>

/* A google.rpc.Status with an ErrorInfo and, if `delay` is not NULL, a RetryInfo. */
static size_t pack_details(const char *reason, Ordinal__Wire__Duration *delay, uint8_t ret[512])
{
    uint8_t info_bytes[128], retry_bytes[128];
    Ordinal__Wire__ErrorInfo info = ORDINAL__WIRE__ERROR_INFO__INIT;
    info.reason = (char *)reason;
    Ordinal__Wire__RetryInfo retry = ORDINAL__WIRE__RETRY_INFO__INIT;
    retry.retry_delay = delay;
    Ordinal__Wire__Any anys[] = {ORDINAL__WIRE__ANY__INIT, ORDINAL__WIRE__ANY__INIT};
    anys[0].type_url = (char *)"type.googleapis.com/google.rpc.ErrorInfo";
    anys[0].value = (ProtobufCBinaryData){ordinal__wire__error_info__pack(&info, info_bytes), info_bytes};
    anys[1].type_url = (char *)"type.googleapis.com/google.rpc.RetryInfo";
    anys[1].value = (ProtobufCBinaryData){ordinal__wire__retry_info__pack(&retry, retry_bytes), retry_bytes};
    Ordinal__Wire__Any *details[] = {&anys[0], &anys[1]};
    Ordinal__Wire__Status status = ORDINAL__WIRE__STATUS__INIT;
    status.n_details = delay ? 2 : 1;
    status.details = details;
    return ordinal__wire__status__pack(&status, ret);
}

static void expect(const struct ord_error *error, enum ord_code code, uint32_t retry_after_ms, const char *text)
{
    cr_assert_eq(error->code, code, "code %s, expected %s", ord_code_info(error->code)->name,
                 ord_code_info(code)->name);
    cr_assert_eq(error->retry_after_ms, retry_after_ms, "retry %u, expected %u", error->retry_after_ms,
                 retry_after_ms);
    cr_assert_str_eq(error->text, text, "\"%s\", expected \"%s\"", error->text, text);
}

Test(status, details_say_the_exact_code_and_the_hint)
{
    uint8_t bytes[512];
    struct ord_error error;
    Ordinal__Wire__Duration delay = ORDINAL__WIRE__DURATION__INIT;
    delay.seconds = 2;
    delay.nanos = 1;
    size_t size = pack_details("too-large", &delay, bytes);
    cr_assert_eq(ord_failure_of_status(8, "much", bytes, size, &error), ORD_TOO_LARGE);
    expect(&error, ORD_TOO_LARGE, 2001, "much");

    size = pack_details("layout-exhausted", NULL, bytes);
    ord_failure_of_status(9, "over", bytes, size, &error);
    expect(&error, ORD_LAYOUT_EXHAUSTED, 0, "over");
}

Test(status, an_unknown_reason_leaves_the_code_of_the_status)
{
    uint8_t bytes[512];
    struct ord_error error;
    size_t size = pack_details("of-tomorrow", NULL, bytes);
    ord_failure_of_status(11, "x", bytes, size, &error);
    expect(&error, ORD_OUT_OF_RANGE, 0, "x");
    size = pack_details("ok", NULL, bytes);
    ord_failure_of_status(14, "x", bytes, size, &error);
    expect(&error, ORD_UNAVAILABLE, 0, "x");
}

Test(status, without_or_with_broken_details_the_status_counts)
{
    struct ord_error error;
    ord_failure_of_status(8, "x", NULL, 0, &error);
    expect(&error, ORD_CAPACITY, 0, "x");
    ord_failure_of_status(3, "x", "\xff\xff\xff", 3, &error);
    expect(&error, ORD_INVALID_ARGUMENT, 0, "x");
    ord_failure_of_status(2, "", NULL, 0, &error);
    expect(&error, ORD_INTERNAL, 0, "Internal error");
    ord_failure_of_status(0, "", NULL, 0, &error);
    cr_assert_neq(error.code, ORD_OK);
}

Test(status, senseless_hints_are_no_hints)
{
    uint8_t bytes[512];
    struct ord_error error;
    static const int64_t seconds[] = {-1, INT64_MAX, INT64_MIN, 86401};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        Ordinal__Wire__Duration delay = ORDINAL__WIRE__DURATION__INIT;
        delay.seconds = seconds[i];
        ord_failure_of_status(8, "x", bytes, pack_details("capacity", &delay, bytes), &error);
        expect(&error, ORD_CAPACITY, 0, "x");
    }
    Ordinal__Wire__Duration delay = ORDINAL__WIRE__DURATION__INIT;
    delay.nanos = -2000000;
    ord_failure_of_status(8, "x", bytes, pack_details("capacity", &delay, bytes), &error);
    expect(&error, ORD_CAPACITY, 0, "x");
    delay.nanos = INT32_MAX;
    ord_failure_of_status(8, "x", bytes, pack_details("capacity", &delay, bytes), &error);
    expect(&error, ORD_CAPACITY, 2148, "x");
}

static void problem(long status, const char *body, int64_t retry_after_s, struct ord_error *error)
{
    ord_failure_of_problem("http://h", status, body, strlen(body), retry_after_s, error);
}

Test(problem, a_problem_document_is_told_as_it_is)
{
    struct ord_error error;
    problem(429,
            "{\"title\":\"t\",\"status\":429,\"code\":\"capacity\",\"detail\":\"full\",\"retryAfterMs\":120}",
            1, &error);
    expect(&error, ORD_CAPACITY, 120, "full");
    problem(400, "{\"code\":\"out-of-range\",\"detail\":\"count: 0\"}", 0, &error);
    expect(&error, ORD_OUT_OF_RANGE, 0, "count: 0");
    problem(400, "{\"code\":\"of-tomorrow\",\"detail\":\"x\"}", 0, &error);
    expect(&error, ORD_INTERNAL, 0, "x");
}

Test(problem, what_a_proxy_says_is_told_by_its_status)
{
    struct ord_error error;
    problem(503, "<html>", 3, &error);
    expect(&error, ORD_UNAVAILABLE, 3000, "http://h: answered with HTTP status 503");
    problem(502, "", 0, &error);
    expect(&error, ORD_UNAVAILABLE, 0, "http://h: answered with HTTP status 502");
    problem(504, "{}", 0, &error);
    expect(&error, ORD_DEADLINE_EXCEEDED, 0, "http://h: answered with HTTP status 504");
    problem(301, "[1]", 0, &error);
    expect(&error, ORD_INTERNAL, 0, "http://h: answered with HTTP status 301");
    problem(404, "{\"code\":7,\"detail\":null,\"retryAfterMs\":\"x\"}", -5, &error);
    expect(&error, ORD_NOT_FOUND, 0, "http://h: answered with HTTP status 404");
    problem(429, "", INT64_MAX, &error);
    expect(&error, ORD_CAPACITY, 86400000, "http://h: answered with HTTP status 429");
}

Test(reach, timeouts_and_causes_are_one_line)
{
    struct ord_error error;
    cr_assert_eq(ord_failure_timeout("h:1", 10000, &error), ORD_DEADLINE_EXCEEDED);
    expect(&error, ORD_DEADLINE_EXCEEDED, 0, "h:1: no answer within 10s");
    ord_failure_timeout("h:1", 1500, &error);
    expect(&error, ORD_DEADLINE_EXCEEDED, 0, "h:1: no answer within 1500ms");
    cr_assert_eq(ord_failure_unreachable("h:1", "Socket closed", &error), ORD_UNAVAILABLE);
    expect(&error, ORD_UNAVAILABLE, 0, "h:1: cannot be reached: Socket closed");
}

Test(reach, of_a_chain_of_causes_the_last_is_told)
{
    cr_assert_str_eq(ord_failure_last_cause("all; last error: UNKNOWN: ipv4:1.2.3.4:1: Refused"), "Refused");
    cr_assert_str_eq(ord_failure_last_cause("Socket closed"), "Socket closed");
    cr_assert_str_eq(ord_failure_last_cause("odd: "), "odd: ");
    cr_assert_str_eq(ord_failure_last_cause(""), "");
}
