#include "wire/ids.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ordinal/v1/ids.pb-c.h"

static const char *const form_names[] = {
    [ORD_FORM_ID_JSON] = "id json",   [ORD_FORM_IDS_JSON] = "ids json",   [ORD_FORM_RUNS_JSON] = "runs json",
    [ORD_FORM_IDS_TEXT] = "ids text", [ORD_FORM_RUNS_TEXT] = "runs text",
};

static struct ord_place place_of(const char *fields, uint32_t node, uint32_t worker, uint32_t workers)
{
    struct ord_error error = {0};
    struct ord_layout layout;
    struct ord_place place;
    cr_assert_eq(ord_layout_parse(fields, NULL, NULL, &layout, &error), ORD_OK, "%s", error.text);
    cr_assert_eq(ord_place_init(&place, &layout, node, worker, workers, &error), ORD_OK, "%s", error.text);
    return place;
}

/* What a sink was given. */
struct text {
    char *bytes;
    size_t size, room;
    int pieces;
};

static void append(void *context, const char *bytes, size_t size)
{
    struct text *text = context;
    if (text->size + size >= text->room) {
        text->room = 2 * (text->size + size) + 1;
        text->bytes = realloc(text->bytes, text->room);
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    text->pieces++;
}

static struct text written(const struct ord_ids *ids, enum ord_ids_form form, enum ord_id_format format)
{
    struct text text = {.bytes = calloc(1, 1), .room = 1};
    ord_ids_write(ids, form, format, append, &text);
    return text;
}

static void writes(const struct ord_ids *ids, enum ord_ids_form form, enum ord_id_format format,
                   const char *expected)
{
    struct text text = written(ids, form, format);
    cr_assert_str_eq(text.bytes, expected, "%s in %s is %s, not %s", form_names[form],
                     ord_id_format_name(format), text.bytes, expected);
    cr_assert_eq(ord_ids_length(ids, form, format), strlen(expected), "%s in %s", form_names[form],
                 ord_id_format_name(format));
    free(text.bytes);
}

/* Without a node an ID is its slot number. */
#define PLAIN "tick:39,sequence:24"

Test(ids, one_id)
{
    struct ord_place place = place_of(PLAIN, 0, 0, 1);
    struct ord_ids ids = {.place = &place, .first = 42, .count = 1};
    writes(&ids, ORD_FORM_ID_JSON, ORD_DECIMAL, "{\"id\":\"42\"}");
    writes(&ids, ORD_FORM_ID_JSON, ORD_HEX, "{\"id\":\"000000000000002a\"}");
    writes(&ids, ORD_FORM_ID_JSON, ORD_BASE32, "{\"id\":\"000000000001A\"}");
    writes(&ids, ORD_FORM_ID_JSON, ORD_BASE62, "{\"id\":\"0000000000g\"}");
    writes(&ids, ORD_FORM_IDS_JSON, ORD_DECIMAL, "{\"ids\":[\"42\"]}");
    writes(&ids, ORD_FORM_IDS_TEXT, ORD_DECIMAL, "42\n");
    writes(&ids, ORD_FORM_RUNS_JSON, ORD_DECIMAL, "{\"runs\":[{\"first\":\"42\",\"count\":1,\"step\":\"1\"}]}");
    writes(&ids, ORD_FORM_RUNS_TEXT, ORD_DECIMAL, "42 1 1\n");
}

Test(ids, several_ids_and_runs)
{
    struct ord_place place = place_of("tick:40,sequence:2,node:3,tag:2", 5, 0, 1);
    struct ord_ids ids = {.place = &place, .first = 3, .count = 3, .tag = 1};
    /* slots 3 | 4 5: tick 0 sequence 3, tick 1 sequence 0 and 1; 101 01 below */
    writes(&ids, ORD_FORM_IDS_JSON, ORD_DECIMAL, "{\"ids\":[\"117\",\"149\",\"181\"]}");
    writes(&ids, ORD_FORM_IDS_TEXT, ORD_DECIMAL, "117\n149\n181\n");
    writes(&ids, ORD_FORM_RUNS_TEXT, ORD_DECIMAL, "117 1 32\n149 2 32\n");
    writes(&ids, ORD_FORM_RUNS_JSON, ORD_HEX,
           "{\"runs\":[{\"first\":\"0000000000000075\",\"count\":1,\"step\":\"32\"},"
           "{\"first\":\"0000000000000095\",\"count\":2,\"step\":\"32\"}]}");
}

Test(ids, nothing_is_nothing)
{
    struct ord_place place = place_of(PLAIN, 0, 0, 1);
    struct ord_ids ids = {.place = &place, .first = 42, .count = 0};
    writes(&ids, ORD_FORM_IDS_JSON, ORD_DECIMAL, "{\"ids\":[]}");
    writes(&ids, ORD_FORM_RUNS_JSON, ORD_DECIMAL, "{\"runs\":[]}");
    writes(&ids, ORD_FORM_IDS_TEXT, ORD_DECIMAL, "");
    writes(&ids, ORD_FORM_RUNS_TEXT, ORD_DECIMAL, "");
    cr_assert_eq(ord_pb_ids_size(&ids), 0);
}

/* The text of IDs one by one, formed the long way. */
static char *plainly(const struct ord_ids *ids, bool json, enum ord_id_format format)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs(json ? "{\"ids\":[" : "", out);
    for (uint32_t i = 0; i < ids->count; i++) {
        int64_t id = ord_place_id(ids->place, ids->first + i, ids->tag);
        char digits[ORD_ID_TEXT_MAX];
        int length = (int)ord_id_write(id, format, digits);
        fprintf(out, json ? "%s\"%.*s\"" : "%s%.*s\n", json && i > 0 ? "," : "", length, digits);
    }
    fputs(json ? "]}" : "", out);
    fclose(out);
    return text;
}

