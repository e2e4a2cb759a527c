#include "http/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool read_address(const char *text, struct sockaddr_in *ret)
{
    char host[INET_ADDRSTRLEN];
    unsigned port;
    if (sscanf(text, "%15[0-9.]:%u", host, &port) != 2)
        return false;
    ret->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &ret->sin_addr) == 1;
}

/* A listener on 0.0.0.0 has connections on each of the host's addresses. */
static bool is_ours(int fd, const struct sockaddr_in *wanted)
{
    struct sockaddr_in local = {0};
    socklen_t size = sizeof local;
    if (getsockname(fd, (struct sockaddr *)&local, &size) != 0 || local.sin_family != AF_INET)
        return false;
    return local.sin_port == wanted->sin_port &&
           (wanted->sin_addr.s_addr == htonl(INADDR_ANY) || local.sin_addr.s_addr == wanted->sin_addr.s_addr);
}

/* Goes through the sockets on an address, until `visit` says that it is done. */
static void each(const char *address, bool (*visit)(void *context, int fd), void *context)
{
    struct sockaddr_in wanted;
    DIR *files = read_address(address, &wanted) ? opendir("/proc/self/fd") : NULL;
    if (!files)
        return;
    bool is_done = false;
    for (struct dirent *file; !is_done && (file = readdir(files));) {
        int fd = atoi(file->d_name);
        if (file->d_name[0] != '.' && is_ours(fd, &wanted))
            is_done = visit(context, fd);
    }
    closedir(files);
}

static bool shut(void *unused, int fd)
{
    shutdown(fd, SHUT_RD);
    return false;
}

void ord_http_wake(const char *address)
{
    each(address, shut, NULL);
}

struct search {
    struct sockaddr_in peer;
    int found;
};

static bool is_found(void *context, int fd)
{
    struct search *search = context;
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0 || peer.sin_port != search->peer.sin_port ||
        peer.sin_addr.s_addr != search->peer.sin_addr.s_addr)
        return false;
    search->found = fd;
    return true;
}

int ord_http_socket(const char *address, const char *peer, int peer_port)
{
    struct search search = {.peer.sin_port = htons((uint16_t)peer_port), .found = -1};
    if (inet_pton(AF_INET, peer, &search.peer.sin_addr) == 1)
        each(address, is_found, &search);
    return search.found;
}
