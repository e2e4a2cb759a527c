#include "conf/node.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A system of the test's making. */
struct fake {
    const char *hostname;
    struct ord_interface interfaces[4];
    int interface_count;
};

static enum ord_code fake_hostname(void *context, char *ret, int size, struct ord_error *error)
{
    const struct fake *fake = context;
    if (!fake->hostname)
        return ord_fail(error, ORD_INTERNAL, "gethostname: no name");
    snprintf(ret, (size_t)size, "%s", fake->hostname);
    return ORD_OK;
}

static int fake_interfaces(void *context, struct ord_interface *ret, int max)
{
    const struct fake *fake = context;
    memcpy(ret, fake->interfaces, (size_t)fake->interface_count * sizeof *ret);
    return fake->interface_count;
}

static const char *fake_variable(void *context, const char *name)
{
    static const char *const variables[][2] = {
        {"INDEX", "7"},
        {"EMPTY", ""},
        {"WORD", "seven"},
        {"HIGH", "1024"},
        {"HUGE", "99999999999999999999999"},
        {"SPACE", " 7"},
        {"MINUS", "-1"},
    };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

static enum ord_code resolve(const struct fake *fake, const char *spec, int bits, uint32_t *ret_node,
                             struct ord_error *error)
{
    struct ord_node_system system = {(void *)fake, fake_hostname, fake_interfaces, fake_variable};
    return ord_node_resolve(spec, bits, &system, ret_node, error);
}

static void expect_node(const struct fake *fake, const char *spec, int bits, uint32_t node)
{
    struct ord_error error = {.text = ""};
    uint32_t got = 4711;
    enum ord_code code = resolve(fake, spec, bits, &got, &error);
    cr_assert_eq(code, ORD_OK, "%s: %s", spec, error.text);
    cr_assert_eq(got, node, "%s: %u", spec, got);
}

static void expect_error(const struct fake *fake, const char *spec, int bits, enum ord_code code,
                         const char *text)
{
    struct ord_error error = {.text = ""};
    uint32_t got = 4711;
    enum ord_code failed = resolve(fake, spec, bits, &got, &error);
    cr_assert_str_eq(error.text, text, "%s (host name %s):\n%s\n%s", spec, fake->hostname, error.text, text);
    cr_assert_eq(failed, code, "%s: %s", spec, ord_code_info(failed)->name);
    cr_assert_eq(error.code, code);
    cr_assert_eq(got, 4711, "untouched");
}

static const struct fake plain = {
    .hostname = "ordinal-7",
    .interfaces = {{"eth0", 0x0a000305, 24}},
    .interface_count = 1,
};

Test(node, numbers)
{
    expect_node(&plain, "0", 10, 0);
    expect_node(&plain, "1023", 10, 1023);
    expect_node(&plain, "0", 0, 0);
    expect_node(&plain, "4294967295", 32, 4294967295);
    expect_error(&plain, "1024", 10, ORD_OUT_OF_RANGE, "1024 is out of range; allowed 0 to 1023");
    expect_error(&plain, "1", 0, ORD_OUT_OF_RANGE, "1 is out of range; allowed 0 to 0");
    expect_error(&plain, "18446744073709551616", 10, ORD_OUT_OF_RANGE,
                 "18446744073709551616 is out of range; allowed 0 to 1023");
}

Test(node, unknown_specs)
{
    static const char *const specs[] = {"",          "-1",  "+1",   "7 ",    "0x7",      "host", "hostnames",
                                        "ipv4/eth0", "env", "env:", "file:", "HOSTNAME", "ipv6"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "\"%s\" is not known; allowed a number of 0 to 1023, hostname, hostname+NUMBER, ipv4, "
                 "ipv4:INTERFACE, env:NAME, file:PATH",
                 specs[i]);
        expect_error(&plain, specs[i], 10, ORD_INVALID_ARGUMENT, text);
    }
}

