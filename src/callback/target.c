#include "callback/target.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* As DNS allows. */
#define HOST_MAX 253

enum ord_code ord_target_outside(const struct ord_poster_options *options, const struct ord_address *address,
                                 struct ord_error *error)
{
    char text[ORD_ADDRESS_TEXT_MAX];
    ord_address_text(address, text);
    return ord_fail(error, ORD_OUT_OF_RANGE,
                    "%s is not in the networks that commands are posted to; allowed by callback-networks: %s",
                    text, options->networks_text);
}

/* A part of the URL in lower case in `ret`; false if it is not there or too long. */
static bool copy_part(const struct ord_curl *curl, CURLU *parsed, CURLUPart part, unsigned flags, size_t size,
                      char *ret)
{
    char *text = NULL;
    bool good = curl->url_get(parsed, part, &text, flags) == CURLUE_OK && strlen(text) < size;
    for (size_t i = 0; good && (i == 0 || text[i - 1]); i++)
        ret[i] = (char)tolower((unsigned char)text[i]);
    curl->free(text);
    return good;
}

static enum ord_code fail_url(struct ord_error *error)
{
    return ord_fail(error, ORD_INVALID_ARGUMENT,
                    "the callback URL is none that can be posted to; allowed http://HOST[:PORT][/PATH] and "
                    "https://…, without a user");
}

/* A host that is an address is held against the networks. */
static enum ord_code check_host(const struct ord_poster_options *options, char *host, struct ord_error *error)
{
    char *end = strchr(host, ']');
    struct ord_address address;
    if (end)
        *end = '\0';
    bool is_address = ord_address_parse(*host == '[' ? host + 1 : host, &address);
    if (end)
        *end = ']';
    if (is_address && !ord_networks_hold(&options->networks, &address))
        return ord_target_outside(options, &address, error);
    return ORD_OK;
}

static enum ord_code read_parts(const struct ord_curl *curl, CURLU *parsed,
                                const struct ord_poster_options *options, char ret_door[ORD_DOOR_TEXT_MAX],
                                struct ord_error *error)
{
    char scheme[8], host[HOST_MAX + 1], port[8];
    if (!copy_part(curl, parsed, CURLUPART_SCHEME, 0, sizeof scheme, scheme) ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) ||
        !copy_part(curl, parsed, CURLUPART_HOST, 0, sizeof host, host) ||
        !copy_part(curl, parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT, sizeof port, port) ||
        strcmp(port, "0") == 0)
        return fail_url(error);
    enum ord_code code = check_host(options, host, error);
    if (code == ORD_OK)
        snprintf(ret_door, ORD_DOOR_TEXT_MAX, "%s:%s", host, port);
    return code;
}

enum ord_code ord_target_read(const struct ord_curl *curl, const struct ord_poster_options *options,
                              const char *url, char ret_door[ORD_DOOR_TEXT_MAX], struct ord_error *error)
{
    if (strlen(url) > ORD_POSTER_URL_MAX)
        return ord_fail(error, ORD_OUT_OF_RANGE, "the callback URL has %zu bytes; at most %d are allowed",
                        strlen(url), ORD_POSTER_URL_MAX);
    if (options->networks.count == 0)
        return ord_fail(error, ORD_OUT_OF_RANGE, "commands are not posted here: callback-networks is none");
    CURLU *parsed = curl->url();
    if (!parsed)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    enum ord_code code = curl->url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK
                             ? read_parts(curl, parsed, options, ret_door, error)
                             : fail_url(error);
    curl->url_cleanup(parsed);
    return code;
}
