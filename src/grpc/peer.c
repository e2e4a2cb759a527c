/* Who calls. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <grpc/support/alloc.h>

#include "grpc/internal.h"

static bool is_loopback(const struct sockaddr_storage *address)
{
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
    uint32_t in = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
    if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(in6))
        return in6->s6_addr[12] == IN_LOOPBACKNET;
    if (address->ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(in6);
    return address->ss_family == AF_INET && in >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
}

/* The core names connections that were handed to it by their descriptors. A descriptor stays open while calls
 * of its connection live, so it cannot be another's by now. */
bool ord_call_is_local(const struct ord_call *call)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    int fd = -1, used = 0;
    char *peer = grpc_call_get_peer(call->call);
    bool is_known = peer && sscanf(peer, "fd:%9d%n", &fd, &used) == 1 && peer[used] == '\0' && fd >= 0 &&
                    getpeername(fd, (struct sockaddr *)&address, &size) == 0;
    gpr_free(peer);
    return is_known && is_loopback(&address);
}
