/*
 * The sockets behind the library's connections. Private to http/.
 *
 * The library gives no access to them. They are found among the open files of the process by their addresses.
 */
#pragma once

/* Shuts the sockets on `address` ("127.0.0.1:8080"), the listening one and its connections, for reading:
 * replies under way still go out. Call right before mg_stop, which only sets a flag that each thread reads when
 * its poll ends, up to two seconds later. Best effort: what is not found ends later. */
void ord_http_wake(const char *address);

/* The socket on `address` whose other end is `peer`, an IPv4 address without port, and `peer_port`; -1 if it is
 * not found. */
int ord_http_socket(const char *address, const char *peer, int peer_port);