Test(node, host_names)
{
    static const struct {
        const char *hostname, *spec;
        uint32_t node;
    } cases[] = {
        {"ordinal-7", "hostname", 7},
        {"ordinal-7", "hostname+100", 107},
        {"ordinal-7", "hostname+0", 7},
        {"ordinal-07", "hostname", 7},
        {"node12", "hostname", 12},
        {"ordinal-1023", "hostname", 1023},
        {"ordinal-3.ordinal.default.svc9", "hostname", 3},
        {"42", "hostname", 42},
        {"a1-2", "hostname", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_node(&(struct fake){.hostname = cases[i].hostname}, cases[i].spec, 10, cases[i].node);
}

Test(node, host_names_that_number_nothing)
{
    static const struct {
        const char *hostname, *spec;
        enum ord_code code;
        const char *text;
    } cases[] = {
        {"ordinal", "hostname", ORD_INVALID_ARGUMENT,
         "hostname: host name \"ordinal\" does not end in a number, as ordinal-3 does; allowed 0 to 1023"},
        {"ordinal-7a", "hostname+1", ORD_INVALID_ARGUMENT,
         "hostname+1: host name \"ordinal-7a\" does not end in a number, as ordinal-3 does; allowed 0 to 1023"},
        {"", "hostname", ORD_INVALID_ARGUMENT,
         "hostname: host name \"\" does not end in a number, as ordinal-3 does; allowed 0 to 1023"},
        {"ordinal-7", "hostname+1020", ORD_OUT_OF_RANGE,
         "hostname+1020: host name \"ordinal-7\" gives 1027; allowed 0 to 1023"},
        {"ordinal-1024", "hostname", ORD_OUT_OF_RANGE,
         "hostname: host name \"ordinal-1024\" gives 1024; allowed 0 to 1023"},
        {"ordinal-7", "hostname+18446744073709551615", ORD_OUT_OF_RANGE,
         "hostname+18446744073709551615: host name \"ordinal-7\" gives 18446744073709551615; allowed 0 to "
         "1023"},
        {"x-18446744073709551615", "hostname+1", ORD_OUT_OF_RANGE,
         "hostname+1: host name \"x-18446744073709551615\" gives 18446744073709551615; allowed 0 to 1023"},
        {"x-99999999999999999999999", "hostname", ORD_OUT_OF_RANGE,
         "hostname: host name \"x-99999999999999999999999\" gives 18446744073709551615; allowed 0 to 1023"},
        {"ordinal-7", "hostname+", ORD_INVALID_ARGUMENT,
         "hostname+: the offset cannot be read; allowed hostname and hostname+NUMBER"},
        {"ordinal-7", "hostname+-1", ORD_INVALID_ARGUMENT,
         "hostname+-1: the offset cannot be read; allowed hostname and hostname+NUMBER"},
        {"ordinal-7", "hostname+1x", ORD_INVALID_ARGUMENT,
         "hostname+1x: the offset cannot be read; allowed hostname and hostname+NUMBER"},
        {"3f2a9c1b7e42", "hostname", ORD_INVALID_ARGUMENT,
         "hostname: host name \"3f2a9c1b7e42\" is a container's or an address, so its digits number "
         "nothing; give the number itself, or use env:NAME or file:PATH"},
        {"10.0.0.7", "hostname", ORD_INVALID_ARGUMENT,
         "hostname: host name \"10.0.0.7\" is a container's or an address, so its digits number "
         "nothing; give the number itself, or use env:NAME or file:PATH"},
        {NULL, "hostname", ORD_INTERNAL, "hostname: gethostname: no name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(&(struct fake){.hostname = cases[i].hostname}, cases[i].spec, 10, cases[i].code,
                     cases[i].text);
}

static const struct fake two = {
    .interfaces = {{"eth0", 0x0a000007, 24}, {"wlan0", 0xc0a80109, 22}},
    .interface_count = 2,
};

Test(node, addresses)
{
    expect_node(&plain, "ipv4", 10, 0x305);
    expect_node(&plain, "ipv4", 8, 5);
    expect_node(&plain, "ipv4:eth0", 10, 0x305);
    expect_node(&two, "ipv4:eth0", 10, 7);
    expect_node(&two, "ipv4:wlan0", 10, 0x109);
    expect_node(&(struct fake){.interfaces = {{"a", 0xffffffff, 0}}, .interface_count = 1}, "ipv4", 32,
                UINT32_MAX);
}

Test(node, addresses_that_are_missing_or_ambiguous)
{
    static const struct fake none = {.interface_count = 0};
    static const struct fake twice = {
        .interfaces = {{"eth0", 0x0a000007, 24}, {"eth0", 0x0a000008, 24}},
        .interface_count = 2,
    };
    static const struct fake single = {.interfaces = {{"eth0", 0x0a000007, 32}}, .interface_count = 1};
    expect_error(&none, "ipv4", 10, ORD_INVALID_ARGUMENT, "ipv4: no interface is up with an IPv4 address");
    expect_error(&two, "ipv4:eth1", 10, ORD_INVALID_ARGUMENT,
                 "ipv4:eth1: no interface eth1 is up with an IPv4 address");
    expect_error(&two, "ipv4:", 10, ORD_INVALID_ARGUMENT, "ipv4:: the interface's name is missing");
    expect_error(&two, "ipv4", 10, ORD_INVALID_ARGUMENT,
                 "ipv4: more than one address: eth0 10.0.0.7/24, wlan0 192.168.1.9/22; name one interface, as "
                 "ipv4:NAME does");
    expect_error(
        &twice, "ipv4:eth0", 10, ORD_INVALID_ARGUMENT,
        "ipv4:eth0: more than one address: eth0 10.0.0.7/24, eth0 10.0.0.8/24; give the number itself");
    expect_error(
        &two, "ipv4:wlan0", 9, ORD_INVALID_ARGUMENT,
        "ipv4:wlan0: the network of wlan0 192.168.1.9/22 has 10 host bits and the layout 9 node bits, so two "
        "hosts could get the same node ID; use a /23 or smaller network, more node bits, or give the number "
        "itself");
    expect_error(
        &single, "ipv4", 10, ORD_INVALID_ARGUMENT,
        "ipv4: eth0 10.0.0.7/32 has a prefix that tells no network, so two hosts could get the same node ID; "
        "give the number itself, or use hostname, env:NAME or file:PATH");
}

Test(node, variables)
{
    expect_node(&plain, "env:INDEX", 10, 7);
    expect_error(&plain, "env:NOT_THERE", 10, ORD_INVALID_ARGUMENT,
                 "env:NOT_THERE: variable NOT_THERE is not set; allowed 0 to 1023");
    expect_error(&plain, "env:EMPTY", 10, ORD_INVALID_ARGUMENT,
                 "env:EMPTY: variable EMPTY is empty; allowed 0 to 1023");
    expect_error(&plain, "env:WORD", 10, ORD_INVALID_ARGUMENT,
                 "env:WORD: variable WORD holds \"seven\", which is not a number; allowed 0 to 1023");
    expect_error(&plain, "env:SPACE", 10, ORD_INVALID_ARGUMENT,
                 "env:SPACE: variable SPACE holds \" 7\", which is not a number; allowed 0 to 1023");
    expect_error(&plain, "env:MINUS", 10, ORD_INVALID_ARGUMENT,
                 "env:MINUS: variable MINUS holds \"-1\", which is not a number; allowed 0 to 1023");
    expect_error(&plain, "env:HIGH", 10, ORD_OUT_OF_RANGE,
                 "env:HIGH: variable HIGH gives 1024; allowed 0 to 1023");
    expect_error(&plain, "env:HUGE", 10, ORD_OUT_OF_RANGE,
                 "env:HUGE: variable HUGE gives 18446744073709551615; allowed 0 to 1023");
}

/* Resolves file:PATH of a file with these bytes; `text` is what the error says after the spec, NULL for none.
 */
static void expect_file(const char *bytes, uint32_t node, enum ord_code code, const char *text)
{
    char path[] = "node.XXXXXX", spec[64], whole[256];
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
    close(fd);
    snprintf(spec, sizeof spec, "file:%s", path);
    snprintf(whole, sizeof whole, "%s: %s", spec, text ? text : "");
    if (text)
        expect_error(&plain, spec, 10, code, whole);
    else
        expect_node(&plain, spec, 10, node);
    unlink(path);
}

Test(node, files)
{
    static const char not_number[] = "the file holds \"seven\", which is not a number; allowed 0 to 1023";
    expect_file("7", 7, ORD_OK, NULL);
    expect_file("7\n", 7, ORD_OK, NULL);
    expect_file("7 \r\n\n", 7, ORD_OK, NULL);
    expect_file("", 0, ORD_INVALID_ARGUMENT, "the file is empty; allowed 0 to 1023");
    expect_file("\n", 0, ORD_INVALID_ARGUMENT, "the file is empty; allowed 0 to 1023");
    expect_file("seven\n", 0, ORD_INVALID_ARGUMENT, not_number);
    expect_file("1024\n", 0, ORD_OUT_OF_RANGE, "the file gives 1024; allowed 0 to 1023");
    expect_error(&plain, "file:nowhere", 10, ORD_INVALID_ARGUMENT, "file:nowhere: No such file or directory");
    expect_error(&plain, "file:.", 10, ORD_INVALID_ARGUMENT, "file:.: Is a directory");
}

Test(node, a_file_longer_than_any_number_is_none)
{
    char bytes[200];
    memset(bytes, '0', sizeof bytes);
    bytes[150] = '7';
    bytes[199] = '\0';
    struct ord_error error;
    char path[] = "node.XXXXXX", spec[64];
    uint32_t node;
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, bytes, 199) == 199);
    close(fd);
    snprintf(spec, sizeof spec, "file:%s", path);
    cr_assert_eq(resolve(&plain, spec, 10, &node, &error), ORD_INVALID_ARGUMENT, "cut to 0");
    unlink(path);
}

Test(node, the_real_system)
{
    char hostname[256] = "", own[256] = "";
    struct ord_interface interfaces[8];
    struct ord_error error;
    cr_assert_eq(ord_node_system.hostname(NULL, hostname, sizeof hostname, &error), ORD_OK);
    gethostname(own, sizeof own);
    cr_assert_str_eq(hostname, own);
    int count = ord_node_system.interfaces(NULL, interfaces, 8);
    cr_assert(count >= 0 && count <= 8);
    for (int i = 0; i < count; i++)
        cr_assert_neq(interfaces[i].address >> 24, 127, "%s is loopback", interfaces[i].name);
    setenv("ORDINAL_TEST_NODE", "5", 1);
    cr_assert_str_eq(ord_node_system.variable(NULL, "ORDINAL_TEST_NODE"), "5");
    unsetenv("ORDINAL_TEST_NODE");
    cr_assert_null(ord_node_system.variable(NULL, "ORDINAL_TEST_NODE"));
}