static void agrees(const struct ord_ids *ids)
{
    for (int form = ORD_FORM_IDS_JSON; form <= ORD_FORM_RUNS_TEXT; form++)
        for (int format = 0; format < ORD_ID_FORMATS; format++) {
            struct text text = written(ids, form, format);
            size_t length = ord_ids_length(ids, form, format);
            cr_assert_eq(length, text.size,
                         "%s in %s: %" PRIu32 " from slot %" PRIu64 ": %zu said, %zu written", form_names[form],
                         ord_id_format_name(format), ids->count, ids->first, length, text.size);
            if (form == ORD_FORM_IDS_JSON || form == ORD_FORM_IDS_TEXT) {
                char *expected = plainly(ids, form == ORD_FORM_IDS_JSON, format);
                cr_assert(strcmp(text.bytes, expected) == 0, "%s in %s: %" PRIu32 " from slot %" PRIu64,
                          form_names[form], ord_id_format_name(format), ids->count, ids->first);
                free(expected);
            }
            free(text.bytes);
        }
}

static const char *const shapes[] = {
    PLAIN,
    "default",
    "instagram",
    "sonyflake",
    "js53",
    "tick:40,node:10,sequence:10,tag:3",
    "tick:40,sequence:1,node:22",
    "tick:39,sequence:4,node:10,tag:10",
};

Test(ids, length_is_what_is_written_for_many_shapes)
{
    static const uint32_t counts[] = {1, 2, 9, 10, 11, 99, 1000, 4097, 12345};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct ord_place place = place_of(shapes[s], s > 0 ? 3 : 0, 0, 1);
        struct ord_ids ids = {.place = &place, .tag = place.layout.bits[ORD_TAG] ? 5 : 0};
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (uint64_t first = 0; first < UINT64_C(1) << 38; first = first * 37 + 8) {
                ids.first = first;
                ids.count = counts[c];
                agrees(&ids);
            }
    }
}

Test(ids, length_is_what_is_written_around_powers_of_ten)
{
    struct ord_place place = place_of(PLAIN, 0, 0, 1);
    uint64_t power = 1;
    for (int digits = 1; digits <= 19; digits++, power *= 10)
        for (uint64_t before = 0; before <= 3 && before <= power; before++)
            for (uint32_t count = 1; count <= 5; count++) {
                struct ord_ids ids = {.place = &place, .first = power - before, .count = count};
                agrees(&ids);
            }
}

Test(ids, length_is_what_is_written_up_to_the_last_id)
{
    struct ord_place place = place_of(PLAIN, 0, 0, 1);
    for (uint32_t count = 1; count <= 10; count++) {
        struct ord_ids ids = {.place = &place, .first = (UINT64_C(1) << 63) - count, .count = count};
        agrees(&ids);
    }
}

Test(ids, a_worker_writes_its_own_share)
{
    for (uint32_t worker = 0; worker < 3; worker++) {
        struct ord_place place = place_of("default", 1023, worker, 3);
        struct ord_ids ids = {
            .place = &place, .first = UINT64_C(123456789) * place.slots_per_tick + 7, .count = 5000};
        agrees(&ids);
    }
}

