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

bool ord_http_is_local(const struct ord_http_call *call)
{
    const char *peer = mg_get_request_info(call->connection)->remote_addr;
    if (strncmp(peer, "127.", 4) != 0 || call->forwarded)
        return false;
    return !call->origin || is_own_page(call);
}
