/* Who calls. */
#include <civetweb.h>
#include <string.h>

#include "http/call.h"

/* Names that lead to this host and that no name server of someone else's can give. */
static bool is_loopback_name(const char *host)
{
    static const char *const names[] = {"localhost", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);
        if (strncmp(host, names[i], size) == 0 && (host[size] == '\0' || host[size] == ':'))
            return true;
    }
    size_t digits = strspn(host, "0123456789.");
    return strncmp(host, "127.", 4) == 0 && (host[digits] == '\0' || host[digits] == ':');
}

/* A number that is its own address, which no name server gives. */
static bool is_literal(const char *host)
{
    size_t digits = strspn(host, "0123456789.");
    return *host == '[' || (digits > 0 && (host[digits] == '\0' || host[digits] == ':'));
}

/* Browsers name the origin of the page whenever a request may change something. */
static bool is_own_page(const struct ord_http_call *call)
{
    static const char scheme[] = "http://";
    size_t size = sizeof scheme - 1;
    if (call->shared->origin[0] && strcmp(call->origin, call->shared->origin) == 0)
        return true;
    return call->host && strncmp(call->origin, scheme, size) == 0 &&
           strcmp(call->origin + size, call->host) == 0 && is_loopback_name(call->host);
}

static bool is_over_loopback(const struct ord_http_call *call)
{
    return strncmp(mg_get_request_info(call->connection)->remote_addr, "127.", 4) == 0;
}

/* Over loopback, a host name is a proxy's, whose origin cors-origin is to name, or one that someone made lead
 * here. */
static bool is_same_origin(const struct ord_http_call *call)
{
    const char *host = strstr(call->origin, "://");
    return call->host && host && strcmp(host + 3, call->host) == 0 &&
           (is_literal(call->host) || is_loopback_name(call->host) || !is_over_loopback(call));
}

/* Links and pictures come without an origin; then browsers tell where they were, at least to servers on this
 * host and over TLS. */
bool ord_http_is_of_other_site(const struct ord_http_call *call)
{
    const char *site = mg_get_header(call->connection, "Sec-Fetch-Site");
    if (!call->origin)
        return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    return !call->shared->allows_any_origin && strcmp(call->origin, call->shared->origin) != 0 &&
           !is_same_origin(call);
}

bool ord_http_is_local(const struct ord_http_call *call)
{
    if (!is_over_loopback(call) || call->forwarded)
        return false;
    return !call->origin || is_own_page(call);
}
