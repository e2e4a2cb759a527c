#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/methods.h"
#include "base/time.h"
#include "store/memory.h"

static struct ord_memory_store store;
static char page[256 * 1024];
static size_t page_size;

static void gather(void *context, const char *bytes, size_t size)
{
    cr_assert_lt(page_size + size, sizeof page);
    memcpy(page + page_size, bytes, size);
    page_size += size;
}

/* The value of a sample without labels. */
static double sample(const char *name)
{
    char start[80];
    snprintf(start, sizeof start, "\n%s ", name);
    const char *at = strstr(page, start);
    cr_assert_not_null(at, "missing: %s", name);
    return strtod(at + strlen(start), NULL);
}

static struct ord_service *opened(void)
{
    struct ord_layout layout;
    struct ord_service_options options = {.port = ord_memory_store_port(&store), .borrow_us = 1000000};
    struct ord_service *service = NULL;
    cr_assert_eq(ord_layout_parse("default", NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, 3, 0, 1, NULL), ORD_OK);
    cr_assert_eq(ord_service_open(&options, &service, NULL), ORD_OK);
    return service;
}

#define expect_line(text) cr_expect(strstr(page, text "\n"), "missing: %s", text)

Test(metrics, calls_are_counted_where_they_belong)
{
    struct ord_service *service = opened();
    struct ord_metrics *metrics = ord_service_metrics(service);
    const struct ord_method *get_ids = ord_method_by_name("GetIds");
    ord_metrics_call(metrics, ORD_FRONT_GRPC, get_ids, ORD_OK, 15000, 100);
    ord_metrics_call(metrics, ORD_FRONT_GRPC, get_ids, ORD_OK, 3000000, 23);
    ord_metrics_call(metrics, ORD_FRONT_GRPC, get_ids, ORD_CAPACITY, 1000, 0);
    ord_metrics_call(metrics, ORD_FRONT_REST, NULL, ORD_NOT_FOUND, 1000, 0);
    ord_metrics_write(service, gather, NULL);

    expect_line("ordinal_calls_total{protocol=\"grpc\",method=\"GetIds\",code=\"ok\"} 2");
    expect_line("ordinal_calls_total{protocol=\"grpc\",method=\"GetIds\",code=\"capacity\"} 1");
    expect_line("ordinal_calls_total{protocol=\"rest\",method=\"unknown\",code=\"not-found\"} 1");
    expect_line("ordinal_calls_total{protocol=\"rest\",method=\"GetIds\",code=\"ok\"} 0");
    expect_line("ordinal_ids_total{protocol=\"grpc\"} 123");
    expect_line("ordinal_call_duration_seconds_bucket{protocol=\"grpc\",method=\"GetIds\",le=\"1e-05\"} 1");
    expect_line("ordinal_call_duration_seconds_bucket{protocol=\"grpc\",method=\"GetIds\",le=\"2e-05\"} 2");
    expect_line("ordinal_call_duration_seconds_bucket{protocol=\"grpc\",method=\"GetIds\",le=\"+Inf\"} 3");
    expect_line("ordinal_call_duration_seconds_sum{protocol=\"grpc\",method=\"GetIds\"} 0.003016000");
    expect_line("ordinal_call_duration_seconds_count{protocol=\"grpc\",method=\"GetIds\"} 3");
    expect_line("ordinal_layout_end_timestamp_seconds 3966248855.552000");
    expect_line("ordinal_ready 0");
    double age = (double)ord_wall_ns() / 1e9 - sample("process_start_time_seconds");
    cr_expect(age >= 0 && age < 3600, "started %f s ago", age);
    expect_line("ordinal_clock_quarantined 0");
    cr_expect_null(strstr(page, "StreamIds\",code=\"capacity"));

    ord_health_set(ord_service_health(service), ORD_SERVING);
    page_size = 0;
    ord_metrics_write(service, gather, NULL);
    expect_line("ordinal_ready 1");
    ord_service_close(service, NULL);
}

static void count_change(void *context)
{
    ++*(int *)context;
}

Test(health, listeners_hear_each_change_once)
{
    struct ord_health health = {0};
    int changes = 0, others = 0;
    ord_health_listen(&health, count_change, &changes);
    ord_health_listen(&health, count_change, &others);
    ord_health_set(&health, ORD_STARTING);
    cr_expect_eq(changes, 0, "no change");
    ord_health_set(&health, ORD_SERVING);
    ord_health_set(&health, ORD_SERVING);
    ord_health_set(&health, ORD_DRAINING);
    cr_expect_eq(changes, 2);
    cr_expect_eq(others, 2);
    cr_expect_str_eq(ord_health_name(ord_health_get(&health)), "draining");
}
