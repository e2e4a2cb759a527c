#include "daemon/daemon.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "api/service.h"
#include "base/time.h"
#include "daemon/keeper.h"
#include "daemon/posting.h"
#include "daemon/ranking.h"
#include "grpc/server.h"
#include "http/server.h"
#include "sequence/sequences.h"
#include "store/embedded.h"
#include "store/groups.h"
#include "store/memory.h"
#include "store/memory_sequences.h"
#include "store/requests.h"
#include "store/sequences.h"

/* The queues of the C core, both listeners and some connections. */
#define FILES_MIN 128

#define YEAR_US (INT64_C(365) * 24 * 3600 * 1000000)

struct daemon {
    const struct ord_config *config;
    struct ord_memory_store memory;
    struct ord_memory_sequences memory_sequences;
    struct ord_embedded *embedded; /* NULL: reservations are kept in memory */
    struct ord_poster *poster;
    struct ord_service *service;
    struct ord_http *http;
    struct ord_grpc *grpc;
    struct ord_keeper *keeper;
};

/* Raises the limit of open files as far as it goes. */
static enum ord_code raise_files(struct ord_error *error)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < FILES_MIN)
        return ord_fail(error, ORD_INTERNAL,
                        "the limit of open files is %ju; at least %d are needed (ulimit -n)",
                        (uintmax_t)files.rlim_cur, FILES_MIN);
    return ORD_OK;
}

