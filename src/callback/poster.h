/*
 * Posts commands to the URLs of members: what stands behind the port of rank/callback.h.
 *
 * One thread with libcurl's multi interface. Each try is a POST of JSON over HTTP/1.1, http or https; it may
 * take ORD_POSTER_CONNECT_MS to connect and ORD_POSTER_TRY_MS in all. A status 2xx accepts; anything else is
 * tried again after a pause that doubles from ORD_POSTER_PAUSE_MIN_MS to ORD_POSTER_PAUSE_MAX_MS, half of it
 * drawn by lot. Redirects 307 and 308 are followed ORD_POSTER_HOPS times, with the same POST; no others are.
 * Replies are read up to ORD_POSTER_REPLY_MAX and thrown away.
 *
 * Every connection is held against the networks as it is opened, by the address it really goes to; so names,
 * names that change, and redirects lead nowhere else. No proxy, netrc, credentials or sockets of other kinds
 * are used. Posts say that they are on somebody's behalf (Forwarded), so that no local service takes them for
 * its own operator's.
 *
 * ORD_POSTER_MAX posts are on their way at a time, ORD_POSTER_DOOR_MAX to one host and port; what failed last
 * gets a quarter of these places at most, so that the dead do not hold up the living.
 *
 * libcurl is loaded when the first member names a URL: a daemon without such members does without its 8 MB.
 */
#pragma once

#include <stdint.h>

#include "base/networks.h"
#include "rank/callback.h"

#define ORD_POSTER_CONNECT_MS 1000
#define ORD_POSTER_TRY_MS 5000
#define ORD_POSTER_PAUSE_MIN_MS 100
#define ORD_POSTER_PAUSE_MAX_MS 10000
#define ORD_POSTER_HOPS 3
#define ORD_POSTER_REPLY_MAX 65536
#define ORD_POSTER_MAX 128
#define ORD_POSTER_DOOR_MAX 2
#define ORD_POSTER_URL_MAX 2048

struct ord_poster;

enum ord_poster_news {
    ORD_POSTER_FAILS,    /* a host and port that nothing failed at before; told once a minute at most */
    ORD_POSTER_WORKS,    /* one whose failure was told accepts again */
    ORD_POSTER_UNUSABLE, /* libcurl cannot be loaded: nothing is posted, everything waits */
};

struct ord_poster_options {
    struct ord_networks networks;
    const char *networks_text; /* as it was configured, for messages; outlives the poster */
    /* Tells what is new, in the poster's thread; must not block. `door` is host:port, NULL with
     * ORD_POSTER_UNUSABLE and for a URL that is not allowed; `reason` NULL with ORD_POSTER_WORKS. May be NULL.
     */
    void (*tell)(void *context, enum ord_poster_news news, const char *door, const char *reason);
    void *context;
};

/* Starts the thread. ORD_INTERNAL: no thread, memory or file. */
enum ord_code ord_poster_open(const struct ord_poster_options *options, struct ord_poster **ret_poster,
                              struct ord_error *error);

/* Cancels what is left, and ends the thread. Takes NULL; returns NULL. */
struct ord_poster *ord_poster_close(struct ord_poster *poster);

struct ord_callback_port ord_poster_port(struct ord_poster *poster);
