/* The fixed replies of the bare servers: byte for byte as long as what ordinald answers. */
#pragma once

/* GET /v1/id */
#define BARE_HTTP_REPLY                                                                                        \
    "HTTP/1.1 200 OK\r\n"                                                                                      \
    "Content-Type: application/json\r\n"                                                                       \
    "Content-Length: 27\r\n"                                                                                   \
    "Cache-Control: no-store\r\n"                                                                              \
    "X-Content-Type-Options: nosniff\r\n"                                                                      \
    "\r\n"                                                                                                     \
    "{\"id\":\"120076638149935104\"}"

/* GetIdResponse {id: 120076638149935104} */
#define BARE_ID_REPLY "\x08\x80\x80\x80\x96\x8f\xa2\xa6\xd5\x01"

/* StreamIdsResponse with one run {first: the same, count: 1, step: 1} */
#define BARE_RUN_REPLY "\x0a\x0e" BARE_ID_REPLY "\x10\x01\x18\x01"
