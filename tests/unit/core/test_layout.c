#include <criterion/criterion.h>
#include <string.h>

#include "base/time.h"
#include "core/layout.h"

static struct ord_layout parsed(const char *fields)
{
    struct ord_layout layout;
    struct ord_error error = {0};
    cr_assert_eq(ord_layout_parse(fields, NULL, NULL, &layout, &error), ORD_OK, "%s: %s", fields, error.text);
    return layout;
}

static struct ord_place placed(const char *fields, uint32_t node, uint32_t worker, uint32_t workers)
{
    struct ord_layout layout = parsed(fields);
    struct ord_place place;
    struct ord_error error = {0};
    cr_assert_eq(ord_place_init(&place, &layout, node, worker, workers, &error), ORD_OK, "%s", error.text);
    return place;
}

Test(layout, presets_say_what_they_are)
{
    static const struct {
        const char *name, *fields, *unit, *epoch, *end;
    } rows[] = {
        {"default", "tick:41,node:10,sequence:12", "1ms", "2026-01-01T00:00:00.000Z",
         "2095-09-07T15:47:35.552Z"},
        {"twitter", "tick:41,node:10,sequence:12", "1ms", "2010-11-04T01:42:54.657Z",
         "2080-07-10T17:30:30.209Z"},
        {"discord", "tick:41,node:10,sequence:12", "1ms", "2015-01-01T00:00:00.000Z",
         "2084-09-06T15:47:35.552Z"},
        {"instagram", "tick:40,node:13,sequence:10", "1ms", "2011-08-24T21:07:01.721Z",
         "2046-06-27T17:00:49.497Z"},
        {"sonyflake", "tick:39,sequence:8,node:16", "10ms", "2014-09-01T00:00:00.000Z",
         "2188-11-16T03:28:58.880Z"},
        {"js53", "tick:41,node:4,sequence:8", "1ms", "2026-01-01T00:00:00.000Z", "2095-09-07T15:47:35.552Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ord_layout layout = parsed(rows[i].name);
        char fields[ORD_LAYOUT_TEXT_MAX], unit[ORD_LAYOUT_TEXT_MAX], epoch[ORD_RFC3339_MAX],
            end[ORD_RFC3339_MAX];
        ord_layout_fields_text(&layout, fields);
        ord_layout_unit_text(&layout, unit);
        ord_rfc3339_format(layout.epoch_us, 3, epoch);
        ord_rfc3339_format(ord_layout_end_us(&layout), 3, end);
        cr_expect_str_eq(layout.name, rows[i].name);
        cr_expect_str_eq(fields, rows[i].fields, "%s: %s", rows[i].name, fields);
        cr_expect_str_eq(unit, rows[i].unit, "%s: %s", rows[i].name, unit);
        cr_expect_str_eq(epoch, rows[i].epoch, "%s: %s", rows[i].name, epoch);
        cr_expect_str_eq(end, rows[i].end, "%s: %s", rows[i].name, end);
        cr_expect(strstr(ord_layout_presets(), rows[i].name));
    }
}

Test(layout, an_id_of_twitter_reads_as_published)
{
    struct ord_layout layout = parsed("twitter");
    struct ord_parts parts;
    cr_assert_eq(ord_layout_decode(&layout, 1541815603606036480, &parts, NULL), ORD_OK);
    cr_expect_eq(ord_layout_time_of(&layout, parts.tick) / 1000, 1656432460105);
    cr_expect_eq(parts.node, 378);
    cr_expect_eq(parts.sequence, 0);
}

Test(layout, js53_stays_below_2_to_53)
{
    struct ord_place place = placed("js53", 15, 0, 1);
    uint64_t last = (UINT64_C(1) << 41) * place.slots_per_tick - 1;
    cr_expect_eq(ord_place_id(&place, last, 0), (INT64_C(1) << 53) - 1);
}

Test(layout, overriding_a_preset_makes_it_custom)
{
    struct ord_layout layout;
    cr_assert_eq(ord_layout_parse("default", "2020-01-01T00:00:00Z", "", &layout, NULL), ORD_OK);
    cr_expect_str_eq(layout.name, "custom");
    cr_expect_eq(layout.epoch_us, INT64_C(1577836800000000));
    cr_assert_eq(ord_layout_parse("default", "", "10ms", &layout, NULL), ORD_OK);
    cr_expect_str_eq(layout.name, "custom");
    cr_expect_eq(layout.unit_us, 10000);
    cr_assert_eq(ord_layout_parse("default", "2026-01-01T00:00:00Z", "1ms", &layout, NULL), ORD_OK);
    cr_expect_str_eq(layout.name, "default");
}

Test(layout, bad_layouts_are_refused_with_the_reason)
{
    static const struct {
        const char *fields, *epoch, *unit;
        enum ord_code code;
        const char *says;
    } rows[] = {
        {"", NULL, NULL, ORD_INVALID_ARGUMENT, "neither a preset"},
        {"snow", NULL, NULL, ORD_INVALID_ARGUMENT, "default, twitter"},
        {"tick,node:10,sequence:12", NULL, NULL, ORD_INVALID_ARGUMENT, "neither a preset"},
        {"tick41,node:10", NULL, NULL, ORD_INVALID_ARGUMENT, "tick:41,node:10,sequence:12"},
        {"tick:41,tick:10", NULL, NULL, ORD_INVALID_ARGUMENT, "tick is given twice"},
        {"tick:41,sequence:x", NULL, NULL, ORD_OUT_OF_RANGE, "sequence has x bits; allowed 1 to 24"},
        {"tick:41,sequence:0", NULL, NULL, ORD_OUT_OF_RANGE, "sequence has 0 bits"},
        {"tick:41,node:0,sequence:8", NULL, NULL, ORD_OUT_OF_RANGE, "node has 0 bits; allowed 1 to 24"},
        {"tick:41,sequence:1000", NULL, NULL, ORD_OUT_OF_RANGE, "sequence has 1000 bits"},
        {"tick:41,node:25,sequence:8", NULL, NULL, ORD_OUT_OF_RANGE, "node has 25 bits; allowed 1 to 24"},
        {"tick:15,sequence:8", NULL, NULL, ORD_OUT_OF_RANGE, "tick has 15 bits; allowed 16 to 56"},
        {"tick:41,sequence:12x", NULL, NULL, ORD_INVALID_ARGUMENT, "cannot be read from \"x\" on"},
        {"tick:41,sequence:12,", NULL, NULL, ORD_INVALID_ARGUMENT, "cannot be read from \",\" on"},
        {"tick:41,node:10", NULL, NULL, ORD_INVALID_ARGUMENT, "has no sequence"},
        {"node:10,tick:41,sequence:12", NULL, NULL, ORD_INVALID_ARGUMENT, "does not start with the tick"},
        {"tick:41,node:11,sequence:12", NULL, NULL, ORD_OUT_OF_RANGE, "has 64 bits; allowed up to 63"},
        {"tick:41,tag:4,sequence:12", NULL, NULL, ORD_INVALID_ARGUMENT, "tag above the sequence"},
        {"tick:56,sequence:4", NULL, NULL, ORD_OUT_OF_RANGE, "end after the year 9999"},
        {"default", "yesterday", NULL, ORD_INVALID_ARGUMENT, "\"yesterday\" is not an RFC 3339 time"},
        {"default", NULL, "1m", ORD_OUT_OF_RANGE, "\"1m\" is not a time unit; allowed 1us to 1s"},
        {"default", NULL, "0ms", ORD_OUT_OF_RANGE, "\"0ms\" is not a time unit; allowed 1us to 1s"},
        {"default", NULL, "ms", ORD_OUT_OF_RANGE, "\"ms\" is not a time unit; allowed 1us to 1s"},
        {"default", NULL, "2s", ORD_OUT_OF_RANGE, "\"2s\" is not a time unit; allowed 1us to 1s"},
        {"default", NULL, "1001ms", ORD_OUT_OF_RANGE, "not a time unit"},
        {"default", NULL, "123456789us", ORD_OUT_OF_RANGE, "not a time unit"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ord_layout layout = {.name = "untouched"};
        struct ord_error error = {0};
        enum ord_code code = ord_layout_parse(rows[i].fields, rows[i].epoch, rows[i].unit, &layout, &error);
        cr_expect_eq(code, rows[i].code, "%s: code %d: %s", rows[i].fields, code, error.text);
        cr_expect(strstr(error.text, rows[i].says), "%s: %s", rows[i].fields, error.text);
        cr_expect_str_eq(layout.name, "untouched");
    }
}

Test(layout, units_are_written_as_they_are_read)
{
    static const char *const units[] = {"1us", "100us", "1ms", "10ms", "1s"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct ord_layout layout;
        char text[ORD_LAYOUT_TEXT_MAX];
        cr_assert_eq(ord_layout_parse("tick:39,sequence:8", NULL, units[i], &layout, NULL),
                     strcmp(units[i], "1s") ? ORD_OK : ORD_OUT_OF_RANGE);
        if (strcmp(units[i], "1s") == 0)
            cr_assert_eq(ord_layout_parse("tick:32,sequence:8", NULL, units[i], &layout, NULL), ORD_OK);
        ord_layout_unit_text(&layout, text);
        cr_expect_str_eq(text, units[i]);
    }
}

Test(layout, one_line_tells_layouts_apart)
{
    char a[ORD_LAYOUT_TEXT_MAX], b[ORD_LAYOUT_TEXT_MAX];
    struct ord_layout layout = parsed("default");
    ord_layout_text(&layout, a);
    cr_expect_str_eq(a, "tick:41,node:10,sequence:12 of 1ms from 2026-01-01T00:00:00.000000Z");
    layout.epoch_us++;
    ord_layout_text(&layout, b);
    cr_expect_str_neq(a, b);
}

Test(layout, times_outside_have_no_tick)
{
    struct ord_layout layout = parsed("default");
    uint64_t tick = 77;
    struct ord_error error;
    cr_expect_eq(ord_layout_tick_at(&layout, layout.epoch_us - 1, &tick, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(error.text, "2025-12-31T23:59:59.999Z lies outside of the layout's time, "
                                 "2026-01-01T00:00:00.000Z to 2095-09-07T15:47:35.552Z");
    cr_expect_eq(ord_layout_tick_at(&layout, ord_layout_end_us(&layout), &tick, NULL), ORD_OUT_OF_RANGE);
    cr_expect_eq(ord_layout_tick_at(&layout, INT64_MAX, &tick, &error), ORD_OUT_OF_RANGE);
    cr_expect_eq(ord_layout_tick_at(&layout, INT64_MIN, &tick, &error), ORD_OUT_OF_RANGE);
    cr_expect_eq(tick, 77);
    cr_expect_eq(ord_layout_tick_at(&layout, layout.epoch_us + 999, &tick, NULL), ORD_OK);
    cr_expect_eq(tick, 0);
    cr_expect_eq(ord_layout_tick_at(&layout, ord_layout_end_us(&layout) - 1, &tick, NULL), ORD_OK);
    cr_expect_eq(tick, (UINT64_C(1) << 41) - 1);
}

Test(layout, ids_come_apart_as_they_were_put_together)
{
    static const char *const layouts[] = {"default",
                                          "sonyflake",
                                          "js53",
                                          "tick:41,node:10,sequence:8,tag:4",
                                          "tick:40,sequence:12,tag:3,node:8",
                                          "tick:41,sequence:22"};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct ord_layout layout = parsed(layouts[i]);
        uint32_t node = (uint32_t)ord_layout_values(&layout, ORD_NODE) - 1;
        uint32_t tag = (uint32_t)ord_layout_values(&layout, ORD_TAG) - 1;
        struct ord_place place = placed(layouts[i], node, 0, 1);
        uint64_t slot = 123456789 * (uint64_t)place.slots_per_tick + place.slots_per_tick - 1;
        struct ord_parts parts;
        cr_assert_eq(ord_layout_decode(&layout, ord_place_id(&place, slot, tag), &parts, NULL), ORD_OK);
        cr_expect_eq(parts.tick, 123456789, "%s", layouts[i]);
        cr_expect_eq(parts.node, node, "%s", layouts[i]);
        cr_expect_eq(parts.sequence, place.slots_per_tick - 1, "%s", layouts[i]);
        cr_expect_eq(parts.tag, tag, "%s", layouts[i]);
    }
}

Test(layout, what_is_no_id_of_the_layout_is_refused)
{
    struct ord_layout layout = parsed("js53");
    struct ord_parts parts = {.tick = 7};
    struct ord_error error;
    cr_expect_eq(ord_layout_decode(&layout, -1, &parts, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(error.text, "id: -1 is out of range; allowed 0 to 9007199254740991");
    cr_expect_eq(ord_layout_decode(&layout, INT64_C(1) << 53, &parts, NULL), ORD_OUT_OF_RANGE);
    cr_expect_eq(parts.tick, 7);
    cr_expect_eq(ord_layout_decode(&layout, (INT64_C(1) << 53) - 1, &parts, NULL), ORD_OK);

    layout = parsed("default");
    cr_expect_eq(ord_layout_decode(&layout, INT64_MAX, &parts, NULL), ORD_OK);
    cr_expect_eq(ord_layout_decode(&layout, INT64_MIN, &parts, NULL), ORD_OUT_OF_RANGE);
}

Test(layout, bounds_hold_every_id_of_the_span_and_no_other)
{
    static const char *const layouts[] = {"default", "sonyflake", "tick:41,node:10,sequence:8,tag:4"};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct ord_layout layout = parsed(layouts[i]);
        uint32_t node = (uint32_t)ord_layout_values(&layout, ORD_NODE) - 1;
        uint32_t tag = (uint32_t)ord_layout_values(&layout, ORD_TAG) - 1;
        struct ord_place low = placed(layouts[i], 0, 0, 1), high = placed(layouts[i], node, 0, 1);
        int64_t start = ord_layout_time_of(&layout, 1000), end = ord_layout_time_of(&layout, 1003);
        int64_t min, max;
        cr_assert_eq(ord_layout_bounds(&layout, start, end, &min, &max, NULL), ORD_OK);
        cr_expect_eq(min, ord_place_id(&low, 1000 * (uint64_t)low.slots_per_tick, 0), "%s", layouts[i]);
        cr_expect_eq(max, ord_place_id(&high, 1003 * (uint64_t)high.slots_per_tick - 1, tag), "%s", layouts[i]);

        int64_t next_min, next_max;
        cr_assert_eq(ord_layout_bounds(&layout, end, end + 1, &next_min, &next_max, NULL), ORD_OK);
        cr_expect_eq(next_min, max + 1, "%s: spans that touch leave no gap", layouts[i]);
    }
}

Test(layout, bad_spans_are_refused)
{
    struct ord_layout layout = parsed("default");
    int64_t start = layout.epoch_us, min = 7, max = 7;
    struct ord_error error;
    cr_expect_eq(ord_layout_bounds(&layout, start, start, &min, &max, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(error.text, "end: it must lie after start");
    cr_expect_eq(ord_layout_bounds(&layout, start - 1, start + 1, &min, &max, &error), ORD_OUT_OF_RANGE);
    cr_expect(strncmp(error.text, "start: 2025-12-31", 17) == 0, "%s", error.text);
    cr_expect_eq(ord_layout_bounds(&layout, start, ord_layout_end_us(&layout) + 1, &min, &max, &error),
                 ORD_OUT_OF_RANGE);
    cr_expect(strncmp(error.text, "end: 2095", 9) == 0, "%s", error.text);
    cr_expect_eq(min, 7);
    cr_expect_eq(ord_layout_bounds(&layout, start, ord_layout_end_us(&layout), &min, &max, NULL), ORD_OK);
    cr_expect_eq(max, INT64_MAX);
}

Test(layout, fields_are_walked_from_high_to_low)
{
    struct ord_layout layout = parsed("tick:39,sequence:8,node:16");
    cr_expect_eq(ord_layout_field_at(&layout, 0), ORD_TICK);
    cr_expect_eq(ord_layout_field_at(&layout, 1), ORD_SEQUENCE);
    cr_expect_eq(ord_layout_field_at(&layout, 2), ORD_NODE);
    cr_expect_eq(ord_layout_field_at(&layout, 3), ORD_FIELDS);
    cr_expect_str_eq(ord_field_name(ORD_TAG), "tag");
}

/* The ID at a worker's slot has that sequence value, which tells whose it is. */
static void expect_worker(const struct ord_place *place, uint32_t slot, uint32_t sequence)
{
    struct ord_parts parts;
    int64_t id = ord_place_id(place, 7 * (uint64_t)place->slots_per_tick + slot, 0);
    cr_assert_eq(ord_layout_decode(&place->layout, id, &parts, NULL), ORD_OK);
    cr_assert_eq(parts.tick, 7, "worker %u/%u", place->worker, place->workers);
    cr_assert_eq(parts.sequence, sequence, "worker %u/%u", place->worker, place->workers);
    cr_assert_eq(ord_place_worker_of(place, sequence), place->worker, "worker %u/%u", place->worker,
                 place->workers);
}

Test(place, workers_split_the_sequence_without_gap_or_overlap)
{
    static const uint32_t splits[] = {1, 2, 3, 4, 7, 100, 255, 256};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        uint32_t expected = 0;
        for (uint32_t worker = 0; worker < splits[i]; worker++) {
            struct ord_place place = placed("js53", 3, worker, splits[i]);
            cr_assert_eq(place.first_sequence, expected, "worker %u/%u", worker, splits[i]);
            cr_assert_geq(place.slots_per_tick, 1);
            for (uint32_t slot = 0; slot < place.slots_per_tick; slot++)
                expect_worker(&place, slot, expected + slot);
            expected += place.slots_per_tick;
        }
        cr_assert_eq(expected, 256, "%u workers", splits[i]);
    }
}

Test(place, what_does_not_fit_the_layout_is_refused)
{
    static const struct {
        uint32_t node, worker, workers;
        const char *says;
    } rows[] = {
        {16, 0, 1, "node ID 16 is out of range; allowed 0 to 15"},
        {0, 0, 0, "0 workers are out of range; allowed 1 to 256"},
        {0, 0, 257, "257 workers are out of range"},
        {0, 4, 4, "worker 4 of 4 is out of range; allowed 0 to 3"},
    };
    struct ord_layout layout = parsed("js53");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ord_place place = {.node = 99};
        struct ord_error error;
        cr_expect_eq(ord_place_init(&place, &layout, rows[i].node, rows[i].worker, rows[i].workers, &error),
                     ORD_OUT_OF_RANGE);
        cr_expect(strstr(error.text, rows[i].says), "%s", error.text);
        cr_expect_eq(place.node, 99);
    }
}

Test(runs, cover_a_claim_slot_by_slot_in_order)
{
    static const char *const layouts[] = {"default", "sonyflake", "tick:41,node:4,sequence:3,tag:2"};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct ord_place place = placed(layouts[i], 5, 1, 2);
        uint64_t first = 5000 * (uint64_t)place.slots_per_tick + place.slots_per_tick - 2;
        uint32_t count = 3 * place.slots_per_tick + 1;
        struct ord_ids ids = {.place = &place, .first = first, .count = count, .tag = 0};
        struct ord_run run;
        uint32_t seen = 0, runs = 0;
        while (ord_ids_next_run(&ids, &run) > 0) {
            for (uint32_t k = 0; k < run.count; k++, seen++)
                cr_assert_eq(run.first + k * run.step, ord_place_id(&place, first + seen, 0), "%s: %u",
                             layouts[i], seen);
            runs++;
        }
        cr_expect_eq(seen, count);
        cr_expect_eq(runs, 4, "%s: split at tick edges and nowhere else", layouts[i]);
        run.count = 77;
        cr_expect_eq(ord_ids_next_run(&ids, &run), 0);
        cr_expect_eq(run.count, 77);
    }
}

/* The ID of a time in a layout, with every bit below the tick set or none. */
static int64_t id_at(const struct ord_layout *layout, int64_t time_us, bool highest)
{
    int64_t min, max;
    cr_assert_eq(ord_layout_bounds(layout, time_us, time_us + 1, &min, &max, NULL), ORD_OK);
    return highest ? max : min;
}

Test(layout, the_tick_after_an_id_of_the_same_layout_is_the_next)
{
    static const char *const names[] = {"default", "twitter", "discord", "instagram", "sonyflake", "js53"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ord_layout layout = parsed(names[i]);
        uint64_t of_lowest, of_highest, tick;
        int64_t time_us = ord_layout_time_of(&layout, 123456789);
        int64_t highest = id_at(&layout, time_us, true);
        cr_assert_eq(ord_layout_tick_after(&layout, &layout, id_at(&layout, time_us, false), &of_lowest, NULL),
                     ORD_OK);
        cr_assert_eq(ord_layout_tick_after(&layout, &layout, highest, &of_highest, NULL), ORD_OK);
        cr_expect_eq(of_lowest, 123456790, "%s: %lu", names[i], (unsigned long)of_lowest);
        cr_expect_eq(of_highest, 123456790, "%s: %lu", names[i], (unsigned long)of_highest);
        cr_expect_gt(id_at(&layout, ord_layout_time_of(&layout, of_highest), false), highest, "%s", names[i]);
        cr_assert_eq(ord_layout_tick_after(&layout, &layout, 0, &tick, NULL), ORD_OK);
        cr_expect_eq(tick, 1);
    }
}

Test(layout, the_tick_after_an_id_of_another_layout_starts_when_that_ids_is_over)
{
    struct ord_layout ours = parsed("default"), sonyflake = parsed("sonyflake"), twitter = parsed("twitter");
    struct ord_layout coarse;
    cr_assert_eq(ord_layout_parse("tick:35,sequence:12", NULL, "1s", &coarse, NULL), ORD_OK);
    int64_t time_us = ours.epoch_us + INT64_C(86400) * 1000000;
    uint64_t tick;
    cr_assert_eq(ord_layout_tick_after(&ours, &sonyflake, id_at(&sonyflake, time_us, true), &tick, NULL),
                 ORD_OK);
    cr_expect_eq(tick, 86400010, "ticks of 10 ms: %lu", (unsigned long)tick);
    cr_assert_eq(ord_layout_tick_after(&ours, &twitter, id_at(&twitter, time_us, true), &tick, NULL), ORD_OK);
    cr_expect_eq(tick, 86400001, "its epoch is no whole second: %lu", (unsigned long)tick);
    cr_assert_eq(ord_layout_tick_after(&coarse, &ours, id_at(&ours, time_us, true), &tick, NULL), ORD_OK);
    cr_expect_eq(tick, 86401, "rounded up: %lu", (unsigned long)tick);
    cr_assert_eq(ord_layout_tick_after(&coarse, &ours, id_at(&ours, time_us - 1, true), &tick, NULL), ORD_OK);
    cr_expect_eq(tick, 86400, "over just when it starts: %lu", (unsigned long)tick);
}

Test(layout, no_tick_is_spent_on_an_id_before_the_epoch)
{
    struct ord_layout ours = parsed("default"), twitter = parsed("twitter");
    uint64_t tick = 7;
    cr_assert_eq(ord_layout_tick_after(&ours, &twitter, INT64_C(1541815603606036480), &tick, NULL), ORD_OK);
    cr_expect_eq(tick, 0);
}

Test(layout, there_is_no_tick_after_what_is_no_id_or_at_the_end)
{
    struct ord_layout ours = parsed("default"), sonyflake = parsed("sonyflake"), js53 = parsed("js53");
    struct ord_error error;
    uint64_t tick = 7;
    cr_expect_eq(ord_layout_tick_after(&ours, &js53, INT64_C(1) << 53, &tick, &error), ORD_OUT_OF_RANGE);
    cr_expect_str_eq(error.text, "id: 9007199254740992 is out of range; allowed 0 to 9007199254740991");
    cr_expect_eq(ord_layout_tick_after(&ours, &ours, -1, &tick, &error), ORD_OUT_OF_RANGE);
    cr_expect_eq(ord_layout_tick_after(&ours, &ours, INT64_MAX, &tick, &error), ORD_OUT_OF_RANGE);
    cr_expect_not_null(strstr(error.text, "2095-09-07"), "%s", error.text);
    cr_expect_eq(ord_layout_tick_after(&ours, &sonyflake, INT64_MAX, &tick, &error), ORD_OUT_OF_RANGE);
    cr_expect_eq(tick, 7);

    int64_t last_but_one = id_at(&ours, ord_layout_end_us(&ours) - 1500, true);
    cr_expect_eq(ord_layout_tick_after(&ours, &ours, last_but_one, &tick, &error), ORD_OK);
    cr_expect_eq(tick, (UINT64_C(1) << 41) - 1);
}
