/*
 * libordinal: unique 64-bit IDs, sorted by time, in nanoseconds and in process.
 *
 * A client is connected to one ordinald. It asks for runs of IDs ahead of need, in a thread of its own, and
 * hands them out without a system call. A service that needs IDs opens one and keeps it:
 *
 *     struct ord_client_options options = {.size = sizeof options, .target = "127.0.0.1:50051"};
 *     struct ord_client_error error;
 *     struct ord_client *client;
 *     if (ord_client_open(&options, &client, &error) != ORD_CLIENT_OK)
 *         errx(1, "%s", error.text);
 *
 *     int64_t id;
 *     if (ord_client_get(client, 500, &id, &error) != ORD_CLIENT_OK)
 *         errx(1, "%s", error.text);
 *
 *     ord_client_close(client);
 *
 * What is promised:
 *
 * - No ID is handed out twice, by any number of threads and clients.
 * - The IDs of one client rise, over all of its threads: if one call returned before another began, its IDs are
 * the smaller ones. Between two clients the order is that in which the server gave the runs, so that an ID may
 * be up to `max_age_ms` behind one that another client handed out before it.
 * - An ID was asked for at most `max_age_ms` before it is handed out. This is looked at when it is handed out,
 * by CLOCK_MONOTONIC: a process that was stopped throws away what became too old meanwhile. Time in which the
 * whole machine is suspended counts by its wall clock.
 * - Nothing is guessed: what cannot be had safely is refused, with the cause, and with the time after which to
 * ask again where that is known.
 * - The connection comes back by itself. A client that hands nothing out asks the server nothing.
 *
 * All functions may be called by any thread at any time, except that nothing else may be under way when a
 * client is closed. They are no cancellation points and not to be called by signal handlers. No signal is
 * delivered to the client's own threads.
 *
 * A child of fork() has no use of its parent's clients: each call but ord_client_close fails with
 * ORD_CLIENT_FORKED, as two processes would hand out the same IDs. It may open clients of its own if the parent
 * had none when it forked, or after exec().
 *
 * Link with `pkg-config --cflags --libs ordinal`.
 */
#ifndef ORDINAL_H
#define ORDINAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORD_CLIENT_API __attribute__((visibility("default")))

/* What a call comes to. The numbers stay as they are. */
enum ord_client_code {
    ORD_CLIENT_OK = 0,
    ORD_CLIENT_EMPTY = 1,       /* nothing is there just now; it has been asked for */
    ORD_CLIENT_INVALID = 2,     /* an argument or option is none */
    ORD_CLIENT_NO_MEMORY = 3,   /* the system has no memory or no thread to give */
    ORD_CLIENT_TIMEOUT = 4,     /* no answer in time */
    ORD_CLIENT_UNAVAILABLE = 5, /* the server cannot be reached, or can give no ID safely just now */
    ORD_CLIENT_CAPACITY = 6,    /* more IDs are asked for, by all callers, than the server's layout has */
    ORD_CLIENT_REFUSED = 7,     /* the server will not give such IDs: a retry brings the same */
    ORD_CLIENT_FORKED = 8,      /* the client is that of a parent process */
    ORD_CLIENT_INTERNAL = 9     /* an answer that makes no sense, a fault of the library */
};

#define ORD_CLIENT_TEXT_MAX 256

/* What went wrong, filled in by the calls that take one, when they fail. It may be NULL. */
struct ord_client_error {
    int code;                       /* of enum ord_client_code */
    uint32_t retry_after_ms;        /* after which time to ask again; 0: not known */
    char text[ORD_CLIENT_TEXT_MAX]; /* for people, in lower case: "127.0.0.1:50051: cannot be reached: …" */
};

