#include "bench/grpc_text.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_decoded(const char *text, const char *decoded)
{
    char got[64];
    ord_grpc_message_decode(text, strlen(text), got, sizeof got);
    cr_assert_str_eq(got, decoded);
}

Test(grpc_text, messages_are_decoded)
{
    expect_decoded("", "");
    expect_decoded("plain words", "plain words");
    expect_decoded("50%25 of it", "50% of it");
    expect_decoded("caf%C3%A9 %e2%82%ac", "café €");
}

Test(grpc_text, what_is_not_an_encoding_stays)
{
    expect_decoded("100%", "100%");
    expect_decoded("%4", "%4");
    expect_decoded("%zz%", "%zz%");
}

Test(grpc_text, a_terminal_is_not_disturbed)
{
    expect_decoded("a%1b[2Jb%0ac%7f%00", "a?[2Jb?c??");
}

Test(grpc_text, what_does_not_fit_is_left_out)
{
    char got[4];
    ord_grpc_message_decode("abcdef", 6, got, sizeof got);
    cr_assert_str_eq(got, "abc");
    ord_grpc_message_decode("abcdef", 6, got, 1);
    cr_assert_str_eq(got, "");
}

Test(grpc_text, statuses_have_names)
{
    cr_assert_str_eq(ord_grpc_status_name(0), "OK");
    cr_assert_str_eq(ord_grpc_status_name(8), "RESOURCE_EXHAUSTED");
    cr_assert_str_eq(ord_grpc_status_name(16), "UNAUTHENTICATED");
    cr_assert_str_eq(ord_grpc_status_name(17), "UNKNOWN");
    cr_assert_str_eq(ord_grpc_status_name(-1), "UNKNOWN");
}

Test(grpc_text, timeouts_have_at_most_eight_digits)
{
    char text[ORD_GRPC_TIMEOUT_MAX];
    ord_grpc_timeout_text(10000, text);
    cr_assert_str_eq(text, "10000m");
    ord_grpc_timeout_text(99999999, text);
    cr_assert_str_eq(text, "99999999m");
    ord_grpc_timeout_text(100000000, text);
    cr_assert_str_eq(text, "100000S");
}
