/*
 * What a thread writes to sockets in one burst of work leaves in one go.
 *
 * The grpc C core writes each reply with a sendmsg of its own, and civetweb each reply with a send: a third of
 * a server's CPU where many small replies go to the same connection. Neither has a way to hold writes back. So
 * this room stands in the program in place of the C library's sendmsg, send, epoll_wait, poll, shutdown and
 * close (hooks.c), which works since both are shared libraries: symbols of the program come first. In a thread
 * that gathers, what is written to a socket is kept and called written; the kernel gets it when the thread is
 * about to wait in poll or epoll_wait, when it has been kept for ORD_GATHER_HOLD_US or fills ORD_GATHER_SIZE
 * bytes, or when anything else happens to the socket that must come after it. All other threads and calls pass
 * through.
 *
 * What holds as if every write had gone to the kernel at once:
 * - Bytes of a socket leave in the order in which they were written, by whichever threads.
 * - While the kernel takes no more, further writes get EAGAIN, so that a reader that lags slows its own
 * writers; no more than ORD_GATHER_SIZE bytes of a socket are kept.
 * - An error of the kernel's is told by the next write to that socket.
 * - Before shutdown (of the sending side) and close, what is kept is sent, as far as the kernel takes it.
 *
 * Without a call of `ord_gather_begin` nothing is ever kept: that is the switch. Sockets are non-blocking;
 * those with numbers from ORD_GATHER_FILES on are passed through.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The most that is kept for a socket, in bytes. Larger writes are passed through, behind what is kept. */
#define ORD_GATHER_SIZE 16384

/* How long a thread that does not get to wait keeps its first byte, in microseconds. */
#define ORD_GATHER_HOLD_US 200

#define ORD_GATHER_FILES 65536

/*
 * From now on the calling thread gathers. A thread that serves one connection may wait, at its next wait, for
 * up to `patience_ms` until its peer takes what is kept; then the socket counts as broken (EPIPE). With 0 it
 * never waits for that: what the kernel did not take is tried again some milliseconds later. The thread calls
 * ord_gather_end before it ends. Where there is no memory for keeping, writes are passed through.
 */
void ord_gather_begin(uint32_t patience_ms);

/* Sends what the calling thread keeps, and gathers no more. Nothing if it does not gather. */
void ord_gather_end(void);

/* Whether the calling thread keeps something. */
bool ord_gather_keeps(void);

/* Sends what the calling thread keeps. For waits that are not poll or epoll_wait: a lock, a sleep. Whether the
 * kernel did not take all, so that it is to be called again some milliseconds later. */
bool ord_gather_flush(void);
