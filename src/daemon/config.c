#include "daemon/config.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/node.h"

/* More bits than any layout has for nodes. */
#define NODE_BITS_MAX 24

/* With these no layout, epoch or unit leads past the year 9999 by itself. */
#define SMALLEST_UNIT "1us"
#define SHORTEST_LAYOUT "tick:16,sequence:1"

enum ord_code ord_check_layout(const char *text, struct ord_error *error)
{
    struct ord_layout layout;
    return ord_layout_parse(text, NULL, SMALLEST_UNIT, &layout, error);
}

enum ord_code ord_check_epoch(const char *text, struct ord_error *error)
{
    struct ord_layout layout;
    return ord_layout_parse(SHORTEST_LAYOUT, text, NULL, &layout, error);
}

enum ord_code ord_check_time_unit(const char *text, struct ord_error *error)
{
    struct ord_layout layout;
    return ord_layout_parse(SHORTEST_LAYOUT, NULL, text, &layout, error);
}

enum ord_code ord_check_node_id(const char *text, struct ord_error *error)
{
    uint32_t node;
    return ord_node_resolve(text, NODE_BITS_MAX, &ord_node_system, &node, error);
}

/* Reads all of `text` as I/N. */
static enum ord_code read_fraction(const char *text, uint32_t *ret_worker, uint32_t *ret_workers,
                                   struct ord_error *error)
{
    uint32_t worker, workers;
    int used = 0;
    bool is_fraction = strspn(text, "0123456789/") == strlen(text) && strlen(text) <= 17 &&
                       sscanf(text, "%8u/%8u%n", &worker, &workers, &used) == 2 && text[used] == '\0';
    if (!is_fraction)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "\"%s\" is not I/N, such as 0/4 to 3/4 for four workers",
                        text);
    if (worker >= workers)
        return ord_fail(error, ORD_OUT_OF_RANGE, "%s: workers are counted from 0; allowed 0/%u to %u/%u", text,
                        workers ? workers : 1, workers ? workers - 1 : 0, workers ? workers : 1);
    *ret_worker = worker;
    *ret_workers = workers;
    return ORD_OK;
}

enum ord_code ord_check_worker(const char *text, struct ord_error *error)
{
    uint32_t worker, workers;
    return read_fraction(text, &worker, &workers, error);
}

enum ord_code ord_check_networks(const char *text, struct ord_error *error)
{
    struct ord_networks networks;
    return ord_networks_parse(text, &networks, error);
}

/* As the problems of single options are told: the place, and the key where the place does not name it. */
static void add_problem(FILE *problems, const struct ord_settings *settings, const char *option,
                        const char *key, const struct ord_error *error)
{
    enum ord_source source = ord_settings_source(settings, option);
    if (source != ORD_SOURCE_DEFAULT)
        fprintf(problems, "%s: ", ord_settings_origin(settings, option));
    if (source == ORD_SOURCE_DEFAULT || source == ORD_SOURCE_FILE)
        fprintf(problems, "%s: ", key);
    fprintf(problems, "%s\n", error->text);
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
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "it is required, since others can reach %s: two nodes with one ID would give the same "
                        "IDs; give a number, hostname, ipv4:INTERFACE, env:NAME or file:PATH",
                        exposed);
    *ret_node = 0;
    return ORD_OK;
}

/* False if there is no place; what is wrong is among the problems. */
static bool read_place(const struct ord_settings *settings, struct ord_config *config, FILE *problems)
{
    struct ord_error error;
    struct ord_layout layout;
    if (ord_layout_parse(ord_settings_text(settings, "layout"), ord_settings_text(settings, "epoch"),
                         ord_settings_text(settings, "time-unit"), &layout, &error) != ORD_OK) {
        add_problem(problems, settings, "layout", "layout", &error);
        return false;
    }

    uint32_t node = 0, worker = 0, workers = 1;
    bool is_good = resolve_node(settings, config, &layout, &node, &error) == ORD_OK;
    if (!is_good)
        add_problem(problems, settings, "node-id", "node_id", &error);
    if (read_fraction(ord_settings_text(settings, "worker"), &worker, &workers, &error) == ORD_OK &&
        ord_place_init(&config->place, &layout, node, worker, workers, &error) == ORD_OK)
        return is_good;
    add_problem(problems, settings, "worker", "worker", &error);
    return false;
}

