#include "bench/reply.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/ids.h"

#define RUNS_MAX 64

struct taken {
    struct ord_run runs[RUNS_MAX];
    size_t count;
};

static void take(void *context, const struct ord_run *run)
{
    struct taken *taken = context;
    cr_assert_lt(taken->count, RUNS_MAX);
    taken->runs[taken->count++] = *run;
}

/* Reads from a place of exactly that size, so that a sanitizer sees what reads past it. */
static const char *read_with(ord_reply_reader *reader, const void *bytes, size_t size, uint32_t wanted,
                             struct taken *taken)
{
    uint8_t *copy = malloc(size + (size == 0));
    memcpy(copy, bytes, size);
    *taken = (struct taken){0};
    const char *fault = reader(copy, size, wanted, take, taken);
    free(copy);
    return fault;
}

static void expect_run(const struct taken *taken, size_t index, int64_t first, int64_t step, uint32_t count)
{
    cr_assert_lt(index, taken->count);
    cr_assert_eq(taken->runs[index].first, first);
    cr_assert_eq(taken->runs[index].step, step);
    cr_assert_eq(taken->runs[index].count, count);
}

/* Claims as the server writes them. */

static struct ord_place place_of(const char *fields)
{
    struct ord_layout layout;
    struct ord_place place;
    cr_assert_eq(ord_layout_parse(fields, NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&place, &layout, 1, 0, 1, NULL), ORD_OK);
    return place;
}

static void expect_claim(const struct taken *taken, struct ord_ids ids)
{
    struct ord_run run;
    size_t index = 0;
    for (; ord_ids_next_run(&ids, &run) > 0; index++)
        expect_run(taken, index, run.first, run.step, run.count);
    cr_assert_eq(taken->count, index);
}

struct text {
    char bytes[8192];
    size_t size;
};

static void append(void *context, const char *bytes, size_t size)
{
    struct text *text = context;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

Test(reply, what_the_server_writes_is_read)
{
    static const char *const layouts[] = {"default", "sonyflake", "js53", "tick:41,node:10,sequence:8,tag:4"};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        for (uint64_t first = 250; first < UINT64_C(1) << 40; first = first * 5 + 3) {
            struct ord_place place = place_of(layouts[i]);
            struct ord_ids ids = {
                .place = &place, .first = first % (UINT64_C(1) << 38), .count = 1000, .tag = 0};
            struct taken taken;
            struct text text = {.size = 0};
            uint8_t bytes[4096];
            size_t size = ord_pb_ids_size(&ids);
            ord_pb_ids_write(&ids, bytes, size);
            cr_assert_null(read_with(ord_reply_pb_runs, bytes, size, 1000, &taken));
            expect_claim(&taken, ids);
            ord_ids_write(&ids, ORD_FORM_RUNS_JSON, ORD_DECIMAL, append, &text);
            cr_assert_null(read_with(ord_reply_json_runs, text.bytes, text.size, 1000, &taken));
            expect_claim(&taken, ids);
        }
}

Test(reply, single_ids_are_read)
{
    static const int64_t ids[] = {0, 1, 127, 128, INT64_C(118250482884120578), INT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct taken taken;
        uint8_t bytes[ORD_PB_ID_MAX];
        char text[64];
        size_t size = ord_pb_id_write(ids[i], bytes);
        cr_assert_null(read_with(ord_reply_pb_id, bytes, size, 1, &taken));
        expect_run(&taken, 0, ids[i], 1, 1);
        int length = snprintf(text, sizeof text, "{\"id\":\"%lld\"}", (long long)ids[i]);
        cr_assert_null(read_with(ord_reply_json_id, text, (size_t)length, 1, &taken), "%s", text);
        expect_run(&taken, 0, ids[i], 1, 1);
    }
}

static const char *json_id(const char *text, struct taken *taken)
{
    return read_with(ord_reply_json_id, text, strlen(text), 1, taken);
}

static const char *json_runs(const char *text, uint32_t wanted, struct taken *taken)
{
    return read_with(ord_reply_json_runs, text, strlen(text), wanted, taken);
}

Test(reply, any_form_of_the_json_is_read)
{
    struct taken taken;
    cr_assert_null(json_id(" { \"other\" : [1, 2], \"id\" : \"7\" }\n", &taken));
    expect_run(&taken, 0, 7, 1, 1);
    cr_assert_null(json_runs("{\"runs\": [{\"step\": \"2\", \"first\": \"5\", \"count\": 3}, "
                             "{\"first\":\"99\",\"count\":1,\"step\":\"1\"}]}",
                             4, &taken));
    expect_run(&taken, 0, 5, 2, 3);
    expect_run(&taken, 1, 99, 1, 1);
}

Test(reply, what_is_not_the_json_is_told)
{
    static const char *const ids[] = {
        "",
        "{",
        "{\"id\":\"7\"",
        "{\"id\":\"7\"}x",
        "{\"id\":\"\"}",
        "{\"id\":\"-1\"}",
        "{\"id\":\"9223372036854775808\"}",
        "{\"id\":\"99999999999999999999999\"}",
        "{\"id\":\"7x\"}",
        "{\"id\":[]}",
        "7",
        "<html>",
    };
    static const char *const runs[] = {
        "",
        "{\"runs\":[",
        "{\"runs\":[]}",
        "{\"runs\":[{\"first\":\"1\",\"count\":3,\"step\":\"1\"}",
        "{\"runs\":[{\"first\":\"1\",\"count\":3,\"step\":\"1\"},]}",
        "{\"runs\":[{\"first\":\"1\",\"count\":0,\"step\":\"1\"}]}",
        "{\"runs\":[{\"first\":\"1\",\"count\":3,\"step\":\"0\"}]}",
        "{\"runs\":[{\"first\":\"1\",\"count\":2,\"step\":\"1\"}]}",
        "{\"runs\":[{\"first\":\"1\",\"count\":4,\"step\":\"1\"}]}",
        "{\"runs\":[{\"first\":\"1\",\"count\":4294967299,\"step\":\"1\"}]}",
        "{\"runs\":[{\"first\":\"9223372036854775806\",\"count\":3,\"step\":\"1\"}]}",
        "{\"ids\":[\"1\",\"2\",\"3\"]}",
    };
    struct taken taken;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        cr_assert_not_null(json_id(ids[i], &taken), "%s", ids[i]);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        cr_assert_not_null(json_runs(runs[i], 3, &taken), "%s", runs[i]);
}

Test(reply, what_came_before_a_fault_is_handed_on)
{
    struct taken taken;
    cr_assert_not_null(json_runs("{\"runs\":[{\"first\":\"1\",\"count\":2,\"step\":\"1\"},"
                                 "{\"first\":\"5\",\"count\":9,\"step\":\"1\"}]}",
                                 4, &taken));
    cr_assert_eq(taken.count, 1);
}

/* A Run of the three numbers, which are below 128. */
#define RUN(first, count, step) 0x0a, 6, 0x08, first, 0x10, count, 0x18, step

#define PB_RUNS(taken, wanted, ...)                                                                            \
    read_with(ord_reply_pb_runs, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__}, wanted, \
              taken)

