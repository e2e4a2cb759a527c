#include <criterion/criterion.h>
#include <string.h>

#include "store/record.h"

static struct ord_place place_of(const char *fields, uint32_t worker, uint32_t workers)
{
    struct ord_layout layout;
    struct ord_place place;
    cr_assert_eq(ord_layout_parse(fields, NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&place, &layout, 7, worker, workers, NULL), ORD_OK);
    return place;
}

static struct ord_record sample(void)
{
    struct ord_record record = {
        .place = place_of("default", 1, 4),
        .generation = 0x0102030405060708,
        .limit = 0x1112131415161718,
        .clean = true,
        .written_us = 0x2122232425262728,
    };
    for (int i = 0; i < ORD_BOOT_ID_SIZE; i++)
        record.boot_id[i] = (uint8_t)(0xa0 + i);
    return record;
}

/* The format is a promise to later versions: byte for byte. */
Test(record, is_these_bytes)
{
    static const char expected[] = "ORDINALR"
                                   "\1\0\0\0"                         /* version */
                                   "\1\0\0\0"                         /* clean */
                                   "\x08\x07\x06\x05\x04\x03\x02\x01" /* generation */
                                   "\x18\x17\x16\x15\x14\x13\x12\x11" /* limit */
                                   "\7\0\0\0\1\0\0\0\4\0\0\0"         /* node, worker, workers */
                                   "\xe8\x03\0\0"                     /* 1000 us */
                                   "\x00\x40\x20\x46\x48\x47\x06\x00" /* 2026-01-01 */
                                   "\x28\x27\x26\x25\x24\x23\x22\x21" /* written */
                                   "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7" /* boot ID */
                                   "\xa8\xa9\xaa\xab\xac\xad\xae\xaf"
                                   "tick:41,node:10,sequence:12";
    struct ord_record record = sample();
    uint8_t bytes[ORD_RECORD_SIZE];
    memset(bytes, 0xff, sizeof bytes);
    ord_record_encode(&record, bytes);
    for (size_t i = 0; i < sizeof expected; i++)
        cr_expect_eq(bytes[i], (uint8_t)expected[i], "byte %zu is %02x", i, bytes[i]);
    for (size_t i = sizeof expected; i < 144; i++)
        cr_expect_eq(bytes[i], 0, "byte %zu is %02x", i, bytes[i]);
}

Test(record, comes_back_as_it_was)
{
    static const char *const layouts[] = {"default",
                                          "twitter",
                                          "sonyflake",
                                          "js53",
                                          "discord",
                                          "tick:41,node:6,sequence:12,tag:4",
                                          "tick:30,sequence:20,node:4"};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct ord_record record = sample(), back;
        record.place = place_of(layouts[i], 2, 3);
        uint8_t bytes[ORD_RECORD_SIZE];
        ord_record_encode(&record, bytes);
        struct ord_error error = {0};
        cr_assert_eq(ord_record_decode(bytes, sizeof bytes, &back, &error), ORD_OK, "%s: %s", layouts[i],
                     error.text);
        cr_expect(ord_place_counts_alike(&record.place, &back.place), "%s", layouts[i]);
        cr_expect_eq(back.place.node, 7);
        cr_expect_eq(back.place.worker, 2);
        cr_expect_eq(back.place.slots_per_tick, record.place.slots_per_tick);
        cr_expect_eq(back.generation, record.generation);
        cr_expect_eq(back.limit, record.limit);
        cr_expect(back.clean);
        cr_expect_eq(back.written_us, record.written_us);
        cr_expect_arr_eq(back.boot_id, record.boot_id, ORD_BOOT_ID_SIZE);
    }
}

