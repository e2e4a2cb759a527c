/*
 * An HTTP server on loopback that takes posts as the path says, and keeps what came:
 *
 *     /ok, /status/503        that status
 *     /flaky/3                503 three times, then 200
 *     /redirect/307?URL       that status, with a Location
 *     /hop/4                  307 to /hop/3, …, /hop/0 accepts
 *     /never                  no answer
 *     /held                   200 once receiver_release is called
 *     /drip/200               that status, then a byte of its body now and then, without end
 *     /flood/200              that status, then as much body as is taken
 *     /headers/200            that status, then as many headers as are taken
 *     /close                  the connection is closed
 *     /noise                  what is not HTTP
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct receiver;

/* On 127.0.0.1, or on another address of loopback. */
struct receiver *receiver_open(void);
struct receiver *receiver_open_at(const char *address);
struct receiver *receiver_close(struct receiver *receiver);
int receiver_port(const struct receiver *receiver);

/* "http://ADDRESS:PORT" with `path` behind it; a few are kept at a time. */
const char *receiver_url(const struct receiver *receiver, const char *path);

/* Waits until so many posts have come; ends the process after long. */
void receiver_wait(struct receiver *receiver, unsigned posts);

void receiver_release(struct receiver *receiver);

unsigned receiver_posts(struct receiver *receiver);
unsigned receiver_connections(struct receiver *receiver);

/* How many posts were being answered at a time, at most. */
unsigned receiver_busiest(struct receiver *receiver);

/* Bytes of drips and floods that the system took, of those that have ended. */
size_t receiver_poured(struct receiver *receiver);

/* Head and body of the last post, until the next comes. */
const char *receiver_head(struct receiver *receiver);
const char *receiver_body(struct receiver *receiver);
