/*
 * The daemon: opens store, service, front ends and keeper in this order, waits for a signal, drains, and closes
 * in reverse.
 */
#pragma once

#include "daemon/config.h"

/* Runs until SIGTERM or SIGINT; a second of them ends the process at once. Returns the exit status: 0, or 1
 * after one line in the log that says what could not be done. */
int ord_daemon_run(const struct ord_config *config);
