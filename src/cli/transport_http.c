#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/failure.h"
#include "cli/transport.h"
#include "wire/json.h"
#include "wire/query.h"

/* A client of one server. `body` is kept from call to call. */
struct http_client {
    CURL *curl;
    struct curl_slist *headers, *body_headers; /* of requests without a body, and with one */
    int64_t timeout_ms;
    char *body;
    size_t size, room;
    char reason[CURL_ERROR_SIZE];
    char url[];
};

/* What libcurl says that is not "the server cannot be reached". */
static const struct {
    CURLcode result;
    enum ord_code code;
    const char *text;
} results[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, ORD_INTERNAL, "does not speak HTTP"},
    {CURLE_WEIRD_SERVER_REPLY, ORD_INTERNAL, "does not speak HTTP"},
    {CURLE_GOT_NOTHING, ORD_UNAVAILABLE, "closed the connection without an answer"},
    {CURLE_PARTIAL_FILE, ORD_UNAVAILABLE, "broke off its answer"},
    {CURLE_WRITE_ERROR, ORD_TOO_LARGE, "sent an answer that is too large"},
    {CURLE_OUT_OF_MEMORY, ORD_INTERNAL, "no memory"},
};

static const char *encoded(const char *value, struct ord_arena *arena)
{
    char *escaped = value ? curl_easy_escape(NULL, value, (int)strlen(value)) : NULL;
    const char *copy = escaped ? ord_arena_printf(arena, "%s", escaped) : NULL;
    curl_free(escaped);
    return copy;
}

/* The route with the request's fields in place of its braces; NULL when there is no memory. The names of these
 * fields go to `ret_names`. */
static const char *path_of(const struct ord_method *method, const ProtobufCMessage *request,
                           char ret_names[ORD_ROUTE_VARIABLES][ORD_JSON_NAME_MAX], struct ord_arena *arena)
{
    const char *path = "", *route = method->route;
    char field[ORD_JSON_NAME_MAX];
    for (unsigned i = 0; path && ord_route_field(method, i, field, sizeof field); i++) {
        ord_json_name(field, ret_names[i]);
        const char *value = encoded(ord_query_value(request, ret_names[i], arena), arena);
        path = value ? ord_arena_printf(arena, "%s%.*s%s", path, (int)strcspn(route, "{"), route, value) : NULL;
        route = strchr(route, '}') + 1;
    }
    return path ? ord_arena_printf(arena, "%s%s", path, route) : NULL;
}

const char *ord_http_url(const char *base, const struct ord_method *method, const ProtobufCMessage *request,
                         struct ord_arena *arena)
{
    char names[ORD_ROUTE_VARIABLES][ORD_JSON_NAME_MAX] = {0};
    const char *except[ORD_ROUTE_VARIABLES + 1] = {0};
    const char *path = path_of(method, request, names, arena);
    for (unsigned i = 0; i < ORD_ROUTE_VARIABLES && *names[i]; i++)
        except[i] = names[i];
    const char *query = method->takes_body ? "" : ord_query_write(request, except, arena);
    if (!path || !query)
        return NULL;

    const char *form = method->gives == ORD_GIVES_RUNS ? "form=runs" : "";
    return ord_arena_printf(arena, "%s%s%s%s%s%s", base, path, *query || *form ? "?" : "", query,
                            *query && *form ? "&" : "", form);
}

/* Appends to the body; false if it would be too large. */
static bool append(struct http_client *client, const char *bytes, size_t size)
{
    size_t needed = client->size + size + 1;
    if (needed > ORD_REPLY_MAX)
        return false;
    if (needed > client->room) {
        size_t room = needed * 2;
        char *body = realloc(client->body, room);
        if (!body)
            return false;
        client->body = body;
        client->room = room;
    }
    memcpy(client->body + client->size, bytes, size);
    client->size += size;
    client->body[client->size] = '\0';
    return true;
}

static size_t take_body(char *bytes, size_t one, size_t count, void *client)
{
    return append(client, bytes, one * count) ? one * count : 0;
}

/* The system's words where it has some; libcurl's own say as little as "Couldn't connect to server". */
static enum ord_code unreachable(const struct http_client *client, CURLcode result, struct ord_error *error)
{
    long errnum = 0;
    char reason[128];
    curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &errnum);
    const char *cause = *client->reason ? client->reason : curl_easy_strerror(result);
    if (result == CURLE_COULDNT_CONNECT && errnum != 0)
        cause = strerror_r((int)errnum, reason, sizeof reason);
    return ord_failure_unreachable(client->url, cause, error);
}

static enum ord_code failed(const struct http_client *client, CURLcode result, struct ord_error *error)
{
    if (result == CURLE_OPERATION_TIMEDOUT)
        return ord_failure_timeout(client->url, client->timeout_ms, error);
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i].result == result)
            return ord_fail(error, results[i].code, "%s: %s", client->url, results[i].text);
    return unreachable(client, result, error);
}

