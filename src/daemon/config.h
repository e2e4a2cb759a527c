/*
 * What the daemon runs with: settings read, resolved and checked against each other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/networks.h"
#include "conf/options.h"
#include "core/layout.h"

struct ord_config {
    struct ord_place place;
    uint64_t borrow_us, max_wait_us;
    uint64_t clock_step_us;
    uint64_t max_clock_gap_us; /* 0: any */
    bool accepts_steps, accepts_gap;
    int64_t adopted; /* the run starts above that ID; -1: there is none */
    uint64_t floor;  /* the slot number that this means */
    uint32_t request_max;
    int64_t request_life_us;
    uint32_t group_max, member_queue;
    int64_t command_life_us;
    bool counts_names; /* of sequences, in the metrics */
    struct ord_networks callback_networks;
    const char *callback_networks_text;    /* as given; owned by the settings */
    const char *grpc_listen, *http_listen; /* owned by the settings */
    uint32_t grpc_connections;
    uint32_t http_threads, http_keep_alive_ms, http_request_timeout_ms;
    uint32_t event_streams;
    bool gathers_replies;
    const char *cors_origin; /* NULL: none */
    const char *state_dir;   /* NULL: in memory */
    bool accepts_unsafe_state, init, accepts_layout;
    enum ord_log_level log_level;
    enum ord_log_format log_format;
    uint32_t drain_timeout_ms;
};

/* Resolves layout, node ID, worker and the ID to start above. On failure `*ret_problems` has one problem a
 * line, each with where it was read from, to be freed by the caller. ORD_INVALID_ARGUMENT; ORD_INTERNAL when
 * there is no memory. The settings outlive the config. */
enum ord_code ord_config_read(const struct ord_settings *settings, struct ord_config *ret_config,
                              char **ret_problems);

/* What options.c checks the values of single options with, before they are held against each other. */
ord_option_check ord_check_layout, ord_check_epoch, ord_check_time_unit, ord_check_node_id, ord_check_worker,
    ord_check_networks;
