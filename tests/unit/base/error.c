#include "base/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(error, every_code_has_a_row_with_a_name_of_its_own)
{
    for (int code = 0; code < ORD_CODES; code++) {
        const struct ord_code_info *info = ord_code_info(code);
        cr_assert_not_null(info->name, "code %d has no name", code);
        cr_assert_not_null(info->title, "code %d has no title", code);
        cr_assert(info->http_status >= 200 && info->http_status < 600, "%s: http %d", info->name,
                  info->http_status);
        cr_assert(info->grpc_status >= 0 && info->grpc_status <= 16, "%s: grpc %d", info->name,
                  info->grpc_status);
        cr_assert_eq((info->grpc_status == 0), (code == ORD_OK), "%s: grpc %d", info->name, info->grpc_status);
        cr_assert_eq(ord_code_of_name(info->name), (enum ord_code)code, "%s is not code %d", info->name, code);
    }
}

Test(error, what_is_not_a_code_is_internal)
{
    cr_assert_eq(ord_code_info(ORD_CODES), ord_code_info(ORD_INTERNAL));
    cr_assert_eq(ord_code_info((enum ord_code) - 1), ord_code_info(ORD_INTERNAL));
    cr_assert_eq(ord_code_of_name("no-such-code"), ORD_INTERNAL);
    cr_assert_eq(ord_code_of_name(""), ORD_INTERNAL);
    cr_assert_eq(ord_code_of_grpc_status(99), ORD_INTERNAL);
}

Test(error, a_grpc_status_leads_back_to_a_code_with_that_status)
{
    for (int code = 0; code < ORD_CODES; code++) {
        int status = ord_code_info(code)->grpc_status;
        enum ord_code back = ord_code_of_grpc_status(status);
        cr_assert_eq(ord_code_info(back)->grpc_status, status, "%d gave %s", status, ord_code_info(back)->name);
    }
    cr_assert_eq(ord_code_of_grpc_status(8), ORD_CAPACITY, "RESOURCE_EXHAUSTED is capacity, not size");
}

Test(error, fail_fills_code_and_text_and_no_hint)
{
    struct ord_error error = {.retry_after_ms = 7};
    cr_assert_eq(ord_fail(&error, ORD_OUT_OF_RANGE, "count: %d is out of range", 0), ORD_OUT_OF_RANGE);
    cr_assert_eq(error.code, ORD_OUT_OF_RANGE);
    cr_assert_eq(error.retry_after_ms, 0);
    cr_assert_str_eq(error.text, "count: 0 is out of range");
}

Test(error, fail_retry_gives_a_hint)
{
    struct ord_error error = {0};
    cr_assert_eq(ord_fail_retry(&error, ORD_CAPACITY, 12, "no room"), ORD_CAPACITY);
    cr_assert_eq(error.retry_after_ms, 12);
}

Test(error, fail_errno_ends_in_the_systems_text)
{
    struct ord_error error = {0};
    cr_assert_eq(ord_fail_errno(&error, ENOENT, "open %s", "config"), ORD_INTERNAL);
    cr_assert_str_eq(error.text, "open config: No such file or directory");
}

Test(error, wrap_puts_words_before_and_keeps_the_rest)
{
    struct ord_error error = {0};
    ord_fail_retry(&error, ORD_UNAVAILABLE, 5, "write: No space left on device");
    cr_assert_eq(ord_wrap(&error, "reserve %d", 1), ORD_UNAVAILABLE);
    cr_assert_eq(error.retry_after_ms, 5);
    cr_assert_str_eq(error.text, "reserve 1: write: No space left on device");
}

Test(error, nobody_has_to_ask_for_the_text)
{
    cr_assert_eq(ord_fail(NULL, ORD_NOT_FOUND, "gone"), ORD_NOT_FOUND);
    cr_assert_eq(ord_fail_retry(NULL, ORD_CAPACITY, 1, "full"), ORD_CAPACITY);
    cr_assert_eq(ord_fail_errno(NULL, EIO, "read"), ORD_INTERNAL);
    ord_wrap(NULL, "outer");
}

Test(error, long_texts_are_cut_and_end)
{
    char longer[2 * ORD_ERROR_TEXT_MAX];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';

    struct ord_error error = {0};
    ord_fail(&error, ORD_INTERNAL, "%s", longer);
    cr_assert_eq(strlen(error.text), ORD_ERROR_TEXT_MAX - 1);
    ord_wrap(&error, "outer");
    cr_assert_eq(strlen(error.text), ORD_ERROR_TEXT_MAX - 1);
    cr_assert_eq(strncmp(error.text, "outer: xxx", 10), 0, "%s", error.text);
    ord_wrap(&error, "%s", longer);
    cr_assert_eq(strlen(error.text), ORD_ERROR_TEXT_MAX - 1);
    ord_fail_errno(&error, ENOENT, "%s", longer);
    cr_assert_eq(strlen(error.text), ORD_ERROR_TEXT_MAX - 1);
}
