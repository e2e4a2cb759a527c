/*
 * Where `ordinal member --listen` takes commands: each is POSTed as JSON, goes to the inbox, and counts as
 * acknowledged.
 */
#pragma once

#include "base/error.h"
#include "cli/inbox.h"

struct ord_endpoint;

#define ORD_ENDPOINT_PATH "/receive-command"
#define ORD_ENDPOINT_URL_MAX 64

/* Listens on `address`, ADDR:PORT; port 0 picks one. The inbox outlives it. ORD_INVALID_ARGUMENT: it cannot. */
enum ord_code ord_endpoint_open(const char *address, struct ord_inbox *inbox, struct ord_endpoint **ret,
                                struct ord_error *error);

/* "http://127.0.0.1:9000/receive-command". Lives as long as the endpoint. */
const char *ord_endpoint_url(const struct ord_endpoint *endpoint);

/* Takes NULL; returns NULL. */
struct ord_endpoint *ord_endpoint_close(struct ord_endpoint *endpoint);