Test(ids, a_million)
{
    for (size_t s = 0; s < 2; s++) {
        struct ord_place place = place_of(shapes[s], 0, 0, 1);
        struct ord_ids ids = {.place = &place, .first = 0, .count = 1000000};
        for (int format = 0; format < ORD_ID_FORMATS; format++) {
            struct text text = written(&ids, ORD_FORM_IDS_TEXT, format);
            char *expected = plainly(&ids, false, format);
            cr_assert_eq(text.size, ord_ids_length(&ids, ORD_FORM_IDS_TEXT, format), "%s in %s", shapes[s],
                         ord_id_format_name(format));
            cr_assert(strcmp(text.bytes, expected) == 0, "%s in %s", shapes[s], ord_id_format_name(format));
            cr_assert(text.pieces <= (int)(text.size / 4000 + 1), "%d pieces for %zu bytes", text.pieces,
                      text.size);
            free(expected);
            free(text.bytes);
        }
    }
}

/* Protobuf is checked against the other library's reading of it. */

Test(protobuf, an_id_is_a_message)
{
    static const int64_t ids[] = {0, 1, 127, 128, INT64_C(1) << 62, INT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        uint8_t bytes[ORD_PB_ID_MAX];
        size_t size = ord_pb_id_write(ids[i], bytes);
        Ordinal__V1__GetIdResponse *reply = ordinal__v1__get_id_response__unpack(NULL, size, bytes);
        cr_assert_not_null(reply, "%" PRId64, ids[i]);
        cr_assert_eq(reply->id, ids[i], "%" PRId64 " came back as %" PRId64, ids[i], reply->id);
        ordinal__v1__get_id_response__free_unpacked(reply, NULL);
    }
}

static void encodes(const struct ord_ids *ids)
{
    size_t size = ord_pb_ids_size(ids);
    uint8_t *bytes = malloc(size + 1);
    bytes[size] = 0xa5;
    ord_pb_ids_write(ids, bytes, size);
    cr_assert_eq(bytes[size], 0xa5, "written past the end");

    Ordinal__V1__GetIdsResponse *reply = ordinal__v1__get_ids_response__unpack(NULL, size, bytes);
    Ordinal__V1__StreamIdsResponse *streamed = ordinal__v1__stream_ids_response__unpack(NULL, size, bytes);
    cr_assert(reply && streamed, "cannot be read");
    cr_assert_eq(streamed->n_runs, reply->n_runs);
    uint64_t slot = ids->first;
    for (size_t r = 0; r < reply->n_runs; r++)
        for (uint32_t i = 0; i < reply->runs[r]->count; i++, slot++) {
            int64_t id = reply->runs[r]->first + i * reply->runs[r]->step;
            cr_assert_eq(id, ord_place_id(ids->place, slot, ids->tag), "slot %" PRIu64 " is %" PRId64, slot,
                         id);
        }
    cr_assert_eq(slot, ids->first + ids->count);
    ordinal__v1__get_ids_response__free_unpacked(reply, NULL);
    ordinal__v1__stream_ids_response__free_unpacked(streamed, NULL);
    free(bytes);
}

Test(protobuf, claims_of_many_shapes)
{
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct ord_place place = place_of(shapes[s], s > 0 ? 3 : 0, 0, 1);
        struct ord_ids ids = {.place = &place, .tag = place.layout.bits[ORD_TAG] ? 5 : 0};
        for (ids.count = 1; ids.count < 20000; ids.count = ids.count * 5 + 2)
            for (ids.first = 0; ids.first < UINT64_C(1) << 38; ids.first = ids.first * 37 + 8)
                encodes(&ids);
    }
}

Test(protobuf, a_million_ids_are_a_few_kilobytes)
{
    struct ord_place place = place_of("default", 1023, 0, 1);
    struct ord_ids ids = {.place = &place, .first = UINT64_C(1) << 50, .count = 1000000};
    encodes(&ids);
    cr_assert(ord_pb_ids_size(&ids) < 8192, "%zu bytes", ord_pb_ids_size(&ids));
}

Test(protobuf, requests_are_read)
{
    Ordinal__V1__GetIdsRequest get = ORDINAL__V1__GET_IDS_REQUEST__INIT;
    Ordinal__V1__StreamIdsRequest stream = ORDINAL__V1__STREAM_IDS_REQUEST__INIT;
    get.count = stream.count = UINT32_MAX;
    get.tag = stream.tag = 7;
    stream.max_wait_ms = 250;
    uint8_t bytes[64];
    struct ord_ids_request request = {1, 1, 1};

    size_t size = ordinal__v1__get_ids_request__pack(&get, bytes);
    cr_assert_eq(ord_pb_get_ids_read(bytes, size, &request, NULL), ORD_OK);
    cr_assert(request.count == UINT32_MAX && request.tag == 7 && request.max_wait_ms == 0);

    size = ordinal__v1__stream_ids_request__pack(&stream, bytes);
    cr_assert_eq(ord_pb_stream_ids_read(bytes, size, &request, NULL), ORD_OK);
    cr_assert(request.count == UINT32_MAX && request.tag == 7 && request.max_wait_ms == 250);
}

