#include <inttypes.h>
#include <ordinal/v1/ids.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/bench.h"
#include "cli/bench_live.h"
#include "cli/bench_report.h"
#include "cli/bench_target.h"
#include "cli/cli.h"
#include "wire/json.h"

#define BATCH_DEFAULT 100
#define IN_FLIGHT_GRPC 32
#define CONNECTIONS_GRPC 8
#define CONNECTIONS_REST 64
#define COMMAND_MAX 1024

/* Everything of one bench. */
struct bench {
    struct ord_cli *cli;
    struct ord_bench_target target;
    struct ord_bench_plan plan;
    char fields[128]; /* the server's layout; "": unknown */
    char command[COMMAND_MAX];
};

static const char *const modes[] = {
    [ORD_BENCH_UNARY] = "unary",
    [ORD_BENCH_BATCH] = "batch",
    [ORD_BENCH_STREAM] = "stream",
};

/* An option without a default, or `otherwise`. */
static uint32_t number_or(const struct ord_settings *settings, const char *name, uint32_t otherwise)
{
    return ord_settings_text(settings, name) ? (uint32_t)ord_settings_number(settings, name) : otherwise;
}

static uint32_t threads_of(const struct ord_settings *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return number_or(settings, "threads", cores >= 4 ? (uint32_t)cores / 2 : 1);
}

static void read_plan(struct bench *bench)
{
    const struct ord_settings *settings = bench->cli->settings;
    struct ord_bench_plan *plan = &bench->plan;
    plan->is_grpc = bench->cli->http == NULL;
    while (strcmp(modes[plan->mode], ord_settings_text(settings, "mode")) != 0)
        plan->mode++;
    plan->host = bench->target.host;
    plan->port = bench->target.port;
    plan->prefix = bench->target.prefix;
    plan->ids = number_or(settings, "ids", plan->mode == ORD_BENCH_BATCH ? BATCH_DEFAULT : 1);
    plan->connections = number_or(settings, "connections", plan->is_grpc ? CONNECTIONS_GRPC : CONNECTIONS_REST);
    plan->in_flight = number_or(settings, "in-flight", plan->is_grpc ? IN_FLIGHT_GRPC : 1);
    plan->streams = plan->mode == ORD_BENCH_STREAM ? number_or(settings, "streams", 1) : 0;
    plan->threads = threads_of(settings);
    plan->rate = number_or(settings, "rate", 0);
    plan->warm_up_ms = ord_settings_number(settings, "warm-up");
    plan->duration_ms = ord_settings_number(settings, "duration");
    plan->timeout_ms = ord_settings_number(settings, "timeout");
}

static enum ord_code check_plan(const struct bench *bench, struct ord_error *error)
{
    const struct ord_bench_plan *plan = &bench->plan;
    if (plan->mode == ORD_BENCH_STREAM && !plan->is_grpc)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "--mode stream: only gRPC has streams");
    if (plan->mode == ORD_BENCH_UNARY && plan->ids != 1)
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "--ids: a unary call brings one ID; more come with --mode batch or stream");
    if (plan->mode != ORD_BENCH_STREAM && ord_settings_text(bench->cli->settings, "streams"))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "--streams: only --mode stream has streams");
    if (plan->streams > plan->in_flight)
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "--streams: there are only %" PRIu32
                        " messages in flight (--in-flight) to spread over them",
                        plan->in_flight);
    return ORD_OK;
}

static enum ord_code find_target(struct bench *bench, struct ord_error *error)
{
    const char *option = bench->cli->http ? "http" : "grpc";
    const char *text = ord_settings_text(bench->cli->settings, option);
    enum ord_code code = bench->cli->http ? ord_bench_target_of_url(text, &bench->target, error)
                                          : ord_bench_target_of_address(text, &bench->target, error);
    return code == ORD_OK ? ORD_OK : ord_wrap(error, "%s", ord_settings_origin(bench->cli->settings, option));
}

/* Which bits of an ID are its node and its sequence: what IDs of a server can be compared by. */
static void take_layout(struct bench *bench, const Ordinal__V1__DescribeIdResponse *reply)
{
    size_t used = 0;
    if (!reply->layout || reply->workers < 1)
        return;
    for (size_t i = 0; i < reply->layout->n_fields && used < sizeof bench->fields; i++)
        used += (size_t)snprintf(bench->fields + used, sizeof bench->fields - used, "%s%s:%" PRIu32,
                                 i ? "," : "", reply->layout->fields[i]->name, reply->layout->fields[i]->bits);
    bench->plan.fields = *bench->fields ? bench->fields : NULL;
    bench->plan.workers = reply->workers;
}

