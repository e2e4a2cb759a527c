#include "cli/failure.h"

#include <jansson.h>

static enum ord_code code_of_http_status(long status)
{
    for (enum ord_code code = ORD_OK + 1; code < ORD_CODES; code++)
        if (ord_code_info(code)->http_status == status && status != 400 && status != 500)
            return code;
    return status == 502 ? ORD_UNAVAILABLE : ORD_INTERNAL; /* 502: a proxy without a server behind it */
}

enum ord_code ord_failure_of_problem(const char *server, long status, const char *body, size_t size,
                                     int64_t retry_after_s, struct ord_error *error)
{
    json_t *problem = json_loadb(body, size, 0, NULL);
    const char *name = json_string_value(json_object_get(problem, "code"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    json_int_t retry_ms = json_integer_value(json_object_get(problem, "retryAfterMs"));

    enum ord_code code = name ? ord_code_of_name(name) : ORD_INTERNAL;
    if (code == ORD_OK || code == ORD_INTERNAL)
        code = code_of_http_status(status);
    uint32_t hint = ord_retry_hint(retry_ms > 0            ? retry_ms
                                   : retry_after_s > 86400 ? INT64_MAX
                                                           : retry_after_s * 1000);

    if (name && detail)
        ord_fail_retry(error, code, hint, "%s", detail);
    else
        ord_fail_retry(error, code, hint, "%s: answered with HTTP status %ld", server, status);
    json_decref(problem);
    return code;
}
