#include "cli/bench_target.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Copies without the brackets of an IPv6 address. */
static bool copy_host(const char *host, size_t size, char *ret, size_t room)
{
    bool bracketed = size > 1 && host[0] == '[';
    host += bracketed;
    size -= bracketed ? 2 : 0;
    if (size >= room)
        return false;
    memcpy(ret, host, size);
    ret[size] = '\0';
    return true;
}

enum ord_code ord_bench_target_of_address(const char *address, struct ord_bench_target *ret_target,
                                          struct ord_error *error)
{
    struct ord_bench_target target = {0};
    const char *colon = strrchr(address, ':');
    if (!colon || !copy_host(address, (size_t)(colon - address), target.host, sizeof target.host))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "the host is too long; allowed %zu bytes",
                        sizeof target.host - 1);
    snprintf(target.port, sizeof target.port, "%s", colon + 1);
    *ret_target = target;
    return ORD_OK;
}

static enum ord_code copy_parts(const char *scheme, const char *host, const char *port, const char *path,
                                struct ord_bench_target *ret_target, struct ord_error *error)
{
    struct ord_bench_target target = {0};
    if (strcmp(scheme, "http") != 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "bench speaks no TLS; allowed http://, to the server or to a proxy's plain port");
    if (!copy_host(host, strlen(host), target.host, sizeof target.host) || strlen(path) >= sizeof target.prefix)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "it is too long; allowed %zu bytes of host, %zu of path",
                        sizeof target.host - 1, sizeof target.prefix - 1);
    snprintf(target.port, sizeof target.port, "%s", port);
    strcpy(target.prefix, path);
    for (size_t size = strlen(path); size > 0 && target.prefix[size - 1] == '/';)
        target.prefix[--size] = '\0';
    *ret_target = target;
    return ORD_OK;
}

enum ord_code ord_bench_target_of_url(const char *url, struct ord_bench_target *ret_target,
                                      struct ord_error *error)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL;
    bool is_read = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                   curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                   curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                   curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                   curl_url_get(parsed, CURLUPART_PATH, &path, 0) == CURLUE_OK;
    enum ord_code code = is_read ? copy_parts(scheme, host, port, path, ret_target, error)
                                 : ord_fail(error, ORD_INVALID_ARGUMENT, "it cannot be taken apart");
    curl_free(path);
    curl_free(port);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return code;
}