Test(record, every_flipped_bit_is_found)
{
    struct ord_record record = sample(), back = {.generation = 99};
    uint8_t bytes[ORD_RECORD_SIZE];
    ord_record_encode(&record, bytes);
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_expect_eq(ord_record_decode(bytes, sizeof bytes, &back, NULL), ORD_INVALID_ARGUMENT, "bit %zu", bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_expect_eq(back.generation, 99, "it was left alone");
}

static void expect_fault(const uint8_t *bytes, size_t size, const char *text)
{
    struct ord_record back;
    struct ord_error error = {0};
    cr_expect_eq(ord_record_decode(bytes, size, &back, &error), ORD_INVALID_ARGUMENT);
    cr_expect_eq(error.code, ORD_INVALID_ARGUMENT);
    cr_expect_str_eq(error.text, text);
}

Test(record, says_which_check_failed)
{
    struct ord_record record = sample();
    uint8_t bytes[ORD_RECORD_SIZE + 1] = {0};
    ord_record_encode(&record, bytes);
    expect_fault(bytes, ORD_RECORD_SIZE + 1, "it has 149 bytes in place of 148");
    expect_fault(bytes, ORD_RECORD_SIZE - 1, "it has 147 bytes in place of 148");
    expect_fault(bytes, 11, "it does not begin as a reservation does");
    expect_fault(bytes, 0, "it does not begin as a reservation does");
    bytes[100] ^= 1;
    expect_fault(bytes, ORD_RECORD_SIZE, "its checksum is wrong");
    bytes[8] = 2;
    expect_fault(bytes, ORD_RECORD_SIZE, "it is of version 2; this ordinald reads 1");
    bytes[0] = 'X';
    expect_fault(bytes, ORD_RECORD_SIZE, "it does not begin as a reservation does");
}

/* A sound checksum over a layout that cannot be: another program wrote it. */
Test(record, a_layout_that_cannot_be_is_refused)
{
    struct ord_record record = sample();
    uint8_t bytes[ORD_RECORD_SIZE];
    record.place.node = 5000;
    ord_record_encode(&record, bytes);
    expect_fault(bytes, sizeof bytes, "its layout: node ID 5000 is out of range; allowed 0 to 1023");

    record = sample();
    record.place.workers = 0;
    ord_record_encode(&record, bytes);
    expect_fault(bytes, sizeof bytes,
                 "its layout: 0 workers are out of range; allowed 1 to 4096, one for each sequence value");

    record = sample();
    record.place.layout.epoch_us = INT64_MAX;
    ord_record_encode(&record, bytes);
    expect_fault(bytes, sizeof bytes, "it holds no layout");
}

Test(record, split_texts_differ_when_counts_do)
{
    struct ord_place one = place_of("default", 0, 1), four = place_of("default", 3, 4);
    char text[ORD_SPLIT_TEXT_MAX];
    ord_place_split_text(&one, text);
    cr_expect_str_eq(text, "tick:41,node:10,sequence:12 of 1ms from 2026-01-01T00:00:00.000000Z");
    ord_place_split_text(&four, text);
    cr_expect_str_eq(text, "tick:41,node:10,sequence:12 of 1ms from 2026-01-01T00:00:00.000000Z in 4 parts");
    cr_expect_not(ord_place_counts_alike(&one, &four));
    four.worker = 2;
    cr_expect(ord_place_counts_alike(&four, &four));
    struct ord_place other = place_of("twitter", 0, 1);
    cr_expect_not(ord_place_counts_alike(&one, &other), "the epoch differs");
    other = place_of("tick:41,sequence:12,node:10", 0, 1);
    cr_expect_not(ord_place_counts_alike(&one, &other), "the order differs");
    other = place_of("tick:40,node:10,sequence:12", 0, 1);
    cr_expect_not(ord_place_counts_alike(&one, &other), "the tick's width differs, and so the end");
    other = one;
    other.layout.unit_us = 10000;
    cr_expect_not(ord_place_counts_alike(&one, &other), "the unit differs");
}

/* The time of the limit is kept or passed, by less than a tick of the new layout. */
Test(record, limits_are_converted_upward)
{
    static const struct {
        const char *from, *to;
        uint32_t from_workers, to_workers;
    } rows[] = {
        {"default", "sonyflake", 1, 1}, {"sonyflake", "default", 1, 1}, {"default", "default", 4, 1},
        {"default", "default", 1, 3},   {"js53", "twitter", 2, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint64_t extra = 0; extra < 3; extra++) {
            struct ord_place to = place_of(rows[i].to, 0, rows[i].to_workers);
            struct ord_record record = {.place = place_of(rows[i].from, 0, rows[i].from_workers)};
            const struct ord_layout *from = &record.place.layout;
            uint64_t tick, limit = 0;
            cr_assert_eq(ord_layout_tick_at(from, INT64_C(1800000000123457), &tick, NULL), ORD_OK);
            record.limit = tick * record.place.slots_per_tick + extra;
            uint64_t used = tick + (extra > 0);
            cr_assert_eq(ord_record_limit_in(&record, &to, &limit, NULL), ORD_OK);
            int64_t before_us = ord_layout_time_of(from, used);
            int64_t after_us = ord_layout_time_of(&to.layout, limit / to.slots_per_tick);
            cr_expect_eq(limit % to.slots_per_tick, 0);
            cr_expect(after_us >= before_us && after_us < before_us + (int64_t)to.layout.unit_us,
                      "%s to %s: %ld, then %ld", rows[i].from, rows[i].to, (long)before_us, (long)after_us);
        }
}

Test(record, limits_outside_of_the_new_time)
{
    struct ord_place to = place_of("default", 0, 1);
    struct ord_record record = {.place = place_of("twitter", 0, 1)};
    uint64_t limit = 5;
    record.limit = 1000 * record.place.slots_per_tick;
    cr_assert_eq(ord_record_limit_in(&record, &to, &limit, NULL), ORD_OK);
    cr_expect_eq(limit, 0, "long before the epoch of the new layout");

    struct ord_error error;
    record.place = place_of("default", 0, 1);
    record.limit = UINT64_MAX;
    limit = 5;
    struct ord_place early = place_of("twitter", 0, 1);
    cr_expect_eq(ord_record_limit_in(&record, &early, &limit, &error), ORD_OUT_OF_RANGE);
    cr_expect(strstr(error.text, "2080"), "%s", error.text);
    cr_expect_eq(limit, 5);
}
