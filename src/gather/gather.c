#include "gather/gather.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gather/outbox.h"

/* How soon a thread without patience tries again what the kernel did not take. */
#define RETRY_MS 2

/* Free outboxes that a thread keeps. */
#define SPARE_MAX 16

#define LOCKS 64

/*
 * What is kept for one socket. It is its thread's, in that thread's list, for as long as the list holds it;
 * which socket it belongs to, and its bytes, are guarded by the socket's lock, since other threads write to the
 * socket, or close it, too.
 */
struct outbox {
    struct outbox *next;
    atomic_int fd; /* -1: the socket was closed */
    int error;     /* of the kernel's, to be told by the next write; 0: none */
    size_t start, end;
    char bytes[ORD_GATHER_SIZE];
};

/* The outbox of each socket that has one. Read without a lock to learn that there is none. */
static _Atomic(struct outbox *) outboxes[ORD_GATHER_FILES];
static pthread_mutex_t locks[LOCKS];

/* The burst in which each socket was last written to, by its writer's count, twice; odd if it was written to
 * more than once. */
static atomic_uint bursts[ORD_GATHER_FILES];

int64_t ord_gather_hold_ns = ORD_GATHER_HOLD_US * INT64_C(1000);

static _Thread_local struct {
    bool gathers;
    uint32_t patience_ms;
    unsigned burst;        /* goes by two with each wait */
    int64_t since_ns;      /* when the first byte of a burst was kept */
    struct outbox *filled; /* the thread's list */
    struct outbox *spare;
    unsigned spare_count;
} self;

__attribute__((constructor)) static void init_locks(void)
{
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&locks[i], NULL);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void lock(int fd)
{
    pthread_mutex_lock(&locks[fd % LOCKS]);
}

static void unlock(int fd)
{
    pthread_mutex_unlock(&locks[fd % LOCKS]);
}

static bool is_ours(int fd)
{
    return fd >= 0 && fd < ORD_GATHER_FILES;
}

/* The socket's outbox, with the lock held; NULL, and no lock held, if it has none. */
static struct outbox *lock_outbox(int fd)
{
    if (!is_ours(fd) || !atomic_load_explicit(&outboxes[fd], memory_order_acquire))
        return NULL;
    lock(fd);
    struct outbox *box = atomic_load_explicit(&outboxes[fd], memory_order_relaxed);
    if (!box)
        unlock(fd);
    return box;
}

