/* Host name, interfaces and variables of the system that we run on. */
#include "conf/node.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum ord_code read_hostname(void *context, char *ret, int size, struct ord_error *error)
{
    if (gethostname(ret, (size_t)size) != 0)
        return ord_fail_errno(error, errno, "gethostname");
    ret[size - 1] = '\0';
    return ORD_OK;
}

static uint32_t ipv4_of(const struct sockaddr *address)
{
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
}

static bool is_candidate(const struct ifaddrs *at)
{
    return at->ifa_addr && at->ifa_netmask && at->ifa_addr->sa_family == AF_INET && (at->ifa_flags & IFF_UP) &&
           !(at->ifa_flags & IFF_LOOPBACK);
}

static int list_interfaces(void *context, struct ord_interface *ret, int max)
{
    struct ifaddrs *all = NULL;
    int count = 0;
    if (getifaddrs(&all) != 0)
        return 0;
    for (const struct ifaddrs *at = all; at && count < max; at = at->ifa_next) {
        if (!is_candidate(at))
            continue;
        struct ord_interface *interface = &ret[count++];
        snprintf(interface->name, sizeof interface->name, "%s", at->ifa_name);
        interface->address = ipv4_of(at->ifa_addr);
        interface->prefix = (uint8_t)__builtin_popcount(ipv4_of(at->ifa_netmask));
    }
    freeifaddrs(all);
    return count;
}

static const char *read_variable(void *context, const char *name)
{
    return getenv(name);
}

const struct ord_node_system ord_node_system = {
    .hostname = read_hostname,
    .interfaces = list_interfaces,
    .variable = read_variable,
};
