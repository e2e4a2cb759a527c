/*
 * Threads of a library's pool, started when there is work for them and not when the library asks for them.
 *
 * civetweb 1.15 starts all its workers at once, one for each connection that may ever be open, and each costs
 * 20 KB of memory that is never given back, and some time at start and stop: 20 MB for a thousand connections
 * of which three are there. It has no setting for that. So this room stands in the program in place of the C
 * library's pthread_create and pthread_join (symbols of the program come before those of shared libraries).
 * While a thread enlists, the threads that it creates are noted down; some are started at once, the others
 * whenever fewer than ORD_WORKERS_IDLE of those that were started are idle. To the library each is a thread
 * like any other: one that was never started can be joined, too. All other calls pass through.
 *
 * A thread that the system refuses is tried again when the next one is needed.
 */
#pragma once

/* How many idle workers there are to be, so that connections that come together find some. */
#define ORD_WORKERS_IDLE 4

struct ord_workers;

/* A list for `max` threads. NULL: no memory. */
struct ord_workers *ord_workers_new(unsigned max);

/* From now on the threads that the calling thread creates are enlisted, as many as the list is for, until
 * ord_workers_enlisted; that starts ORD_WORKERS_IDLE of them. With `workers` NULL, nothing is enlisted. */
void ord_workers_enlist(struct ord_workers *workers);
void ord_workers_enlisted(struct ord_workers *workers);

/* A worker has got work; has done it. Any thread. Nothing with NULL. */
void ord_workers_busy(struct ord_workers *workers);
void ord_workers_idle(struct ord_workers *workers);

/* How many threads of the list were started. Any thread. */
unsigned ord_workers_started(struct ord_workers *workers);

/* All threads of the list have been joined. Takes NULL; returns NULL. */
struct ord_workers *ord_workers_free(struct ord_workers *workers);
