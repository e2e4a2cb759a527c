#include "base/trace.h"

#include <criterion/criterion.h>
#include <string.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

Test(trace, valid)
{
    static const char *const headers[] = {"00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-00",
                                          "42-" TRACE "-" PARENT "-01", "42-" TRACE "-" PARENT "-01-later"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char id[ORD_TRACE_ID_MAX];
        cr_assert(ord_trace_id(headers[i], id), "%s", headers[i]);
        cr_assert_str_eq(id, TRACE);
    }
}

Test(trace, not_valid)
{
    static const char *const headers[] = {
        NULL,
        "",
        "00-" TRACE "-" PARENT "-0",
        "00-" TRACE "-" PARENT "-0g",
        "00-" TRACE "-" PARENT "-011",
        "00-" TRACE "-" PARENT "-01-later",
        "42-" TRACE "-" PARENT "-01.later",
        "ff-" TRACE "-" PARENT "-01",
        "0-" TRACE "-" PARENT "-011",
        "00-0AF7651916cd43dd8448eb211c80319c-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-" TRACE "_" PARENT "-01",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char id[ORD_TRACE_ID_MAX] = "as it was";
        cr_assert(!ord_trace_id(headers[i], id), "%s", headers[i]);
        cr_assert_str_eq(id, "as it was");
    }
}

Test(request, a_callers_own_id_is_kept)
{
    char id[ORD_REQUEST_ID_MAX];
    ord_request_id("Job-7_a.b:c", id);
    cr_assert_str_eq(id, "Job-7_a.b:c");

    char longest[ORD_REQUEST_ID_MAX];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ord_request_id(longest, id);
    cr_assert_str_eq(id, longest);
}

Test(request, others_are_made)
{
    char too_long[ORD_REQUEST_ID_MAX + 1];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    const char *const given[] = {NULL, "", "a b", "a\r\nb", "\xc3\xa9", too_long};
    char last[ORD_REQUEST_ID_MAX] = "";
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        char id[ORD_REQUEST_ID_MAX];
        ord_request_id(given[i], id);
        cr_assert_eq(strlen(id), 16, "%s", id);
        cr_assert_eq(strspn(id, "0123456789abcdef"), 16, "%s", id);
        cr_assert_str_neq(id, last);
        strcpy(last, id);
    }
}