/* A server that cannot be reached is told before the load begins; one that does not know the method is loaded.
 */
static enum ord_code ask_layout(struct bench *bench, struct ord_error *error)
{
    char buffer[4096];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    const struct ord_method *method = ord_method_by_name("DescribeId");
    ProtobufCMessage *request = ord_message_new(method->request, &arena), *reply;
    const struct ord_transport *transport = &bench->cli->transport;
    enum ord_code code = request ? transport->call(transport->context, method, request, &arena, &reply, error)
                                 : ord_fail(error, ORD_INTERNAL, "no memory");
    if (code == ORD_OK)
        take_layout(bench, (const Ordinal__V1__DescribeIdResponse *)reply);
    ord_arena_finish(&arena);
    return code == ORD_UNAVAILABLE || code == ORD_DEADLINE_EXCEEDED ? code : ORD_OK;
}

/* The command line, as far as it fits. */
static void read_command(char ret[COMMAND_MAX])
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t size = file ? fread(ret, 1, COMMAND_MAX - 1, file) : 0;
    if (file)
        fclose(file);
    for (size_t i = 0; i + 1 < size; i++)
        ret[i] = (unsigned char)ret[i] < 0x20 ? ' ' : ret[i];
    ret[size] = '\0';
}

static bool write_form(const struct ord_bench_report *report, const char *form, FILE *out)
{
    if (strcmp(form, "json") == 0)
        return ord_bench_write_json(report, out);
    (strcmp(form, "csv") == 0 ? ord_bench_write_csv : ord_bench_write_text)(report, out);
    return true;
}

static bool write_report(struct ord_cli *cli, const struct ord_bench_report *report)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool written = out && write_form(report, ord_settings_text(cli->settings, "output"), out);
    written = out && fclose(out) == 0 && written;
    if (written)
        ord_output_write(cli->output, text, size);
    free(text);
    return written;
}

static enum ord_exit exit_of(const struct ord_bench_result *result)
{
    if (!ord_bench_fault(result))
        return ORD_EXIT_DONE;
    bool is_unreached = result->checked == 0 && ord_outcomes_total(&result->failures) == 0;
    return is_unreached ? ORD_EXIT_UNAVAILABLE : ORD_EXIT_FAILED;
}

/* Each connection is a descriptor, and the limit of a shell is often low. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static enum ord_exit run(struct bench *bench)
{
    struct ord_bench *load;
    struct ord_error error;
    struct ord_bench_result *result = malloc(sizeof *result);
    if (!result)
        return ord_cli_fail(bench->cli, &(struct ord_error){.code = ORD_INTERNAL, .text = "no memory"});
    raise_limit();
    ord_bench_block_signals();
    if (ord_bench_start(&bench->plan, &load, &error) != ORD_OK) {
        free(result);
        return ord_cli_fail(bench->cli, &error);
    }
    bool is_early = ord_bench_watch(load, &bench->plan, isatty(STDERR_FILENO) ? STDERR_FILENO : -1);
    ord_bench_finish(load, result);
    const struct ord_bench_report report = {
        .plan = &bench->plan,
        .result = result,
        .target = ord_settings_text(bench->cli->settings, bench->cli->http ? "http" : "grpc"),
        .command = bench->command,
        .is_stopped = is_early,
    };
    enum ord_exit status = exit_of(result);
    if (!write_report(bench->cli, &report))
        status = ord_cli_fail(bench->cli, &(struct ord_error){.code = ORD_INTERNAL, .text = "no memory"});
    free(result);
    return status;
}

enum ord_exit ord_verb_bench(struct ord_cli *cli)
{
    struct bench bench = {.cli = cli};
    struct ord_error error;
    read_plan(&bench);
    read_command(bench.command);
    if (check_plan(&bench, &error) != ORD_OK || find_target(&bench, &error) != ORD_OK)
        return ord_cli_misused(cli->verb, &error);
    if (ask_layout(&bench, &error) != ORD_OK)
        return ord_cli_fail(cli, &error);
    return run(&bench);
}
