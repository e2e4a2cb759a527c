#include "bench.h"

static enum ord_code check(const char *networks, const char *url, struct ord_error *error)
{
    struct bench bench;
    bench_open(&bench, networks);
    *error = (struct ord_error){.code = ORD_OK};
    enum ord_code code = bench.port.check(bench.port.context, url, error);
    bench_close(&bench);
    return code;
}

Test(target, urls_that_may_be_posted_to)
{
    static const char *const good[] = {
        "http://127.0.0.1/",          "http://127.0.0.1:9000/receive-command?group=a",
        "https://127.9.9.9:8443",     "http://[::1]:9000/",
        "HTTP://LocalHost/",          "http://members.example.org/x",
        "http://[::ffff:127.0.0.1]/", "http://2130706433/", /* 127.0.0.1 */
    };
    struct ord_error error;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert_eq(check(LOOPBACK, good[i], &error), ORD_OK, "%s: %s", good[i], error.text);
}

Test(target, urls_that_cannot_be_read)
{
    static const char *const bad[] = {
        "",
        "127.0.0.1:9000",
        "/receive-command",
        "http://",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:x/",
        "http://user@127.0.0.1/",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1/a b\n",
        "http://[::1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "unix:///run/x.sock",
        "ldap://127.0.0.1/",
    };
    struct ord_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(check(LOOPBACK, bad[i], &error), ORD_INVALID_ARGUMENT, "%s", bad[i]);
        cr_assert(strstr(error.text, "http://HOST"), "%s: %s", bad[i], error.text);
        cr_assert_not(strstr(error.text, "secret"), "%s", error.text);
    }
}

Test(target, addresses_outside_are_refused_however_they_are_written)
{
    static const char *const bad[] = {
        "http://10.0.0.1/",         "http://0.0.0.0/",  "http://0/",
        "http://0x0a000001/",       "http://012.1/",    "http://[::]/",
        "http://[::ffff:10.0.0.1]", "http://[fe80::1]", "http://169.254.169.254/latest",
    };
    struct ord_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(check(LOOPBACK, bad[i], &error), ORD_OUT_OF_RANGE, "%s: %s", bad[i], error.text);
        cr_assert(strstr(error.text, "callback-networks: " LOOPBACK), "%s: %s", bad[i], error.text);
    }
    cr_assert_eq(check("10.0.0.0/8", "http://127.0.0.1/", &error), ORD_OUT_OF_RANGE);
    cr_assert_eq(check("10.0.0.0/8", "http://10.255.0.1/", &error), ORD_OK);
}

Test(target, long_ones_and_none_at_all)
{
    struct ord_error error;
    char url[ORD_POSTER_URL_MAX + 2] = "http://127.0.0.1/";
    size_t used = strlen(url);
    memset(url + used, 'a', sizeof url - 1 - used);
    url[sizeof url - 1] = '\0';
    cr_assert_eq(check(LOOPBACK, url, &error), ORD_OUT_OF_RANGE);
    cr_assert(strstr(error.text, "at most 2048"), "%s", error.text);
    url[ORD_POSTER_URL_MAX] = '\0';
    cr_assert_eq(check(LOOPBACK, url, &error), ORD_OK);
    cr_assert_eq(check("none", "http://members.example.org/", &error), ORD_OUT_OF_RANGE);
    cr_assert(strstr(error.text, "callback-networks is none"), "%s", error.text);
}
