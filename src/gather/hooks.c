/* The calls of the C library that this room stands in front of. See gather.h. */
#include <dlfcn.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gather/outbox.h"

static struct {
    ssize_t (*sendmsg)(int, const struct msghdr *, int);
    ssize_t (*send)(int, const void *, size_t, int);
    int (*epoll_wait)(int, struct epoll_event *, int, int);
    int (*poll)(struct pollfd *, nfds_t, int);
    int (*shutdown)(int, int);
    int (*close)(int);
} real;

static const struct {
    const char *name;
    void *place;
} calls[] = {
    {"sendmsg", &real.sendmsg}, {"send", &real.send},         {"epoll_wait", &real.epoll_wait},
    {"poll", &real.poll},       {"shutdown", &real.shutdown}, {"close", &real.close},
};

/* Other libraries' constructors may call before this one has run: then it is run by the first call. */
__attribute__((constructor)) static void find_real(void)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        void *call = dlsym(RTLD_NEXT, calls[i].name);
        memcpy(calls[i].place, &call, sizeof call);
    }
}

ssize_t ord_real_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return real.sendmsg(fd, message, flags);
}

ssize_t ord_real_send(int fd, const void *bytes, size_t size, int flags)
{
    return real.send(fd, bytes, size, flags);
}

int ord_real_poll_out(int fd, int timeout_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    return real.poll(&wanted, 1, timeout_ms);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (!real.sendmsg)
        find_real();
    return ord_gather_write(fd, message, flags);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (!real.sendmsg)
        find_real();
    return ord_gather_write(fd, &message, flags);
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout_ms)
{
    if (!real.epoll_wait)
        find_real();
    return real.epoll_wait(epoll, events, max, ord_gather_before_wait(timeout_ms));
}

int poll(struct pollfd *files, nfds_t count, int timeout_ms)
{
    if (!real.poll)
        find_real();
    return real.poll(files, count, ord_gather_before_wait(timeout_ms));
}

int shutdown(int fd, int how)
{
    if (!real.shutdown)
        find_real();
    if (how != SHUT_RD)
        ord_gather_before_end(fd, false);
    return real.shutdown(fd, how);
}

int close(int fd)
{
    if (!real.close)
        find_real();
    ord_gather_before_end(fd, true);
    return real.close(fd);
}
