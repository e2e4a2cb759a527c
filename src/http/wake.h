/*
 * Ending the waits of the library's threads. Private to http/.
 *
 * mg_stop only sets a flag that each thread reads when its poll ends, up to two seconds later, and gives no
 * access to the sockets polled. They are found among the open files of the process by their local address.
 */
#pragma once

/* Shuts the sockets on `address` ("127.0.0.1:8080"), the listening one and its connections, for reading:
 * replies under way still go out. Call right before mg_stop. Best effort: what is not found ends later. */
void ord_http_wake(const char *address);