/* How a client is to be. All but `size` and `target` may be 0. */
struct ord_client_options {
    size_t size;         /* sizeof (struct ord_client_options) */
    const char *target;  /* HOST:PORT of an ordinald's gRPC listener, which is plaintext */
    uint32_t tag;        /* kept in the tag bits of each ID, where the server's layout has such */
    uint32_t max_age_ms; /* the bound on age: 20 to 3,600,000; 0: 1000 */
    uint32_t timeout_ms; /* how long the server may take for one answer, at most half of max_age_ms; 0: 5000 */
    uint32_t prefetch_min; /* the fewest IDs to ask for at a time: 1 to 1,000,000; 0: 64 */
    uint32_t prefetch_max; /* the most: prefetch_min to 1,000,000; 0: 1,000,000 */
};

/* What a client did so far. */
struct ord_client_stats {
    size_t size;         /* sizeof (struct ord_client_stats), set by the caller */
    uint64_t prefetched; /* IDs that came from the server */
    uint64_t handed_out; /* IDs that callers got */
    uint64_t thrown;     /* IDs that became too old, or could not be kept in order */
    uint64_t in_stock;   /* IDs that are ready */
    uint64_t refills;    /* requests that the server answered with IDs */
    uint64_t failures;   /* requests that failed */
    uint64_t reconnects; /* times that the server was lost and found again */
    uint64_t waits;      /* calls that had to wait */
};

struct ord_client;

/*
 * Opens a client, and asks for a first few IDs in the background; it waits for nothing, so that a server that
 * cannot be reached shows in the calls below. The caller owns the client, and its `options` no longer matter.
 * ORD_CLIENT_INVALID, ORD_CLIENT_NO_MEMORY; then *ret_client is left alone.
 */
ORD_CLIENT_API int ord_client_open(const struct ord_client_options *options, struct ord_client **ret_client,
                                   struct ord_client_error *error);

/* Closes a client; NULL is fine. Takes no longer than it takes to cancel a request. Returns NULL. */
ORD_CLIENT_API struct ord_client *ord_client_close(struct ord_client *client);

/*
 * Hands out one ID if one is there: never blocks, and does no system call but to wake the client's thread once
 * a run is half used. ORD_CLIENT_EMPTY: none is there; ord_client_error tells why. ORD_CLIENT_FORKED.
 */
ORD_CLIENT_API int ord_client_next(struct ord_client *client, int64_t *ret_id);

/*
 * Hands out one ID, and waits for one up to `timeout_ms`. It gives up before that when it is known that none
 * will come in time. All codes from ORD_CLIENT_TIMEOUT on; then *ret_id is left alone.
 */
ORD_CLIENT_API int ord_client_get(struct ord_client *client, uint32_t timeout_ms, int64_t *ret_id,
                                  struct ord_client_error *error);

/*
 * Hands out up to `count` IDs, in rising order, into `ret_ids`; *ret_taken says how many. Takes what is there,
 * and waits, up to `timeout_ms`, only as long as there is nothing at all. With a timeout of 0 it never blocks,
 * and says ORD_CLIENT_EMPTY or the cause. Codes as those of ord_client_get; then nothing is taken and
 * *ret_taken is left alone.
 */
ORD_CLIENT_API int ord_client_take(struct ord_client *client, uint32_t timeout_ms, size_t count,
                                   int64_t *ret_ids, size_t *ret_taken, struct ord_client_error *error);

/* Why the latest request brought nothing, and its code; ORD_CLIENT_OK if it did, or none ended yet. */
ORD_CLIENT_API int ord_client_error(struct ord_client *client, struct ord_client_error *ret_error);

/* What the client did so far, at some moment during the call. */
ORD_CLIENT_API void ord_client_stats(struct ord_client *client, struct ord_client_stats *ret_stats);

/* A code's name: "unavailable". Never NULL. */
ORD_CLIENT_API const char *ord_client_code_name(int code);

/* The version of the library: "0.1.0". */
ORD_CLIENT_API const char *ord_client_version(void);

#ifdef __cplusplus
}
#endif

#endif
