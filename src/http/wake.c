#include "http/wake.h"

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

void ord_http_wake(const char *address)
{
    struct sockaddr_in wanted;
    DIR *files = read_address(address, &wanted) ? opendir("/proc/self/fd") : NULL;
    if (!files)
        return;
    for (struct dirent *file; (file = readdir(files));) {
        int fd = atoi(file->d_name);
        if (file->d_name[0] != '.' && is_ours(fd, &wanted))
            shutdown(fd, SHUT_RD);
    }
    closedir(files);
}