/* What is sent: a GET, a POST with a body (NULL: an empty one), or another verb without. */
static bool set_verb(struct http_client *client, const char *verb, const char *body)
{
    CURL *curl = client->curl;
    bool is_post = strcmp(verb, "POST") == 0, is_get = strcmp(verb, "GET") == 0;
    if (curl_easy_setopt(curl, CURLOPT_HTTPHEADER, body ? client->body_headers : client->headers) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, is_post || is_get ? NULL : verb) != CURLE_OK)
        return false;
    if (!is_post)
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body ? body : "") == CURLE_OK;
}

/* Sends a request for `url`; the body of the answer is then a string in client->body. */
static enum ord_code ask(struct http_client *client, const char *verb, const char *url, const char *body,
                         long *ret_status, struct ord_error *error)
{
    client->size = 0;
    *client->reason = '\0';
    if (!append(client, "", 0) || curl_easy_setopt(client->curl, CURLOPT_URL, url) != CURLE_OK ||
        !set_verb(client, verb, body))
        return ord_fail(error, ORD_INTERNAL, "no memory");

    CURLcode result = curl_easy_perform(client->curl);
    if (result != CURLE_OK)
        return failed(client, result, error);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, ret_status);
    return ORD_OK;
}

static enum ord_code refused(const struct http_client *client, long status, struct ord_error *error)
{
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
    return ord_failure_of_problem(client->url, status, client->body, client->size, retry_after_s, error);
}

static enum ord_code http_call(void *context, const struct ord_method *method, const ProtobufCMessage *request,
                               struct ord_arena *arena, ProtobufCMessage **ret_reply, struct ord_error *error)
{
    struct http_client *client = context;
    const char *url = ord_http_url(client->url, method, request, arena), *body = NULL;
    if (!url)
        return ord_fail(error, ORD_INTERNAL, "no memory");

    long status;
    enum ord_code code = method->takes_body ? ord_json_write_request(request, arena, &body, error) : ORD_OK;
    if (code == ORD_OK)
        code = ask(client, method->verbs[0], url, body, &status, error);
    if (code != ORD_OK)
        return code;
    if (status != 200)
        return refused(client, status, error);
    if (ord_json_read(client->body, method->reply, arena, ret_reply, error) == ORD_OK)
        return ORD_OK;
    ord_wrap(error, "%s: the answer cannot be read", client->url);
    return error->code = ORD_INTERNAL;
}

static enum ord_code http_check(void *context, const char *service, bool *ret_serving, struct ord_error *error)
{
    struct http_client *client = context;
    char buffer[1024];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    const char *url = ord_arena_printf(&arena, "%s/readyz", client->url);
    long status;
    enum ord_code code =
        url ? ask(client, "GET", url, NULL, &status, error) : ord_fail(error, ORD_INTERNAL, "no memory");
    ord_arena_finish(&arena);
    if (code != ORD_OK)
        return code;
    if (status != 200 && status != 503)
        return refused(client, status, error);
    *ret_serving = status == 200;
    return ORD_OK;
}

static void http_close(void *context)
{
    struct http_client *client = context;
    if (client->curl)
        curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    curl_slist_free_all(client->body_headers);
    free(client->body);
    free(client);
    curl_global_cleanup();
}

/* The parts that a base URL must or must not have. */
static bool is_base_url(const char *url)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *host = NULL, *rest = NULL;
    bool good = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
                curl_url_get(parsed, CURLUPART_QUERY, &rest, 0) == CURLUE_NO_QUERY &&
                curl_url_get(parsed, CURLUPART_FRAGMENT, &rest, 0) == CURLUE_NO_FRAGMENT;
    curl_free(rest);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return good;
}

static bool set_up(struct http_client *client)
{
    static const char accept[] = "Accept: application/json";
    struct curl_slist *type = curl_slist_append(NULL, "Content-Type: application/json");
    client->headers = curl_slist_append(NULL, accept);
    client->body_headers = type && curl_slist_append(type, accept) ? type : NULL;
    client->curl = curl_easy_init();
    CURL *curl = client->curl;
    return client->headers && client->body_headers && curl &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "ordinal/" ORDINAL_VERSION) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->reason) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, client) == CURLE_OK;
}

enum ord_code ord_http_transport_open(const char *url, int64_t timeout_ms, struct ord_transport *ret_transport,
                                      struct ord_error *error)
{
    if (!is_base_url(url))
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "%s is not the URL of a server; allowed http://HOST[:PORT][/PATH] and https://…", url);

    size_t length = strlen(url);
    while (url[length - 1] == '/')
        length--;
    struct http_client *client = calloc(1, sizeof *client + length + 1);
    if (!client)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    memcpy(client->url, url, length);
    client->timeout_ms = timeout_ms;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!set_up(client)) {
        http_close(client);
        return ord_fail(error, ORD_INTERNAL, "libcurl cannot be set up");
    }
    *ret_transport =
        (struct ord_transport){.context = client, .call = http_call, .check = http_check, .close = http_close};
    return ORD_OK;
}
