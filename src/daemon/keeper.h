/*
 * What keeps the service going, every ORD_KEEP_MS: one thread observes the clocks and renews the reservation;
 * another says in its health whether the reservation is used up, also while the disk holds the first one up.
 * What goes wrong is logged once when it begins and once when it is over.
 */
#pragma once

#include "api/service.h"

struct ord_keeper;

/* ORD_INTERNAL: no thread or memory. The service outlives the keeper. */
enum ord_code ord_keeper_start(struct ord_service *service, struct ord_keeper **ret_keeper,
                               struct ord_error *error);

/* Ends the threads and waits for them. Takes NULL; returns NULL. */
struct ord_keeper *ord_keeper_stop(struct ord_keeper *keeper);
