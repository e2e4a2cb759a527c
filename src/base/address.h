/*
 * Addresses of servers as text. Any thread.
 */
#pragma once

#include <stdbool.h>

/* Whether `address` is HOST:PORT or [ADDR]:PORT, with a port of 1 to 65535. */
bool ord_is_address(const char *address);
