/*
 * Whether a URL may be posted to, as far as it shows, and which door it leads to. libcurl reads the URL, as it
 * will when it posts. Any thread.
 */
#pragma once

#include "callback/curl.h"
#include "callback/poster.h"

#define ORD_DOOR_TEXT_MAX 280

/*
 * The host and port that a URL leads to, "127.0.0.1:9000", in `ret_door`.
 *
 * ORD_INVALID_ARGUMENT: it cannot be read, is not http or https, names a user. ORD_OUT_OF_RANGE: it is longer
 * than ORD_POSTER_URL_MAX, or its host is an address outside of the networks. ORD_INTERNAL: no memory.
 */
enum ord_code ord_target_read(const struct ord_curl *curl, const struct ord_poster_options *options,
                              const char *url, char ret_door[ORD_DOOR_TEXT_MAX], struct ord_error *error);

/* Says that an address is outside of the networks. */
enum ord_code ord_target_outside(const struct ord_poster_options *options, const struct ord_address *address,
                                 struct ord_error *error);
