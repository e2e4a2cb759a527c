#include "cli/bench_figures.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct ord_bench_percentile ord_bench_percentiles[ORD_BENCH_PERCENTILES] = {
    {50, "p50"}, {75, "p75"}, {90, "p90"}, {95, "p95"}, {99, "p99"}, {99.9, "p99.9"}, {99.99, "p99.99"},
};

/* "model name	: …" on most machines. */
static void read_cpu(char *ret, size_t size)
{
    char line[256];
    snprintf(ret, size, "unknown CPU");
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", strlen("model name")) != 0 || !colon)
            continue;
        snprintf(ret, size, "%.*s", (int)strcspn(colon + 1, "\n"), colon + 1 + strspn(colon + 1, " "));
        ret[strcspn(ret, "\n")] = '\0';
        break;
    }
    if (file)
        fclose(file);
}

void ord_bench_environment(struct ord_bench_environment *ret)
{
    ret->cores = sysconf(_SC_NPROCESSORS_ONLN);
    read_cpu(ret->cpu, sizeof ret->cpu);
    uname(&ret->names);
}

double ord_bench_rate(const struct ord_bench_result *result, uint64_t count)
{
    return result->elapsed_ns > 0 ? (double)count * 1e9 / (double)result->elapsed_ns : 0;
}

double ord_bench_mean_ns(const struct ord_bench_result *result)
{
    return result->calls > 0 ? (double)result->latency.sum_ns / (double)result->calls : 0;
}

double ord_bench_cpu_ns_per_call(const struct ord_bench_result *result)
{
    uint64_t calls = result->calls + ord_outcomes_total(&result->failures);
    return calls > 0 ? (double)result->cpu_ns / (double)calls : 0;
}

double ord_bench_busy(const struct ord_bench_result *result)
{
    return result->elapsed_ns > 0 ? (double)result->busiest_cpu_ns / (double)result->elapsed_ns : 0;
}

void ord_bench_time_text(double ns, char ret[ORD_BENCH_TIME_MAX])
{
    static const char *const units[] = {"ns", "µs", "ms", "s"};
    size_t unit = 0;
    for (; ns >= 999.5 && unit < 3; unit++)
        ns /= 1000;
    int decimals = unit == 0 || ns >= 99.95 ? 0 : ns >= 9.995 ? 1 : 2;
    snprintf(ret, ORD_BENCH_TIME_MAX, "%.*f %s", decimals, ns, units[unit]);
}
