/*
 * The thread that keeps the service going: it observes the clocks and renews the reservation every ORD_KEEP_MS,
 * and logs what goes wrong, once when it begins and once when it is over.
 */
#pragma once

#include "api/service.h"

struct ord_keeper;

/* ORD_INTERNAL: no thread or memory. The service outlives the keeper. */
enum ord_code ord_keeper_start(struct ord_service *service, struct ord_keeper **ret_keeper,
                               struct ord_error *error);

/* Ends the thread and waits for it. Takes NULL; returns NULL. */
struct ord_keeper *ord_keeper_stop(struct ord_keeper *keeper);