/* Gives the kernel what it takes. Whether nothing is left; an error leaves nothing. Under the lock. */
static bool send_kept(struct outbox *box)
{
    while (box->start < box->end) {
        ssize_t sent =
            ord_real_send(atomic_load_explicit(&box->fd, memory_order_relaxed), box->bytes + box->start,
                          box->end - box->start, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return false;
        if (sent < 0) {
            box->error = errno;
            break;
        }
        box->start += (size_t)sent;
    }
    box->start = box->end = 0;
    return true;
}

static ssize_t fail(int error)
{
    errno = error;
    return -1;
}

/* Sends what is kept ahead of a further write. 0 when that may follow; else the error that it gets. */
static int make_way(struct outbox *box)
{
    bool is_empty = send_kept(box);
    int error = box->error;
    box->error = 0;
    return error ? error : is_empty ? 0 : EAGAIN;
}

static struct outbox *take_outbox(void)
{
    struct outbox *box = self.spare;
    if (box) {
        self.spare = box->next;
        self.spare_count--;
    } else {
        box = malloc(sizeof *box);
    }
    return box;
}

static void give_outbox(struct outbox *box)
{
    if (self.spare_count >= SPARE_MAX) {
        free(box);
        return;
    }
    box->next = self.spare;
    self.spare = box;
    self.spare_count++;
}

/* An empty outbox for a socket that has none, in the calling thread's list. Under the lock. */
static struct outbox *attach(int fd)
{
    struct outbox *box = take_outbox();
    if (!box)
        return NULL;
    atomic_init(&box->fd, fd);
    box->error = 0;
    box->start = box->end = 0;
    if (!self.filled)
        self.since_ns = now_ns();
    box->next = self.filled;
    self.filled = box;
    atomic_store_explicit(&outboxes[fd], box, memory_order_release);
    return box;
}

static void append(struct outbox *box, const struct msghdr *message)
{
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) {
        memcpy(box->bytes + box->end, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
        box->end += message->msg_iov[i].iov_len;
    }
}

static size_t size_of(const struct msghdr *message)
{
    size_t size = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
        size += message->msg_iov[i].iov_len;
    return size;
}

/* Whether a write can be kept: small, to a connected stream, with nothing out of the ordinary. */
static bool is_plain(const struct msghdr *message, int flags)
{
    return self.gathers && !message->msg_control && !message->msg_name &&
           !(flags & ~(MSG_NOSIGNAL | MSG_DONTWAIT)) && size_of(message) <= ORD_GATHER_SIZE;
}

/*
 * Whether a socket gets many writes in a burst: this is not the first of the present burst, or there was more
 * than one in that before. To keep the only write of a burst would gain nothing and make its reader wait.
 */
static bool is_busy(int fd)
{
    unsigned last = atomic_load_explicit(&bursts[fd], memory_order_relaxed);
    bool is_first = last / 2 != self.burst / 2, was_busy = last & 1;
    atomic_store_explicit(&bursts[fd], is_first ? self.burst : self.burst | 1, memory_order_relaxed);
    return !is_first || was_busy;
}

/* Keeps a write, or passes it through behind what is kept. Under the lock of a socket that is ours. */
static ssize_t keep(int fd, const struct msghdr *message, int flags, bool is_kept)
{
    struct outbox *box = atomic_load_explicit(&outboxes[fd], memory_order_relaxed);
    size_t size = size_of(message);
    bool has_room = box && box->start == 0 && box->end + size <= ORD_GATHER_SIZE && !box->error;
    if (box && !(is_kept && has_room)) {
        int error = make_way(box);
        if (error)
            return fail(error);
    }
    if (is_kept && !box)
        box = attach(fd);
    if (!is_kept || !box)
        return ord_real_sendmsg(fd, message, flags);
    append(box, message);
    return (ssize_t)size;
}

ssize_t ord_gather_write(int fd, const struct msghdr *message, int flags)
{
    bool is_kept = is_ours(fd) && is_plain(message, flags) && is_busy(fd);
    if (!is_kept && (!is_ours(fd) || !atomic_load_explicit(&outboxes[fd], memory_order_acquire)))
        return ord_real_sendmsg(fd, message, flags);
    lock(fd);
    ssize_t taken = keep(fd, message, flags, is_kept);
    int error = errno;
    unlock(fd);
    if (self.filled && now_ns() - self.since_ns > ord_gather_hold_ns)
        ord_gather_flush();
    errno = error;
    return taken;
}

static bool is_closed(const struct outbox *box)
{
    return atomic_load_explicit(&box->fd, memory_order_acquire) < 0;
}

/* Waits until the kernel takes all, for a thread with patience. Under the lock, which it opens while it waits.
 */
static void send_patiently(struct outbox *box, int fd)
{
    int64_t until_ns = now_ns() + (int64_t)self.patience_ms * 1000000;
    while (!is_closed(box) && !send_kept(box)) {
        int64_t left_ms = (until_ns - now_ns()) / 1000000;
        if (left_ms <= 0) {
            box->error = EPIPE;
            box->start = box->end = 0;
            return;
        }
        unlock(fd);
        ord_real_poll_out(fd, (int)left_ms);
        lock(fd);
    }
}

/* Sends what an outbox of the thread's keeps. Whether the outbox is no more the socket's. */
static bool settle(struct outbox *box)
{
    int fd = atomic_load_explicit(&box->fd, memory_order_acquire);
    if (fd < 0)
        return true;
    lock(fd);
    if (self.patience_ms > 0)
        send_patiently(box, fd);
    else if (!is_closed(box))
        send_kept(box);
    bool is_over = is_closed(box);
    if (!is_over && box->start == box->end && !box->error) {
        atomic_store_explicit(&outboxes[fd], NULL, memory_order_relaxed);
        is_over = true;
    }
    unlock(fd);
    return is_over;
}

bool ord_gather_keeps(void)
{
    return self.filled != NULL;
}

bool ord_gather_flush(void)
{
    int error = errno;
    struct outbox **link = &self.filled;
    while (*link) {
        struct outbox *box = *link;
        if (settle(box)) {
            *link = box->next;
            give_outbox(box);
        } else {
            link = &box->next;
        }
    }
    if (self.filled)
        self.since_ns = now_ns();
    errno = error;
    self.burst += 2;
    return self.filled;
}

int ord_gather_before_wait(int timeout_ms)
{
    bool is_left = self.gathers && ord_gather_flush() && self.patience_ms == 0;
    return is_left && (timeout_ms < 0 || timeout_ms > RETRY_MS) ? RETRY_MS : timeout_ms;
}

void ord_gather_before_end(int fd, bool is_closed)
{
    struct outbox *box = lock_outbox(fd);
    if (!box)
        return;
    int error = errno;
    send_kept(box);
    if (is_closed) {
        atomic_store_explicit(&outboxes[fd], NULL, memory_order_relaxed);
        atomic_store_explicit(&box->fd, -1, memory_order_release);
    }
    unlock(fd);
    errno = error;
}

void ord_gather_begin(uint32_t patience_ms)
{
    self.gathers = true;
    self.burst += 2;
    self.patience_ms = patience_ms;
}

/* What the kernel does not take even now is lost, as it is when a process ends. */
static void abandon(struct outbox *box)
{
    int fd = atomic_load_explicit(&box->fd, memory_order_acquire);
    if (fd >= 0)
        ord_gather_before_end(fd, true);
    free(box);
}

void ord_gather_end(void)
{
    ord_gather_flush();
    self.gathers = false;
    while (self.filled) {
        struct outbox *box = self.filled;
        self.filled = box->next;
        abandon(box);
    }
    while (self.spare) {
        struct outbox *box = self.spare;
        self.spare = box->next;
        free(box);
    }
    self.spare_count = 0;
}
