#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "callback/internal.h"
#include "callback/target.h"

/* The options that are the same in every try. */
static const struct {
    CURLoption option;
    long value;
} numbers[] = {
    {CURLOPT_POST, 1},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_FOLLOWLOCATION, 0}, /* each hop is a try at its own door */
    {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
    {CURLOPT_CONNECTTIMEOUT_MS, ORD_POSTER_CONNECT_MS},
    {CURLOPT_MAXAGE_CONN, 30},
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* a name server that does not answer is not waited for */
};

static const struct {
    CURLoption option;
    const char *value;
} texts[] = {
    {CURLOPT_PROTOCOLS_STR, "http,https"},
    {CURLOPT_PROXY, ""}, /* none, whatever the environment says */
    {CURLOPT_USERAGENT, "ordinald/" ORDINAL_VERSION},
};

/* The one place through which all connections come. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *target)
{
    struct ord_try *try = context;
    struct ord_address address;
    if (!ord_address_of(&target->addr, &address))
        return CURL_SOCKET_BAD;
    if (!ord_networks_hold(&try->options->networks, &address)) {
        try->is_outside = true;
        try->outside = address;
        return CURL_SOCKET_BAD;
    }
    try->has_socket = true;
    return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

/* Throws away what comes; 0, which ends the try, when it is too much. */
static size_t take(char *bytes, size_t one, size_t count, void *context)
{
    struct ord_try *try = context;
    try->received += one * count;
    return try->received > ORD_POSTER_REPLY_MAX ? 0 : one * count;
}

static bool set_fixed(const struct ord_curl *curl, CURL *easy)
{
    bool good = true;
    for (size_t i = 0; good && i < sizeof numbers / sizeof *numbers; i++)
        good = curl->easy_setopt(easy, numbers[i].option, numbers[i].value) == CURLE_OK;
    for (size_t i = 0; good && i < sizeof texts / sizeof *texts; i++)
        good = curl->easy_setopt(easy, texts[i].option, texts[i].value) == CURLE_OK;
    return good;
}

static bool set_hooks(const struct ord_curl *curl, struct ord_try *try)
{
    CURL *easy = try->easy;
    return curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, try) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEDATA, try) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HEADERDATA, try) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, try->reason) == CURLE_OK;
}

bool ord_try_set_up(const struct ord_curl *curl, struct ord_post *post, struct curl_slist *headers,
                    uint64_t timeout_ms)
{
    struct ord_try *try = post->try;
    const struct ord_callback *callback = post->callback;
    const char *url = post->redirect ? post->redirect : callback->url;
    CURL *easy = try->easy;
    try->received = 0;
    try->has_socket = try->is_outside = false;
    *try->reason = '\0';
    curl->easy_reset(easy);
    return set_fixed(curl, easy) && set_hooks(curl, try) &&
           curl->easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_POSTFIELDS, callback->body) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)callback->size) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_PRIVATE, post) == CURLE_OK;
}

/* Takes the address of a redirect that may be followed. */
static bool is_redirect(const struct ord_curl *curl, struct ord_post *post, long status)
{
    char *location = NULL;
    if ((status != 307 && status != 308) || post->hops == ORD_POSTER_HOPS)
        return false;
    curl->easy_getinfo(post->try->easy, CURLINFO_REDIRECT_URL, &location);
    char *copy = location ? strdup(location) : NULL;
    if (!copy)
        return false;
    free(post->redirect);
    post->redirect = copy;
    return true;
}

static enum ord_callback_outcome name_status(const struct ord_post *post, long status, struct ord_error *error)
{
    if (status < 300 || status > 399)
        ord_fail(error, ORD_UNAVAILABLE, "answered %ld; 2xx accepts a command", status);
    else if (post->hops == ORD_POSTER_HOPS)
        ord_fail(error, ORD_UNAVAILABLE, "answered %ld after %d redirects; no more are followed", status,
                 ORD_POSTER_HOPS);
    else
        ord_fail(error, ORD_UNAVAILABLE, "answered %ld; of redirects 307 and 308 with a Location are followed",
                 status);
    return ORD_CALLBACK_REFUSED;
}

/* The system's words where it has some; libcurl's own can say as little as "Couldn't connect to server". */
static enum ord_callback_outcome name_failure(const struct ord_curl *curl, const struct ord_try *try,
                                              CURLcode result, struct ord_error *error)
{
    long errnum = 0;
    if (result == CURLE_OPERATION_TIMEDOUT) {
        ord_fail(error, ORD_UNAVAILABLE, "does not answer in time: connecting may take %d ms, all of it %d ms",
                 ORD_POSTER_CONNECT_MS, ORD_POSTER_TRY_MS);
        return ORD_CALLBACK_LATE;
    }
    curl->easy_getinfo(try->easy, CURLINFO_OS_ERRNO, &errnum);
    if (result == CURLE_COULDNT_CONNECT && errnum != 0)
        ord_fail_errno(error, (int)errnum, "cannot be reached");
    else
        ord_fail(error, ORD_UNAVAILABLE, "cannot be reached: %s",
                 *try->reason ? try->reason : curl->easy_strerror(result));
    return ORD_CALLBACK_UNREACHABLE;
}

enum ord_verdict ord_try_judge(const struct ord_curl *curl, struct ord_post *post, CURLcode result,
                               enum ord_callback_outcome *ret_outcome, struct ord_error *error)
{
    const struct ord_try *try = post->try;
    long status = 0;
    curl->easy_getinfo(try->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status <= 299) {
        *ret_outcome = ORD_CALLBACK_ACCEPTED; /* whatever else it says, or does not */
        return ORD_VERDICT_ACCEPTED;
    }
    if (is_redirect(curl, post, status))
        return ORD_VERDICT_REDIRECTED;
    if (status >= 300) {
        *ret_outcome = name_status(post, status, error);
    } else if (try->is_outside && !try->has_socket) {
        ord_target_outside(try->options, &try->outside, error);
        *ret_outcome = ORD_CALLBACK_FORBIDDEN;
    } else {
        *ret_outcome = name_failure(curl, try, result, error);
    }
    return ORD_VERDICT_FAILED;
}
