#include "daemon/config.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/node.h"

static void add_problem(FILE *problems, const struct ord_settings *settings, const char *option,
                        const struct ord_error *error)
{
    fprintf(problems, "%s: %s\n", ord_settings_origin(settings, option), error->text);
}

/* Reads all of `text` as I/N. */
static bool read_fraction(const char *text, uint32_t *ret_worker, uint32_t *ret_workers)
{
    int used = 0;
    return strspn(text, "0123456789/") == strlen(text) && strlen(text) <= 17 &&
           sscanf(text, "%8u/%8u%n", ret_worker, ret_workers, &used) == 2 && text[used] == '\0';
}

/* Whether nobody outside of this host reaches that listener. */
static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0;
}

static const char *exposed_listener(const struct ord_config *config)
{
    if (!is_loopback(config->grpc_listen))
        return config->grpc_listen;
    return is_loopback(config->http_listen) ? NULL : config->http_listen;
}

static enum ord_code resolve_node(const struct ord_settings *settings, const struct ord_config *config,
                                  const struct ord_layout *layout, uint32_t *ret_node, struct ord_error *error)
{
    const char *spec = ord_settings_text(settings, "node-id");
    const char *exposed = exposed_listener(config);
    if (spec)
        return ord_node_resolve(spec, layout->bits[ORD_NODE], &ord_node_system, ret_node, error);
    if (exposed)
        return ord_fail(
            error, ORD_INVALID_ARGUMENT,
            "node_id: it is required, since others can reach %s: two nodes with one ID would give the same "
            "IDs; give a number, hostname, ipv4:INTERFACE, env:NAME or file:PATH",
            exposed);
    *ret_node = 0;
    return ORD_OK;
}

static void read_place(const struct ord_settings *settings, struct ord_config *config, FILE *problems)
{
    struct ord_error error;
    struct ord_layout layout;
    if (ord_layout_parse(ord_settings_text(settings, "layout"), ord_settings_text(settings, "epoch"),
                         ord_settings_text(settings, "time-unit"), &layout, &error) != ORD_OK) {
        const char *option = strncmp(error.text, "epoch", 5) == 0       ? "epoch"
                             : strncmp(error.text, "time_unit", 9) == 0 ? "time-unit"
                                                                        : "layout";
        add_problem(problems, settings, option, &error);
        return;
    }

    uint32_t node = 0, worker = 0, workers = 1;
    if (resolve_node(settings, config, &layout, &node, &error) != ORD_OK)
        add_problem(problems, settings, "node-id", &error);

    const char *fraction = ord_settings_text(settings, "worker");
    if (!read_fraction(fraction, &worker, &workers)) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "worker: \"%s\" is not I/N, such as 0/4 to 3/4 for four workers",
                 fraction);
        add_problem(problems, settings, "worker", &error);
    } else if (ord_place_init(&config->place, &layout, node, worker, workers, &error) != ORD_OK) {
        add_problem(problems, settings, "worker", &error);
    }
}

static enum ord_log_level log_level(const char *name)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (int level = 0; level < 4; level++)
        if (strcmp(names[level], name) == 0)
            return level;
    return ORD_LOG_INFO;
}

enum ord_code ord_config_read(const struct ord_settings *settings, struct ord_config *ret_config,
                              char **ret_problems)
{
    char *text = NULL;
    size_t size = 0;
    FILE *problems = open_memstream(&text, &size);
    if (!problems)
        return ORD_INTERNAL;

    struct ord_config config = {
        .borrow_us = (uint64_t)ord_settings_number(settings, "borrow") * 1000,
        .max_wait_us = (uint64_t)ord_settings_number(settings, "max-wait") * 1000,
        .grpc_listen = ord_settings_text(settings, "grpc-listen"),
        .http_listen = ord_settings_text(settings, "http-listen"),
        .grpc_connections = (uint32_t)ord_settings_number(settings, "grpc-connections"),
        .http_threads = (uint32_t)ord_settings_number(settings, "http-threads"),
        .http_keep_alive_ms = (uint32_t)ord_settings_number(settings, "http-keep-alive"),
        .http_request_timeout_ms = (uint32_t)ord_settings_number(settings, "http-request-timeout"),
        .cors_origin = ord_settings_text(settings, "cors-origin"),
        .state_dir = ord_settings_text(settings, "state-dir"),
        .log_level = log_level(ord_settings_text(settings, "log-level")),
        .log_format =
            strcmp(ord_settings_text(settings, "log-format"), "json") == 0 ? ORD_LOG_JSON : ORD_LOGFMT,
        .drain_timeout_ms = (uint32_t)ord_settings_number(settings, "drain-timeout"),
    };
    read_place(settings, &config, problems);
    fclose(problems);

    if (size > 0) {
        *ret_problems = text;
        return ORD_INVALID_ARGUMENT;
    }
    free(text);
    *ret_config = config;
    return ORD_OK;
}
