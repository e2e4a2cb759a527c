/*
 * Threads that gather, and threads that do not, write to the same sockets, one at a time for each socket, as
 * the grpc C core does; others close sockets under them. Readers see every byte in order. A plain main, since
 * Criterion cannot run under ThreadSanitizer.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gather/gather.h"

enum {
    SOCKETS = 6,
    WRITERS = 4,
    NUMBERS = 60000,
    ROUNDS = 2000
};

static struct {
    int ours, peer;
    pthread_mutex_t turn; /* one writer at a time */
    uint32_t written, read_back;
} sockets[SOCKETS];

static void fail(const char *what)
{
    printf("not ok 1 - %s\n", what);
    exit(1);
}

/* Writes one number to a socket. False if its numbers have all been written. */
static bool write_one(size_t i)
{
    pthread_mutex_lock(&sockets[i].turn);
    uint32_t number = sockets[i].written;
    bool goes_on = number < NUMBERS;
    if (goes_on && send(sockets[i].ours, &number, sizeof number, MSG_NOSIGNAL) == sizeof number)
        sockets[i].written++;
    else if (goes_on && errno != EAGAIN)
        fail("a write failed");
    pthread_mutex_unlock(&sockets[i].turn);
    return goes_on;
}

static void *writer(void *context)
{
    unsigned seed = (unsigned)(uintptr_t)context;
    struct pollfd nothing = {.fd = -1};
    bool gathers = seed % 2 == 0;
    if (gathers)
        ord_gather_begin(0);
    for (size_t idle = 0; idle < SOCKETS;) {
        idle = 0;
        for (size_t i = 0; i < SOCKETS; i++)
            if (!write_one((i + seed) % SOCKETS))
                idle++;
        if (rand_r(&seed) % 8 == 0)
            poll(&nothing, 1, 0);
    }
    while (ord_gather_flush())
        sched_yield(); /* readers are to take what the kernel did not */
    ord_gather_end();
    return NULL;
}

static void *reader(void *context)
{
    size_t i = (uintptr_t)context;
    uint32_t number;
    while (sockets[i].read_back < NUMBERS) {
        if (recv(sockets[i].peer, &number, sizeof number, MSG_WAITALL) != sizeof number)
            fail("a socket ended early");
        if (number != sockets[i].read_back++)
            fail("a number is out of place");
    }
    return NULL;
}

static void open_sockets(void)
{
    for (size_t i = 0; i < SOCKETS; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
            fail("no sockets");
        sockets[i].ours = pair[0];
        sockets[i].peer = pair[1];
        pthread_mutex_init(&sockets[i].turn, NULL);
    }
}

static void write_and_read(void)
{
    pthread_t writers[WRITERS], readers[SOCKETS];
    open_sockets();
    for (uintptr_t i = 0; i < SOCKETS; i++)
        pthread_create(&readers[i], NULL, reader, (void *)i);
    for (uintptr_t i = 0; i < WRITERS; i++)
        pthread_create(&writers[i], NULL, writer, (void *)i);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    for (size_t i = 0; i < SOCKETS; i++)
        pthread_join(readers[i], NULL);
}

static void *closer(void *context)
{
    close(*(int *)context);
    return NULL;
}

/* A socket is closed by another thread between a write and its flush: the peer has the bytes, and nobody else.
 */
static void close_under_a_writer(void)
{
    ord_gather_begin(0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        uint32_t number;
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
            fail("no sockets");
        send(pair[0], &i, sizeof i, MSG_NOSIGNAL);
        pthread_create(&thread, NULL, closer, &pair[0]);
        ord_gather_flush();
        if (recv(pair[1], &number, sizeof number, MSG_WAITALL) != sizeof number || number != i)
            fail("a closed socket's bytes are not its peer's");
        pthread_join(thread, NULL);
        if (recv(pair[1], &number, sizeof number, 0) != 0)
            fail("a closed socket has more to say");
        close(pair[1]);
    }
    ord_gather_end();
}

int main(void)
{
    puts("1..1");
    write_and_read();
    close_under_a_writer();
    puts("ok 1 - bytes stay in order");
    return 0;
}
