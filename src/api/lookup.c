/* Finds rows of the table of methods. */
#include <stdio.h>
#include <string.h>

#include "api/methods.h"

const struct ord_method *ord_method_by_path(const char *path)
{
    for (size_t i = 0; i < ord_method_count; i++)
        if (strcmp(ord_methods[i].path, path) == 0)
            return &ord_methods[i];
    return NULL;
}

const struct ord_method *ord_method_by_name(const char *name)
{
    for (size_t i = 0; i < ord_method_count; i++)
        if (strcmp(ord_methods[i].name, name) == 0)
            return &ord_methods[i];
    return NULL;
}

enum ord_code ord_method_admit(const struct ord_method *method, bool is_local, struct ord_error *error)
{
    if (method->access == ORD_ACCESS_ANYONE || is_local)
        return ORD_OK;
    return ord_fail(error, ORD_FORBIDDEN,
                    "%s is for operators: it is taken from the server's own host only, over loopback",
                    method->name);
}

/* The rest of `route` after its variable begins, and the variable's own characters. */
static const char *after_variable(const char *brace)
{
    return brace + strcspn(brace, "}") + 1;
}

/* A variable is a part of a segment: it ends at a slash or a colon. */
bool ord_route_matches(const struct ord_method *method, const char *path,
                       struct ord_route_value ret_values[ORD_ROUTE_VARIABLES])
{
    struct ord_route_value values[ORD_ROUTE_VARIABLES] = {0};
    const char *route = method->route;
    unsigned count = 0;
    if (!route)
        return false;
    while (*route) {
        if (*route != '{') {
            if (*route++ != *path++)
                return false;
            continue;
        }
        values[count] = (struct ord_route_value){path, strcspn(path, "/:")};
        if (values[count].length == 0)
            return false;
        path += values[count++].length;
        route = after_variable(route);
    }
    if (*path)
        return false;
    memcpy(ret_values, values, sizeof values);
    return true;
}

bool ord_route_field(const struct ord_method *method, unsigned index, char *ret, size_t size)
{
    const char *brace = method->route ? strchr(method->route, '{') : NULL;
    for (; brace && index > 0; index--)
        brace = strchr(after_variable(brace), '{');
    if (!brace)
        return false;
    snprintf(ret, size, "%.*s", (int)strcspn(brace + 1, "}"), brace + 1);
    return true;
}

bool ord_method_takes(const struct ord_method *method, const char *verb)
{
    for (unsigned i = 0; i < ORD_ROUTE_VERBS && method->verbs[i]; i++)
        if (strcmp(method->verbs[i], verb) == 0)
            return true;
    return false;
}

bool ord_method_changes(const struct ord_method *method)
{
    return method->verbs[0] && strcmp(method->verbs[0], "GET") != 0;
}

const char *ord_service_name(size_t index)
{
    const char *last = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < ord_method_count; i++) {
        if (last && strcmp(last, ord_methods[i].service) == 0)
            continue;
        last = ord_methods[i].service;
        if (seen++ == index)
            return last;
    }
    return NULL;
}