Test(reply, fields_of_newer_servers_are_passed_over)
{
    struct taken taken;
    cr_assert_null(PB_RUNS(&taken, 2, 0x78, 0x96, 0x01, 0x31, 1, 2, 3, 4, 5, 6, 7, 8, RUN(7, 2, 1), 0x2a, 2, 9,
                           9, 0x35, 1, 2, 3, 4));
    expect_run(&taken, 0, 7, 1, 2);
}

Test(reply, what_is_not_the_message_is_told)
{
    struct taken taken;
    cr_assert_not_null(PB_RUNS(&taken, 2, RUN(7, 2, 1), RUN(9, 1, 1)), "too many");
    cr_assert_not_null(PB_RUNS(&taken, 3, RUN(7, 2, 1)), "too few");
    cr_assert_not_null(PB_RUNS(&taken, 2, RUN(7, 2, 0)), "no step");
    cr_assert_not_null(PB_RUNS(&taken, 1, 0x0a, 0), "an empty run");
    cr_assert_not_null(PB_RUNS(&taken, 1, 0x0a, 0x7f, 1), "a run that ends too early");
    cr_assert_not_null(PB_RUNS(&taken, 1, 0x0b), "a group");
    cr_assert_not_null(PB_RUNS(&taken, 1, 0x80), "a key that does not end");
    cr_assert_not_null(
        PB_RUNS(&taken, 1, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
        "a number of eleven bytes");
}

/* Each reply cut off at each byte, and each with each byte changed: read within bounds, and never more IDs than
 * were asked for. */
Test(reply, mangled_replies_are_read_within_bounds)
{
    struct ord_place place = place_of("default");
    struct ord_ids ids = {.place = &place, .first = 123456789, .count = 9000, .tag = 0};
    uint8_t bytes[256];
    size_t size = ord_pb_ids_size(&ids);
    struct text text = {.size = 0};
    struct taken taken;
    ord_pb_ids_write(&ids, bytes, size);
    ord_ids_write(&ids, ORD_FORM_RUNS_JSON, ORD_DECIMAL, append, &text);
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_not_null(read_with(ord_reply_pb_runs, bytes, cut, 9000, &taken), "cut at %zu", cut);
    for (size_t cut = 0; cut < text.size; cut++)
        cr_assert_not_null(read_with(ord_reply_json_runs, text.bytes, cut, 9000, &taken), "cut at %zu", cut);
    for (size_t at = 0; at < size; at++)
        for (int value = 0; value < 256; value++) {
            uint8_t copy[256];
            memcpy(copy, bytes, size);
            copy[at] = (uint8_t)value;
            read_with(ord_reply_pb_runs, copy, size, 9000, &taken);
            uint64_t sum = 0;
            for (size_t i = 0; i < taken.count; i++)
                sum += taken.runs[i].count;
            cr_assert_leq(sum, 9000);
        }
}
