#include "gather/gather.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "gather/outbox.h"

/* Criterion tells of each assertion through sockets, from the thread that makes it: so it hears only of what is
 * wrong, and once that thread gathers no more. */
#define CHECK(condition) ((condition) ? (void)0 : fail(#condition))

static void fail(const char *condition)
{
    ord_gather_end();
    cr_assert_fail("%s", condition);
}

/* A pair of sockets: `ours` writes what `peer` reads. Over SEQPACKET each write of the kernel's is a message of
 * its own, so that writes can be counted. */
static int ours, peer;

static void open_pair(int type)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair) == 0);
    ours = pair[0];
    peer = pair[1];
}

static void open_packets(void)
{
    ord_gather_hold_ns = INT64_MAX;
    open_pair(SOCK_SEQPACKET);
}

static void open_stream(void)
{
    ord_gather_hold_ns = INT64_MAX;
    open_pair(SOCK_STREAM);
}

TestSuite(gather, .init = open_packets);
TestSuite(gather_stream, .init = open_stream);

static void say(const char *text)
{
    CHECK(send(ours, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* What the peer has: one message, or "" when there is none. */
static const char *heard(void)
{
    static char text[65536];
    ssize_t size = recv(peer, text, sizeof text - 1, 0);
    if (size < 0)
        CHECK(errno == EAGAIN);
    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static void wait_in_poll(void)
{
    struct pollfd nothing = {.fd = -1};
    poll(&nothing, 1, 0);
}

/* Gathers, on a socket that had several writes in the last burst. */
static void begin(uint32_t patience_ms)
{
    ord_gather_begin(patience_ms);
    say("a");
    say("a");
    ord_gather_flush();
    while (*heard())
        ;
}

Test(gather, passes_through_where_nobody_gathers)
{
    say("a");
    CHECK(strcmp(heard(), "a") == 0);
    ord_gather_end();
}

Test(gather, passes_through_what_is_alone_between_two_waits)
{
    ord_gather_begin(0);
    for (int i = 0; i < 3; i++) {
        say("a");
        CHECK(!ord_gather_keeps());
        CHECK(strcmp(heard(), "a") == 0);
        wait_in_poll();
    }
    ord_gather_end();
}

Test(gather, keeps_what_follows_in_a_burst_and_all_of_the_next)
{
    ord_gather_begin(0);
    say("a");
    say("b");
    say("c");
    CHECK(strcmp(heard(), "a") == 0);
    CHECK(strcmp(heard(), "") == 0);
    wait_in_poll();
    CHECK(strcmp(heard(), "bc") == 0);
    say("d");
    CHECK(strcmp(heard(), "") == 0);
    wait_in_poll();
    CHECK(strcmp(heard(), "d") == 0);
    say("e");
    CHECK(strcmp(heard(), "e") == 0);
    ord_gather_end();
}

Test(gather, sends_a_burst_in_one_go_before_poll)
{
    begin(0);
    say("a");
    say("bc");
    CHECK(strcmp(heard(), "") == 0);
    wait_in_poll();
    CHECK(strcmp(heard(), "abc") == 0);
    CHECK(strcmp(heard(), "") == 0);
    ord_gather_end();
}

Test(gather, sends_before_epoll_wait)
{
    struct epoll_event event;
    int epoll = epoll_create1(0);
    begin(0);
    say("a");
    CHECK(epoll_wait(epoll, &event, 1, 0) == 0);
    CHECK(strcmp(heard(), "a") == 0);
    ord_gather_end();
}

Test(gather, sends_when_asked_to)
{
    begin(0);
    CHECK(!ord_gather_keeps());
    say("a");
    say("b");
    CHECK(ord_gather_keeps());
    CHECK(!ord_gather_flush());
    CHECK(!ord_gather_keeps());
    CHECK(strcmp(heard(), "ab") == 0);
    ord_gather_end();
}

Test(gather, sends_at_the_end_and_keeps_no_more)
{
    begin(0);
    say("a");
    ord_gather_end();
    CHECK(strcmp(heard(), "a") == 0);
    say("b");
    CHECK(strcmp(heard(), "b") == 0);
    ord_gather_end();
}

Test(gather, keeps_nothing_for_long)
{
    struct timespec begun, now;
    begin(0);
    ord_gather_hold_ns = ORD_GATHER_HOLD_US * 1000;
    say("a");
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begun.tv_sec) * 1000000 + (now.tv_nsec - begun.tv_nsec) / 1000 <=
           ORD_GATHER_HOLD_US + 1);
    say("b");
    CHECK(strcmp(heard(), "ab") == 0);
    ord_gather_end();
}

Test(gather, takes_the_pieces_of_a_message)
{
    char first[] = "ab", last[] = "cde";
    struct iovec pieces[] = {{first, 2}, {NULL, 0}, {last, 3}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 3};
    begin(0);
    CHECK(sendmsg(ours, &message, MSG_NOSIGNAL) == 5);
    CHECK(strcmp(heard(), "") == 0);
    ord_gather_flush();
    CHECK(strcmp(heard(), "abcde") == 0);
    ord_gather_end();
}

Test(gather, sends_what_is_out_of_the_ordinary_behind_what_is_kept)
{
    char letter = 'b';
    struct iovec piece = {&letter, 1};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header =
        (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(header), &ours, sizeof ours);
    begin(0);
    say("a");
    CHECK(sendmsg(ours, &message, MSG_NOSIGNAL) == 1);
    CHECK(strcmp(heard(), "a") == 0);
    CHECK(strcmp(heard(), "b") == 0);
    ord_gather_end();
}

Test(gather, sends_large_writes_behind_what_is_kept)
{
    static char large[ORD_GATHER_SIZE + 1];
    memset(large, 'x', sizeof large);
    begin(0);
    say("a");
    CHECK(send(ours, large, sizeof large, MSG_NOSIGNAL) == (ssize_t)sizeof large);
    CHECK(strcmp(heard(), "a") == 0);
    CHECK(strlen(heard()) == sizeof large);
    ord_gather_end();
}

Test(gather, makes_room_when_it_is_full)
{
    static char half[ORD_GATHER_SIZE / 2 + 1];
    memset(half, 'x', sizeof half);
    begin(0);
    send(ours, half, sizeof half, MSG_NOSIGNAL);
    CHECK(strcmp(heard(), "") == 0);
    send(ours, half, sizeof half, MSG_NOSIGNAL);
    CHECK(strlen(heard()) == sizeof half);
    CHECK(strcmp(heard(), "") == 0);
    ord_gather_flush();
    CHECK(strlen(heard()) == sizeof half);
    ord_gather_end();
}

static void *say_b(void *unused)
{
    say("b");
    return NULL;
}

Test(gather, keeps_the_order_with_writes_of_other_threads)
{
    pthread_t other;
    begin(0);
    say("a");
    pthread_create(&other, NULL, say_b, NULL);
    pthread_join(other, NULL);
    CHECK(strcmp(heard(), "a") == 0);
    CHECK(strcmp(heard(), "b") == 0);
    say("c");
    ord_gather_flush();
    CHECK(strcmp(heard(), "c") == 0);
    ord_gather_end();
}

Test(gather, sends_before_the_end_of_a_connection)
{
    begin(0);
    say("a");
    shutdown(ours, SHUT_RD);
    CHECK(strcmp(heard(), "") == 0);
    shutdown(ours, SHUT_WR);
    CHECK(strcmp(heard(), "a") == 0);
    ord_gather_end();
}

static void *close_ours(void *unused)
{
    close(ours);
    return NULL;
}

/* A socket that gets the number of a closed one gets nothing of what was that one's. */
Test(gather, sends_before_close_and_forgets_the_number)
{
    pthread_t other;
    int former = ours, former_peer = peer;
    begin(0);
    say("a");
    pthread_create(&other, NULL, close_ours, NULL);
    pthread_join(other, NULL);
    CHECK(strcmp(heard(), "a") == 0);

    open_packets();
    if (ours != former)
        CHECK(dup2(ours, former) == former);
    ours = former;
    say("b");
    ord_gather_flush();
    CHECK(strcmp(heard(), "b") == 0);
    close(former_peer);
    ord_gather_end();
}

Test(gather_stream, tells_an_error_with_the_next_write)
{
    begin(0);
    say("a");
    close(peer);
    ord_gather_flush();
    CHECK(send(ours, "b", 1, MSG_NOSIGNAL) == -1);
    CHECK(errno == EPIPE);
    ord_gather_end();
}

/* A connection over TCP that its peer resets: the kernel tells that once, and something else from then on. */
static void open_reset(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    ours = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(ours, (struct sockaddr *)&address, sizeof address) == 0);
    peer = accept(listener, NULL, NULL);
    CHECK(peer >= 0);
}

Test(gather, tells_what_the_kernel_tells_once)
{
    open_reset();
    struct linger at_once = {.l_onoff = 1};
    ord_gather_begin(0);
    say("a");
    say("b");
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(peer);
    ord_gather_flush();
    CHECK(send(ours, "c", 1, MSG_NOSIGNAL) == -1);
    CHECK(errno == ECONNRESET);
    ord_gather_end();
}

/* A thread that keeps something for a socket whose number another one had. */
static sem_t kept, over;

static void *keep_b(void *unused)
{
    ord_gather_begin(0);
    say("a");
    say("b");
    CHECK(ord_gather_keeps());
    sem_post(&kept);
    sem_wait(&over);
    ord_gather_end();
    return NULL;
}

static void *say_c(void *unused)
{
    say("c");
    return NULL;
}

Test(gather, a_thread_whose_socket_was_closed_leaves_the_next_of_that_number_alone)
{
    pthread_t closer, keeper, other;
    int former = ours;
    begin(0);
    say("x");
    pthread_create(&closer, NULL, close_ours, NULL);
    pthread_join(closer, NULL);
    open_packets();
    if (ours != former)
        CHECK(dup2(ours, former) == former);
    ours = former;

    sem_init(&kept, 0, 0);
    sem_init(&over, 0, 0);
    pthread_create(&keeper, NULL, keep_b, NULL);
    sem_wait(&kept);
    ord_gather_flush();
    pthread_create(&other, NULL, say_c, NULL);
    pthread_join(other, NULL);
    CHECK(strcmp(heard(), "a") == 0);
    CHECK(strcmp(heard(), "b") == 0);
    CHECK(strcmp(heard(), "c") == 0);
    sem_post(&over);
    pthread_join(keeper, NULL);
    ord_gather_end();
}

/* Numbers in a row, so that what is lost, doubled or swapped shows. */
static uint32_t written, read_back;

static bool write_number(void)
{
    if (send(ours, &written, sizeof written, MSG_NOSIGNAL) != sizeof written) {
        CHECK(errno == EAGAIN);
        return false;
    }
    written++;
    return true;
}

static void read_numbers(void)
{
    static uint32_t numbers[4096];
    static size_t rest;
    ssize_t size;
    while ((size = recv(peer, (char *)numbers + rest, sizeof numbers - rest, 0)) > 0) {
        size_t whole = (rest + (size_t)size) / sizeof *numbers;
        for (size_t i = 0; i < whole; i++)
            CHECK(numbers[i] == read_back++);
        rest = (rest + (size_t)size) % sizeof *numbers;
        memcpy(numbers, numbers + whole, rest);
    }
}

static void fill(void)
{
    int small = 4096;
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    while (write_number() && write_number())
        wait_in_poll();
}

Test(gather_stream, refuses_writes_while_the_kernel_takes_no_more)
{
    begin(0);
    fill();
    CHECK(!write_number());
    read_numbers();
    CHECK(read_back < written); /* the rest is kept */
    while (ord_gather_flush())
        read_numbers();
    CHECK(!ord_gather_keeps());
    read_numbers();
    CHECK(read_back == written);
    CHECK(write_number());
    ord_gather_flush();
    read_numbers();
    CHECK(read_back == written);
    ord_gather_end();
}

Test(gather_stream, waits_not_long_with_something_to_try_again)
{
    struct timespec begun, now;
    struct pollfd nothing = {.fd = -1};
    begin(0);
    fill();
    clock_gettime(CLOCK_MONOTONIC, &begun);
    poll(&nothing, 1, 600000);
    clock_gettime(CLOCK_MONOTONIC, &now);
    CHECK(now.tv_sec - begun.tv_sec < 300);
    ord_gather_end();
}

static void *read_all(void *unused)
{
    while (read_back < 100000) {
        struct pollfd readable = {.fd = peer, .events = POLLIN};
        poll(&readable, 1, -1);
        read_numbers();
    }
    return NULL;
}

Test(gather_stream, waits_for_a_slow_reader_with_patience)
{
    pthread_t reader;
    int small = 4096;
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    begin(60000);
    pthread_create(&reader, NULL, read_all, NULL);
    while (written < 100000) {
        struct pollfd writable = {.fd = ours, .events = POLLOUT};
        if (!write_number())
            poll(&writable, 1, -1);
        if (written % 1000 == 0)
            wait_in_poll();
    }
    wait_in_poll();
    pthread_join(reader, NULL);
    CHECK(read_back == written);
    ord_gather_end();
}

Test(gather_stream, gives_up_a_reader_that_never_reads)
{
    int small = 4096;
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    begin(20);
    while (send(ours, &written, sizeof written, MSG_NOSIGNAL) == sizeof written)
        if (written++ % 2 == 0)
            wait_in_poll();
    CHECK(errno == EPIPE);
    ord_gather_end();
}

Test(gather_stream, leaves_nothing_behind_when_a_thread_ends_with_a_full_socket)
{
    begin(0);
    fill();
    ord_gather_end();
    read_numbers();
    ord_gather_begin(0);
    say("x");
    ord_gather_flush();
    ord_gather_end();
}
