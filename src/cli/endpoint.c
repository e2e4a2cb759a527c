#include "cli/endpoint.h"

#include <civetweb.h>
#include <ordinal/v1/ranks.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json.h"

/* A command of 16,384 bytes, each written as six. */
#define BODY_MAX (128 << 10)

struct ord_endpoint {
    struct mg_context *context;
    struct ord_inbox *inbox;
    char url[ORD_ENDPOINT_URL_MAX];
};

static int answer(struct mg_connection *connection, int status)
{
    mg_response_header_start(connection, status);
    mg_response_header_add(connection, "Content-Length", "0", -1);
    mg_response_header_send(connection);
    return status;
}

/* The body as a string; NULL when there is none, too much of it, or no memory. */
static char *read_body(struct mg_connection *connection, struct ord_arena *arena)
{
    long long size = mg_get_request_info(connection)->content_length;
    char *body = size > 0 && size <= BODY_MAX ? ord_arena_alloc(arena, (size_t)size + 1) : NULL;
    long long used = 0;
    while (body && used < size) {
        int more = mg_read(connection, body + used, (size_t)(size - used));
        if (more <= 0)
            return NULL;
        used += more;
    }
    return body;
}

static int take(struct mg_connection *connection, void *context)
{
    struct ord_endpoint *endpoint = context;
    const struct mg_request_info *info = mg_get_request_info(connection);
    if (strcmp(info->local_uri, ORD_ENDPOINT_PATH) != 0)
        return answer(connection, 404);
    if (strcmp(info->request_method, "POST") != 0)
        return answer(connection, 405);
    struct ord_mail *mail = ord_mail_new(ORD_MAIL_COMMAND);
    if (!mail)
        return answer(connection, 503);
    const char *body = read_body(connection, &mail->arena);
    if (!body || ord_json_read(body, &ordinal__v1__command__descriptor, &mail->arena, &mail->message,
                               &mail->error) != ORD_OK) {
        ord_mail_free(mail);
        return answer(connection, 400);
    }
    ord_inbox_put(endpoint->inbox, mail);
    return answer(connection, 204);
}

static int say_nothing(const struct mg_connection *connection, const char *message)
{
    return 1;
}

static enum ord_code start(struct ord_endpoint *endpoint, const char *address, struct ord_error *error)
{
    const char *settings[] = {"listening_ports", address, "num_threads", "4", "enable_keep_alive", "yes",
                              "tcp_nodelay",     "1",     NULL};
    const struct mg_callbacks callbacks = {.log_message = say_nothing};
    char cause[256] = "";
    struct mg_init_data init = {
        .callbacks = &callbacks, .user_data = endpoint, .configuration_options = settings};
    struct mg_error_data failure = {.text = cause, .text_buffer_size = sizeof cause};
    struct mg_server_port port;
    endpoint->context = mg_start2(&init, &failure);
    if (!endpoint->context || mg_get_server_ports(endpoint->context, 1, &port) != 1)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "--listen: %s: %s", address,
                        *cause ? cause : "it cannot be");
    snprintf(endpoint->url, sizeof endpoint->url, "http://%.*s:%d" ORD_ENDPOINT_PATH,
             (int)(strrchr(address, ':') - address), address, port.port);
    mg_set_request_handler(endpoint->context, "/", take, endpoint);
    return ORD_OK;
}

enum ord_code ord_endpoint_open(const char *address, struct ord_inbox *inbox, struct ord_endpoint **ret,
                                struct ord_error *error)
{
    struct ord_endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (!endpoint)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    endpoint->inbox = inbox;
    mg_init_library(MG_FEATURES_DEFAULT);
    enum ord_code code = start(endpoint, address, error);
    if (code == ORD_OK)
        *ret = endpoint;
    else
        ord_endpoint_close(endpoint);
    return code;
}

const char *ord_endpoint_url(const struct ord_endpoint *endpoint)
{
    return endpoint->url;
}

struct ord_endpoint *ord_endpoint_close(struct ord_endpoint *endpoint)
{
    if (!endpoint)
        return NULL;
    if (endpoint->context)
        mg_stop(endpoint->context);
    mg_exit_library();
    free(endpoint);
    return NULL;
}