/* The slot number above all that was issued up to an older system's largest ID. */
static void read_adoption(const struct ord_settings *settings, struct ord_config *config, FILE *problems)
{
    struct ord_error error;
    struct ord_layout theirs = config->place.layout;
    const char *preset = ord_settings_text(settings, "preset");
    uint64_t tick;
    config->adopted = -1;
    if (ord_settings_source(settings, "adopt-above") == ORD_SOURCE_DEFAULT) {
        if (preset) {
            ord_fail(&error, ORD_INVALID_ARGUMENT,
                     "it is the layout of the ID of --adopt-above, which is missing");
            add_problem(problems, settings, "preset", "preset", &error);
        }
        return;
    }
    config->adopted = ord_settings_number(settings, "adopt-above");
    if ((preset && ord_layout_parse(preset, NULL, NULL, &theirs, &error) != ORD_OK) ||
        ord_layout_tick_after(&config->place.layout, &theirs, config->adopted, &tick, &error) != ORD_OK)
        add_problem(problems, settings, "adopt-above", "adopt_above", &error);
    else
        config->floor = tick * config->place.slots_per_tick;
}

static void read_state(const struct ord_settings *settings, struct ord_config *config, FILE *problems)
{
    struct ord_error error;
    if (strcmp(ord_settings_text(settings, "state"), "memory") == 0)
        return;
    config->state_dir = ord_settings_text(settings, "state-dir");
    if (config->state_dir && *config->state_dir)
        return;
    ord_fail(&error, ORD_INVALID_ARGUMENT,
             "it is required, and none of $STATE_DIRECTORY, $XDG_STATE_HOME and $HOME tells a place; give one "
             "with --state-dir, or keep reservations in memory with --state memory, where restarts may repeat "
             "IDs");
    add_problem(problems, settings, "state-dir", "state_dir", &error);
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
        .clock_step_us = (uint64_t)ord_settings_number(settings, "clock-step") * 1000,
        .accepts_steps = strcmp(ord_settings_text(settings, "clock-policy"), "accept") == 0,
        .max_clock_gap_us = (uint64_t)ord_settings_number(settings, "max-clock-gap") * 1000,
        .accepts_gap = ord_settings_switch(settings, "accept-clock-gap"),
        .request_max = (uint32_t)ord_settings_number(settings, "request-max"),
        .counts_names = strcmp(ord_settings_text(settings, "sequence-metrics"), "name") == 0,
        .request_life_us = ord_settings_number(settings, "request-life") * 1000,
        .group_max = (uint32_t)ord_settings_number(settings, "group-max"),
        .member_queue = (uint32_t)ord_settings_number(settings, "member-queue"),
        .command_life_us = ord_settings_number(settings, "command-life") * 1000,
        .callback_networks_text = ord_settings_text(settings, "callback-networks"),
        .grpc_listen = ord_settings_text(settings, "grpc-listen"),
        .http_listen = ord_settings_text(settings, "http-listen"),
        .grpc_connections = (uint32_t)ord_settings_number(settings, "grpc-connections"),
        .http_threads = (uint32_t)ord_settings_number(settings, "http-threads"),
        .http_keep_alive_ms = (uint32_t)ord_settings_number(settings, "http-keep-alive"),
        .http_request_timeout_ms = (uint32_t)ord_settings_number(settings, "http-request-timeout"),
        .event_streams = (uint32_t)ord_settings_number(settings, "event-streams"),
        .gathers_replies = strcmp(ord_settings_text(settings, "reply-writes"), "gathered") == 0,
        .cors_origin = ord_settings_text(settings, "cors-origin"),
        .accepts_unsafe_state = ord_settings_switch(settings, "unsafe-state-dir"),
        .init = ord_settings_switch(settings, "init"),
        .accepts_layout = ord_settings_switch(settings, "accept-layout-change"),
        .log_level = log_level(ord_settings_text(settings, "log-level")),
        .log_format =
            strcmp(ord_settings_text(settings, "log-format"), "json") == 0 ? ORD_LOG_JSON : ORD_LOGFMT,
        .drain_timeout_ms = (uint32_t)ord_settings_number(settings, "drain-timeout"),
    };
    if (read_place(settings, &config, problems))
        read_adoption(settings, &config, problems);
    read_state(settings, &config, problems);
    ord_networks_parse(config.callback_networks_text, &config.callback_networks, NULL); /* it was checked */
    fclose(problems);

    if (size > 0) {
        *ret_problems = text;
        return ORD_INVALID_ARGUMENT;
    }
    free(text);
    *ret_config = config;
    return ORD_OK;
}