Test(protobuf, request_ids_are_read)
{
    char text[ORD_REQUEST_KEY_MAX + 2];
    memset(text, 'k', sizeof text);
    uint8_t bytes[256];
    struct ord_error error = {0};
    struct ord_ids_request request = {.request_id = "before"};
    Ordinal__V1__GetIdsRequest get = ORDINAL__V1__GET_IDS_REQUEST__INIT;
    get.request_id = text;

    text[ORD_REQUEST_KEY_MAX] = '\0';
    size_t size = ordinal__v1__get_ids_request__pack(&get, bytes);
    cr_assert_eq(ord_pb_get_ids_read(bytes, size, &request, &error), ORD_OK, "%s", error.text);
    cr_assert_str_eq(request.request_id, text);
    cr_assert_eq(ord_pb_get_ids_read(bytes, 0, &request, &error), ORD_OK);
    cr_assert_str_eq(request.request_id, "");

    text[ORD_REQUEST_KEY_MAX] = 'k';
    text[ORD_REQUEST_KEY_MAX + 1] = '\0';
    size = ordinal__v1__get_ids_request__pack(&get, bytes);
    cr_assert_eq(ord_pb_get_ids_read(bytes, size, &request, &error), ORD_INVALID_ARGUMENT);
    cr_assert(strstr(error.text, "request_id: it is too long"), "%s", error.text);
    cr_assert_eq(ord_pb_get_ids_read((const uint8_t *)"\x1a\x03"
                                                      "a\0b",
                                     5, &request, &error),
                 ORD_INVALID_ARGUMENT);
    cr_assert(strstr(error.text, "request_id: it has a zero"), "%s", error.text);
}

Test(protobuf, an_empty_request_is_all_zero)
{
    struct ord_ids_request request = {1, 1, 1};
    cr_assert_eq(ord_pb_get_ids_read(NULL, 0, &request, NULL), ORD_OK);
    cr_assert(request.count == 0 && request.tag == 0 && request.max_wait_ms == 0);
    request = (struct ord_ids_request){1, 1, 1};
    cr_assert_eq(ord_pb_stream_ids_read((const uint8_t *)"", 0, &request, NULL), ORD_OK);
    cr_assert(request.count == 0 && request.tag == 0 && request.max_wait_ms == 0);
}

Test(protobuf, unknown_fields_are_skipped)
{
    static const uint8_t bytes[] = {0x08, 0x05, 0x7a, 0x02, 'h', 'i', 0x78, 0x01, 0x10, 0x03};
    struct ord_ids_request request;
    cr_assert_eq(ord_pb_get_ids_read(bytes, sizeof bytes, &request, NULL), ORD_OK);
    cr_assert(request.count == 5 && request.tag == 3, "%u %u", request.count, request.tag);
}

static void is_refused(const void *bytes, size_t size)
{
    struct ord_ids_request request = {1, 2, 3};
    struct ord_error error = {0};
    cr_assert_eq(ord_pb_get_ids_read(bytes, size, &request, &error), ORD_INVALID_ARGUMENT, "%zu bytes", size);
    cr_assert_eq(strncmp(error.text, "not a GetIdsRequest: ", 21), 0, "%s", error.text);
    cr_assert_eq(ord_pb_stream_ids_read(bytes, size, &request, &error), ORD_INVALID_ARGUMENT, "%zu bytes",
                 size);
    cr_assert_eq(strncmp(error.text, "not a StreamIdsRequest: ", 24), 0, "%s", error.text);
    cr_assert(request.count == 1 && request.tag == 2 && request.max_wait_ms == 3, "was touched");
}

Test(protobuf, what_is_not_a_request_is_refused)
{
    is_refused("\x08", 1);                                              /* a field without a value */
    is_refused("\x08\x80", 2);                                          /* a number without an end */
    is_refused("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12); /* a number of more than 64 bits */
    is_refused("\x08\x80\x80\x80\x80\x10", 6);                          /* 2^32 for a uint32 */
    is_refused("\x0a\x01\x05", 3);                                      /* a string for a number */
    is_refused("\x7a\x05hi", 4);                                        /* a string without an end */
    is_refused("\x0f\x01", 2);                                          /* no such wire type */
    is_refused("hello", 5);
}
