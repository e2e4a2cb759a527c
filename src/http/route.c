#include <stdio.h>
#include <string.h>

#include "http/call.h"
#include "wire/quote.h"

/* What a path leads to. */
struct target {
    const struct ord_method *method;                    /* NULL: a page, or no row takes the verb */
    struct ord_route_value values[ORD_ROUTE_VARIABLES]; /* of the path, for the method's braces */
    struct ord_http_page page;
};

#define ALLOWED_MAX 64

static void allow(char allowed[ALLOWED_MAX], const char *verb)
{
    size_t used = strlen(allowed);
    snprintf(allowed + used, ALLOWED_MAX - used, "%s%s", used ? ", " : "", verb);
}

/* HEAD is a GET that somebody may make at any time, so only what changes nothing takes it. */
static void allow_row(char allowed[ALLOWED_MAX], const struct ord_method *method)
{
    for (unsigned i = 0; i < ORD_ROUTE_VERBS && method->verbs[i]; i++)
        allow(allowed, method->verbs[i]);
    if (!ord_method_changes(method))
        allow(allowed, "HEAD");
}

/* The verbs that the path takes. */
static void list_allowed(const struct ord_http_call *call, const struct target *target, char ret[ALLOWED_MAX])
{
    struct ord_route_value values[ORD_ROUTE_VARIABLES];
    ret[0] = '\0';
    if (target->page.answer)
        allow(ret, "GET, HEAD");
    for (size_t i = 0; i < ord_method_count; i++)
        if (ord_route_matches(&ord_methods[i], call->path, values))
            allow_row(ret, &ord_methods[i]);
}

static bool takes(const struct ord_method *method, const struct ord_http_call *call)
{
    if (call->is_head)
        return !ord_method_changes(method);
    return ord_method_takes(method, call->verb);
}

static const char *effective_verb(const struct ord_http_call *call)
{
    return call->is_head ? "GET" : call->verb;
}

/* The row of a path and verb. A path that has rows, none of them for that verb, is found without a row. */
static bool find_method(const struct ord_http_call *call, struct target *target)
{
    bool found = false;
    for (size_t i = 0; i < ord_method_count && !target->method; i++) {
        if (!ord_route_matches(&ord_methods[i], call->path, target->values))
            continue;
        found = true;
        if (takes(&ord_methods[i], call))
            target->method = &ord_methods[i];
    }
    return found;
}

static void refuse(struct ord_http_call *call, enum ord_code code, const char *headers, const char *format,
                   const char *what, const char *allowed)
{
    char shown[ORD_QUOTE_MAX];
    ord_quote(what, shown);
    struct ord_error error;
    ord_fail(&error, code, format, shown, allowed);
    call->is_counted = true;
    ord_http_problem(call, &error, 0, headers);
}

static void answer_options(struct ord_http_call *call, const struct target *target)
{
    char headers[1024], methods[128] = "", allowed[ALLOWED_MAX];
    list_allowed(call, target, allowed);
    bool is_preflight = call->preflight_method && call->shared->preflight[0];
    if (is_preflight)
        snprintf(methods, sizeof methods, "Access-Control-Allow-Methods: %s, OPTIONS\r\n", allowed);
    snprintf(headers, sizeof headers, ORD_HTTP_NO_STORE "Allow: %s, OPTIONS\r\n%s%s", allowed, methods,
             is_preflight ? call->shared->preflight : "");
    ord_http_start(call, 204, NULL, ORD_HTTP_NO_LENGTH, headers);
}

static void refuse_verb(struct ord_http_call *call, const struct target *target)
{
    char headers[96], allowed[ALLOWED_MAX];
    list_allowed(call, target, allowed);
    snprintf(headers, sizeof headers, "Allow: %s, OPTIONS\r\n", allowed);
    refuse(call, ORD_METHOD_NOT_ALLOWED, headers, "method: %s is not taken here; allowed %s, OPTIONS",
           call->verb, allowed);
}

static void refuse_draining(struct ord_http_call *call)
{
    struct ord_error error;
    ord_fail_retry(&error, ORD_UNAVAILABLE, 1000, "the server is stopping");
    call->is_counted = true;
    ord_http_problem(call, &error, 0, "");
}

/* Whether the request keeps within bounds; otherwise it is answered. */
static bool is_of_size(struct ord_http_call *call)
{
    struct ord_error error;
    size_t uri_size = strlen(call->path) + (call->query ? 1 + strlen(call->query) : 0);
    enum ord_code code = ORD_OK;
    if (uri_size > ORD_HTTP_URI_MAX)
        code = ord_fail(&error, ORD_URI_TOO_LONG, "path and query: %zu bytes are too many; allowed up to %d",
                        uri_size, ORD_HTTP_URI_MAX);
    else if (call->head_size > ORD_HTTP_HEAD_MAX)
        code = ord_fail(&error, ORD_HEADERS_TOO_LARGE,
                        "request line and headers: %zu bytes are too many; allowed up to %d", call->head_size,
                        ORD_HTTP_HEAD_MAX);
    if (code == ORD_OK)
        return true;
    call->is_counted = true;
    ord_http_problem(call, &error, 0, "");
    return false;
}

void ord_http_route(struct ord_http_call *call)
{
    if (!is_of_size(call))
        return;
    struct target target = {0};
    if (!find_method(call, &target) && !ord_http_page_find(call->path, &target.page))
        refuse(call, ORD_NOT_FOUND, "", "path: %s is nothing here; %s lists what there is", call->path,
               "/openapi.yaml");
    else if (call->is_draining && !target.page.outlasts_drain)
        refuse_draining(call);
    else if (strcmp(call->verb, "OPTIONS") == 0)
        answer_options(call, &target);
    else if (target.method)
        ord_http_method(call, target.method, target.values);
    else if (target.page.answer && strcmp(effective_verb(call), "GET") == 0)
        target.page.answer(call, target.page.asset);
    else
        refuse_verb(call, &target);
}
