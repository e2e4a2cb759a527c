#include "base/address.h"

#include <criterion/criterion.h>

Test(address, host_and_port_make_one)
{
    const char *good[] = {"localhost:1", "127.0.0.1:50051", "[::1]:65535", "ids.example.net:443", "-:7"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert(ord_is_address(good[i]), "%s", good[i]);
}

Test(address, all_else_does_not)
{
    const char *bad[] = {"",        ":1",       "localhost", "localhost:", "localhost:0", "localhost:65536",
                         "::1:443", "a b:1",    "a/b:1",     "dns:///a:1", "a:1x",        "a:+1",
                         "a: 1",    "[::1]443", "a?b:1",     "a%b:1",      "a#b:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(ord_is_address(bad[i]), "%s", bad[i]);
}