/* Signals are waited for by the main thread; threads made later inherit the mask. */
static void block_signals(sigset_t *ret_awaited)
{
    sigemptyset(ret_awaited);
    sigaddset(ret_awaited, SIGTERM);
    sigaddset(ret_awaited, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_awaited, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static enum ord_code open_store(struct daemon *daemon, struct ord_service_options *service,
                                struct ord_error *error)
{
    const struct ord_config *config = daemon->config;
    struct ord_embedded_options options = {
        .directory = config->state_dir,
        .accept_unsafe = config->accepts_unsafe_state,
        .init = config->init,
        .accept_layout_change = config->accepts_layout,
    };
    service->port = ord_memory_store_port(&daemon->memory);
    service->requests.port = ord_memory_requests();
    service->groups.port = ord_memory_groups();
    service->sequences.port = ord_memory_sequences_port(&daemon->memory_sequences);
    if (!config->state_dir)
        return ORD_OK;
    enum ord_code code = ord_embedded_open(&options, &daemon->embedded, error);
    if (code != ORD_OK)
        return code;
    service->port = ord_embedded_port(daemon->embedded);
    service->requests.port = ord_embedded_requests(daemon->embedded);
    service->groups.port = ord_embedded_groups(daemon->embedded);
    service->sequences.port = ord_embedded_sequences(daemon->embedded);
    return ORD_OK;
}

static enum ord_code open_service(struct daemon *daemon, struct ord_error *error)
{
    const struct ord_config *config = daemon->config;
    struct ord_service_options options = {
        .place = config->place,
        .borrow_us = config->borrow_us,
        .max_wait_us = config->max_wait_us,
        .floor = config->floor,
        .clock_threshold_us = config->clock_step_us,
        .max_clock_gap_us = config->max_clock_gap_us,
        .accepts_steps = config->accepts_steps,
        .ignores_gap = config->accepts_gap,
        .requests = {.max = config->request_max, .life_us = config->request_life_us},
        .groups = ord_ranking_options(config),
        .sequences = {.request_max = config->request_max,
                      .request_life_us = config->request_life_us,
                      .counts_names = config->counts_names},
    };
    if (open_store(daemon, &options, error) != ORD_OK)
        return ord_wrap(error, "store");
    options.groups.callbacks = ord_poster_port(daemon->poster);
    return ord_service_open(&options, &daemon->service, error);
}

static enum ord_code open_http(struct daemon *daemon, struct ord_error *error)
{
    const struct ord_config *config = daemon->config;
    struct ord_http_options options = {
        .listen = config->http_listen,
        .threads = config->http_threads,
        .keep_alive_ms = config->http_keep_alive_ms,
        .request_timeout_ms = config->http_request_timeout_ms,
        .event_streams = config->event_streams,
        .max_wait_ms = (uint32_t)(config->max_wait_us / 1000),
        .gathers = config->gathers_replies,
        .cors_origin = config->cors_origin,
    };
    return ord_http_open(daemon->service, &options, &daemon->http, error);
}

static enum ord_code open_grpc(struct daemon *daemon, struct ord_error *error)
{
    const struct ord_config *config = daemon->config;
    struct ord_grpc_options options = {
        .listen = config->grpc_listen,
        .max_connections = config->grpc_connections,
        .gathers = config->gathers_replies,
    };
    return ord_grpc_open(daemon->service, &options, &daemon->grpc, error);
}

static void log_place(const struct daemon *daemon)
{
    const struct ord_place *place = ord_service_place(daemon->service);
    char node[16], worker[24], fields[ORD_LAYOUT_TEXT_MAX], unit[ORD_LAYOUT_TEXT_MAX];
    char epoch[ORD_RFC3339_MAX], end[ORD_RFC3339_MAX];
    snprintf(node, sizeof node, "%" PRIu32, place->node);
    snprintf(worker, sizeof worker, "%" PRIu32 "/%" PRIu32, place->worker, place->workers);
    ord_layout_fields_text(&place->layout, fields);
    ord_layout_unit_text(&place->layout, unit);
    ord_rfc3339_format(place->layout.epoch_us, 3, epoch);
    ord_rfc3339_format(ord_layout_end_us(&place->layout), 3, end);
    ord_log(ORD_LOG_INFO, "issuing", "node", node, "worker", worker, "layout", fields, "time_unit", unit,
            "epoch", epoch, "layout_end", end, NULL);
    if (ord_layout_end_us(&place->layout) - ord_service_now_us(daemon->service) < YEAR_US)
        ord_log(ORD_LOG_WARN, "the layout's time ends within a year", "layout_end", end, NULL);
}

static void log_store(const struct daemon *daemon)
{
    if (!daemon->embedded) {
        ord_log(ORD_LOG_WARN, "reservations are kept in memory: a restart may repeat IDs", NULL);
        return;
    }
    const struct ord_embedded_facts *facts = ord_embedded_facts(daemon->embedded);
    const char *directory = daemon->config->state_dir;
    const char *last_run = facts->is_first ? "none" : facts->was_clean ? "stopped" : "crashed";
    const char *last_boot = facts->is_first ? NULL : facts->same_boot ? "same" : "another";
    char written[ORD_RFC3339_MAX];
    ord_rfc3339_format(facts->written_us, 3, written);
    ord_log(ORD_LOG_INFO, "state", "directory", directory, "last_run", last_run, "last_boot", last_boot,
            "last_written", facts->is_first ? NULL : written, NULL);
    if (facts->unsafe)
        ord_log(ORD_LOG_WARN, "the state directory may be lost, and IDs may then repeat", "directory",
                directory, "reason", facts->unsafe, NULL);
    if (*facts->replaced)
        ord_log(ORD_LOG_WARN, "the node starts afresh; what was there was renamed", "to", facts->replaced,
                NULL);
    if (facts->journal_lost)
        ord_log(ORD_LOG_WARN, "sequences go on without what they changed last: values may come again",
                "journal_renamed_to", *facts->journal_replaced ? facts->journal_replaced : NULL, NULL);
    if (facts->layout_changed)
        ord_log(ORD_LOG_WARN, "the layout or the number of workers is another than before", NULL);
}

/* An ID of another layout tells the time to start after; but numbers of two layouts do not compare by time. */
static void log_adoption(const struct daemon *daemon)
{
    const struct ord_config *config = daemon->config;
    const struct ord_layout *layout = &config->place.layout;
    int64_t now_us = ord_service_now_us(daemon->service), lowest, highest;
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, config->adopted);
    if (config->adopted < 0)
        return;
    if (ord_layout_bounds(layout, now_us, now_us + 1, &lowest, &highest, NULL) == ORD_OK &&
        lowest <= config->adopted)
        ord_log(
            ORD_LOG_WARN,
            "IDs come later than the adopted one, but as numbers they lie below it: they can equal IDs of that "
            "system; issue in its layout to rule that out",
            "adopt_above", id, NULL);
    else if (config->floor == 0)
        ord_log(ORD_LOG_INFO, "the adopted ID is older than the layout's epoch: nothing needs adopting",
                "adopt_above", id, NULL);
    else
        ord_log(ORD_LOG_INFO, "IDs start above the adopted one", "adopt_above", id, NULL);
}

static void log_requests(const struct daemon *daemon)
{
    const struct ord_sequences *sequences = ord_service_sequences(daemon->service, NULL);
    uint32_t damaged =
        ord_service_requests_damaged(daemon->service) + (sequences ? ord_sequences_damaged(sequences) : 0);
    if (damaged == 0)
        return;
    char count[16];
    snprintf(count, sizeof count, "%" PRIu32, damaged);
    ord_log(ORD_LOG_WARN, "remembered requests were damaged: their retries get new IDs or values", "count",
            count, NULL);
}

/* What was lost of groups at the start. */
static void log_groups(const struct daemon *daemon)
{
    struct ord_rank_figures figures;
    char damaged[16], foreign[16];
    ord_ranks_figures(ord_service_ranks(daemon->service), &figures);
    snprintf(damaged, sizeof damaged, "%" PRIu32, figures.damaged);
    snprintf(foreign, sizeof foreign, "%" PRIu32, figures.foreign);
    if (figures.damaged > 0)
        ord_log(ORD_LOG_WARN, "parts of groups were damaged, and are lost; epochs go on far above", "count",
                damaged, NULL);
    if (figures.foreign > 0)
        ord_log(ORD_LOG_WARN, "members and commands of groups were of another layout, and are given up",
                "count", foreign, NULL);
}

static void log_listeners(const struct daemon *daemon)
{
    ord_log(ORD_LOG_INFO, "listening", "protocol", "grpc", "address", ord_grpc_address(daemon->grpc), NULL);
    ord_log(ORD_LOG_INFO, "listening", "protocol", "http", "address", ord_http_address(daemon->http), NULL);
}

static enum ord_code open_all(struct daemon *daemon, struct ord_error *error)
{
    enum ord_code code = raise_files(error);
    if (code == ORD_OK)
        code = ord_posting_open(daemon->config, &daemon->poster, error);
    if (code == ORD_OK)
        code = open_service(daemon, error);
    if (code == ORD_OK)
        code = ord_keeper_start(daemon->service, &daemon->keeper, error);
    if (code == ORD_OK)
        code = open_http(daemon, error);
    if (code == ORD_OK)
        code = open_grpc(daemon, error);
    return code;
}

static void *drain_http(void *context)
{
    struct daemon *daemon = context;
    ord_http_drain(daemon->http, daemon->config->drain_timeout_ms);
    return NULL;
}

/* Both front ends at once, each within the same limit. */
static void drain(struct daemon *daemon)
{
    ord_health_set(ord_service_health(daemon->service), ORD_DRAINING);
    pthread_t http;
    bool apart = pthread_create(&http, NULL, drain_http, daemon) == 0;
    ord_grpc_drain(daemon->grpc, daemon->config->drain_timeout_ms);
    if (apart)
        pthread_join(http, NULL);
    else
        drain_http(daemon);
}

/* The reverse of open_all. Returns ORD_OK, or what went wrong with the reservation. */
static enum ord_code close_all(struct daemon *daemon, struct ord_error *error)
{
    daemon->grpc = ord_grpc_close(daemon->grpc);
    daemon->http = ord_http_close(daemon->http);
    daemon->keeper = ord_keeper_stop(daemon->keeper);
    daemon->service = ord_service_close(daemon->service, error);
    daemon->poster = ord_poster_close(daemon->poster);
    daemon->embedded = ord_embedded_close(daemon->embedded);
    ord_memory_sequences_finish(&daemon->memory_sequences);
    return error->code;
}

static void serve(struct daemon *daemon, const sigset_t *awaited)
{
    log_place(daemon);
    log_adoption(daemon);
    log_store(daemon);
    log_requests(daemon);
    log_groups(daemon);
    log_listeners(daemon);
    ord_health_set(ord_service_health(daemon->service), ORD_SERVING);
    ord_log(ORD_LOG_INFO, "ready", "version", ORDINAL_VERSION, NULL);

    int number = 0;
    sigwait(awaited, &number);
    pthread_sigmask(SIG_UNBLOCK, awaited, NULL); /* the next one has its default effect */
    ord_log(ORD_LOG_INFO, "draining", "signal", sigabbrev_np(number), NULL);
    drain(daemon);
}

int ord_daemon_run(const struct ord_config *config)
{
    ord_log_setup(config->log_level, config->log_format);
    sigset_t awaited;
    block_signals(&awaited);

    struct daemon daemon = {.config = config};
    struct ord_error error, close_error;
    enum ord_code code = open_all(&daemon, &error);
    if (code == ORD_OK)
        serve(&daemon, &awaited);
    else
        ord_log(ORD_LOG_ERROR, "cannot start", "error", error.text, NULL);

    if (close_all(&daemon, &close_error) != ORD_OK) {
        ord_log(ORD_LOG_ERROR, "reservation is not released", "error", close_error.text, NULL);
        code = close_error.code;
    }
    if (code == ORD_OK)
        ord_log(ORD_LOG_INFO, "stopped", NULL);
    return code == ORD_OK ? 0 : 1;
}
