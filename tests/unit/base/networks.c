#include "base/networks.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static struct ord_networks read_good(const char *text)
{
    struct ord_networks networks;
    struct ord_error error = {0};
    cr_assert_eq(ord_networks_parse(text, &networks, &error), ORD_OK, "%s: %s", text, error.text);
    return networks;
}

static bool holds(const char *list, const char *text)
{
    struct ord_networks networks = read_good(list);
    struct ord_address address;
    cr_assert(ord_address_parse(text, &address), "%s", text);
    return ord_networks_hold(&networks, &address);
}

/* The last bit that counts, and the first that does not, at each length. */
static void try_edges(const char *family, const uint8_t base[16], unsigned max)
{
    for (unsigned bits = 1; bits <= max; bits++) {
        struct ord_network network = {.address = {.is_ipv4 = max == 32}, .bits = bits};
        struct ord_networks networks = {.count = 1};
        memcpy(network.address.bytes, base, max / 8);
        for (unsigned bit = bits; bit < max; bit++)
            network.address.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        networks.list[0] = network;

        struct ord_address address = network.address;
        for (unsigned bit = bits; bit < max; bit++)
            address.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        cr_assert(ord_networks_hold(&networks, &address), "%s/%u: its last address", family, bits);
        address.bytes[(bits - 1) / 8] ^= (uint8_t)(0x80 >> (bits - 1) % 8);
        cr_assert_not(ord_networks_hold(&networks, &address), "%s/%u: its neighbour", family, bits);
    }
}

Test(networks, each_length_ends_at_its_bit)
{
    const uint8_t base[16] = {0xa5, 0x3c, 0x96, 0x0f, 0xa5, 0x3c, 0x96, 0x0f,
                              0xa5, 0x3c, 0x96, 0x0f, 0xa5, 0x3c, 0x96, 0x0f};
    try_edges("IPv4", base, 32);
    try_edges("IPv6", base, 128);
}

