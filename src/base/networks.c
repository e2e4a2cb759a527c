#include "base/networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* The longest item of a list that can be right: an IPv6 address, a slash, three digits. */
#define ITEM_MAX (ORD_ADDRESS_TEXT_MAX + 4)

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void put_ipv4(const void *bytes, struct ord_address *ret)
{
    *ret = (struct ord_address){.is_ipv4 = true};
    memcpy(ret->bytes, bytes, 4);
}

static void put_ipv6(const uint8_t bytes[16], struct ord_address *ret)
{
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        put_ipv4(bytes + sizeof mapped, ret);
        return;
    }
    *ret = (struct ord_address){.is_ipv4 = false};
    memcpy(ret->bytes, bytes, 16);
}

bool ord_address_parse(const char *text, struct ord_address *ret_address)
{
    uint8_t bytes[16];
    char plain[ORD_ADDRESS_TEXT_MAX];
    size_t size = strcspn(text, "%"); /* what follows names an interface */
    if (inet_pton(AF_INET, text, bytes) == 1) {
        put_ipv4(bytes, ret_address);
        return true;
    }
    if (size >= sizeof plain)
        return false;
    memcpy(plain, text, size);
    plain[size] = '\0';
    if (inet_pton(AF_INET6, plain, bytes) != 1)
        return false;
    put_ipv6(bytes, ret_address);
    return true;
}

bool ord_address_of(const struct sockaddr *socket_address, struct ord_address *ret_address)
{
    if (socket_address->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, socket_address, sizeof ipv4);
        put_ipv4(&ipv4.sin_addr, ret_address);
        return true;
    }
    if (socket_address->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 ipv6;
    memcpy(&ipv6, socket_address, sizeof ipv6);
    put_ipv6(ipv6.sin6_addr.s6_addr, ret_address);
    return true;
}

void ord_address_text(const struct ord_address *address, char ret[ORD_ADDRESS_TEXT_MAX])
{
    inet_ntop(address->is_ipv4 ? AF_INET : AF_INET6, address->bytes, ret, ORD_ADDRESS_TEXT_MAX);
}

static unsigned bits_max(const struct ord_address *address)
{
    return address->is_ipv4 ? 32 : 128;
}

/* The address with all bits past the first `bits` cleared. */
static struct ord_address first_of(const struct ord_address *address, unsigned bits)
{
    struct ord_address first = *address;
    for (unsigned bit = bits; bit < bits_max(address); bit++)
        first.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return first;
}

static bool is_same(const struct ord_address *one, const struct ord_address *other)
{
    return one->is_ipv4 == other->is_ipv4 && memcmp(one->bytes, other->bytes, sizeof one->bytes) == 0;
}

/* Reads one to three digits up to `max`. */
static bool read_bits(const char *text, unsigned max, unsigned *ret_bits)
{
    size_t size = strlen(text);
    if (size < 1 || size > 3 || strspn(text, "0123456789") != size)
        return false;
    unsigned bits = 0;
    for (; *text; text++)
        bits = bits * 10 + (unsigned)(*text - '0');
    if (bits > max)
        return false;
    *ret_bits = bits;
    return true;
}

static enum ord_code fail_item(struct ord_error *error, const char *item)
{
    return ord_fail(
        error, ORD_INVALID_ARGUMENT,
        "\"%s\" is no network; allowed are ADDRESS and ADDRESS/BITS, such as 10.0.0.0/8 or ::1/128, "
        "with commas between them, or none",
        item);
}

/* Reads ADDRESS or ADDRESS/BITS; the item is cut at its slash. */
static enum ord_code read_network(char *item, struct ord_network *ret_network, struct ord_error *error)
{
    struct ord_network network;
    char *slash = strchr(item, '/');
    if (slash)
        *slash = '\0';
    bool is_address = !strchr(item, '%') && ord_address_parse(item, &network.address);
    bool is_mapped = is_address && network.address.is_ipv4 && strchr(item, ':');
    if (slash)
        *slash = '/';
    if (!is_address || is_mapped)
        return fail_item(error, item);

    network.bits = bits_max(&network.address);
    if (slash && !read_bits(slash + 1, bits_max(&network.address), &network.bits))
        return ord_fail(error, ORD_OUT_OF_RANGE, "%s: the length of the network is 0 to %u bits", item,
                        bits_max(&network.address));
    struct ord_address first = first_of(&network.address, network.bits);
    if (!is_same(&first, &network.address)) {
        char text[ORD_ADDRESS_TEXT_MAX];
        ord_address_text(&first, text);
        return ord_fail(error, ORD_INVALID_ARGUMENT, "%s: a network of %u bits begins at %s/%u", item,
                        network.bits, text, network.bits);
    }
    *ret_network = network;
    return ORD_OK;
}

/* Reads what stands between two commas. */
static enum ord_code read_item(const char *text, size_t size, struct ord_network *ret_network,
                               struct ord_error *error)
{
    char item[ITEM_MAX];
    snprintf(item, sizeof item, "%.*s", (int)size, text);
    return size < sizeof item ? read_network(item, ret_network, error) : fail_item(error, item);
}

enum ord_code ord_networks_parse(const char *text, struct ord_networks *ret_networks, struct ord_error *error)
{
    struct ord_networks networks = {0};
    bool is_none = strcmp(text, "none") == 0;
    for (const char *at = text; !is_none;) {
        size_t size = strcspn(at, ",");
        if (networks.count == ORD_NETWORKS_MAX)
            return ord_fail(error, ORD_OUT_OF_RANGE, "there are more than %d networks", ORD_NETWORKS_MAX);
        enum ord_code code = read_item(at, size, &networks.list[networks.count], error);
        if (code != ORD_OK)
            return code;
        networks.count++;
        if (at[size] == '\0')
            break;
        at += size + 1;
    }
    *ret_networks = networks;
    return ORD_OK;
}

bool ord_networks_hold(const struct ord_networks *networks, const struct ord_address *address)
{
    for (size_t i = 0; i < networks->count; i++) {
        const struct ord_network *network = &networks->list[i];
        struct ord_address first = first_of(address, network->bits);
        if (is_same(&first, &network->address))
            return true;
    }
    return false;
}