Test(networks, addresses_in_and_out)
{
    static const struct {
        const char *list, *address;
        bool is_held;
    } cases[] = {
        {"127.0.0.0/8,::1/128", "127.0.0.1", true},
        {"127.0.0.0/8,::1/128", "127.255.255.255", true},
        {"127.0.0.0/8,::1/128", "128.0.0.1", false},
        {"127.0.0.0/8,::1/128", "0.0.0.0", false},
        {"127.0.0.0/8,::1/128", "::1", true},
        {"127.0.0.0/8,::1/128", "::", false},
        {"127.0.0.0/8,::1/128", "::2", false},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.2", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "ffff::1", true},
        {"::/0", "127.0.0.1", false},
        {"::/0", "::ffff:127.0.0.1", false}, /* an IPv4 address, however it is written */
        {"127.0.0.0/8", "::ffff:127.0.0.1", true},
        {"127.0.0.0/8", "::ffff:7f00:1", true},
        {"127.0.0.0/8", "::127.0.0.1", false}, /* not mapped: an IPv6 address */
        {"127.0.0.0/8", "::ffff:128.0.0.1", false},
        {"fe80::/10", "fe80::1%eth0", true},
        {"none", "127.0.0.1", false},
        {"none", "::1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(holds(cases[i].list, cases[i].address), cases[i].is_held, "%s in %s", cases[i].address,
                     cases[i].list);
}

static void refuses(const char *text, enum ord_code code, const char *says)
{
    struct ord_networks networks = {.count = 99};
    struct ord_error error = {0};
    cr_assert_eq(ord_networks_parse(text, &networks, &error), code, "\"%s\": %s", text, error.text);
    cr_assert(strstr(error.text, says), "\"%s\": %s", text, error.text);
    cr_assert_eq(networks.count, 99, "\"%s\"", text);
}

Test(networks, what_cannot_be_read_is_named)
{
    const char *bad[] = {"",
                         ",",
                         "10.0.0.0/8,",
                         ",10.0.0.0/8",
                         "10.0.0/8",
                         "10.0.0.256/8",
                         "localhost",
                         "/8",
                         "none,::1",
                         "::1 ",
                         " ::1",
                         "[::1]/128",
                         "fe80::1%eth0",
                         ":::/0",
                         "1.2.3.4.5",
                         "0x7f.0.0.1",
                         "::ffff:127.0.0.1",
                         "::ffff:0.0.0.0/96",
                         "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/128"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuses(bad[i], ORD_INVALID_ARGUMENT, "such as 10.0.0.0/8");
}

Test(networks, lengths_are_bounded)
{
    const char *bad[] = {"10.0.0.0/33",   "10.0.0.0/",   "10.0.0.0/-1", "10.0.0.0/8x",
                         "10.0.0.0/0008", "10.0.0.0/+8", "10.0.0.0/8/8"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuses(bad[i], ORD_OUT_OF_RANGE, "0 to 32 bits");
    refuses("::/129", ORD_OUT_OF_RANGE, "0 to 128 bits");
}

Test(networks, bits_past_the_length_are_refused)
{
    refuses("10.0.0.1/8", ORD_INVALID_ARGUMENT, "10.0.0.0/8");
    refuses("::1,2001:db8::1/32", ORD_INVALID_ARGUMENT, "2001:db8::/32");
    refuses("192.168.1.0/23", ORD_INVALID_ARGUMENT, "192.168.0.0/23");
}

Test(networks, there_is_room_for_some)
{
    char text[(ORD_NETWORKS_MAX + 1) * sizeof "10.0.0.255,"];
    size_t used = 0;
    for (int i = 0; i < ORD_NETWORKS_MAX; i++)
        used += (size_t)sprintf(text + used, "%s10.0.0.%d", i ? "," : "", i);
    cr_assert_eq(read_good(text).count, ORD_NETWORKS_MAX);
    cr_assert(holds(text, "10.0.0.63"));
    strcat(text, ",::1");
    refuses(text, ORD_OUT_OF_RANGE, "more than 64");
}

Test(networks, addresses_as_text)
{
    static const char *const texts[][2] = {{"127.0.0.1", "127.0.0.1"},
                                           {"::ffff:10.0.0.1", "10.0.0.1"},
                                           {"::1", "::1"},
                                           {"2001:DB8:0::1", "2001:db8::1"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ord_address address;
        char text[ORD_ADDRESS_TEXT_MAX];
        cr_assert(ord_address_parse(texts[i][0], &address), "%s", texts[i][0]);
        ord_address_text(&address, text);
        cr_assert_str_eq(text, texts[i][1]);
    }
}

Test(networks, what_is_no_address)
{
    const char *bad[] = {"",
                         "localhost",
                         "127.1",
                         "1.2.3.4%eth0",
                         "[::1]",
                         "%",
                         "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
    struct ord_address address = {.bytes = {42}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(ord_address_parse(bad[i], &address), "%s", bad[i]);
    cr_assert_eq(address.bytes[0], 42);
}

Test(networks, addresses_of_sockets)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct ord_address address;
    char text[ORD_ADDRESS_TEXT_MAX];
    cr_assert(ord_address_of((struct sockaddr *)&ipv4, &address));
    ord_address_text(&address, text);
    cr_assert_str_eq(text, "10.0.0.1");
    cr_assert(ord_address_of((struct sockaddr *)&ipv6, &address));
    ord_address_text(&address, text);
    cr_assert_str_eq(text, "::1");
    inet_pton(AF_INET6, "::ffff:10.0.0.2", &ipv6.sin6_addr);
    cr_assert(ord_address_of((struct sockaddr *)&ipv6, &address));
    ord_address_text(&address, text);
    cr_assert_str_eq(text, "10.0.0.2");
    cr_assert_not(ord_address_of((struct sockaddr *)&local, &address));
}
