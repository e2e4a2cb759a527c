#include "store/record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/time.h"
#include "store/encode.h"

#define VERSION 1
#define FLAG_CLEAN 1
#define FIELDS_SIZE 64

static const char magic[8] = {'O', 'R', 'D', 'I', 'N', 'A', 'L', 'R'};

enum offset {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_FLAGS = 12,
    AT_GENERATION = 16,
    AT_LIMIT = 24,
    AT_NODE = 32,
    AT_WORKER = 36,
    AT_WORKERS = 40,
    AT_UNIT = 44,
    AT_EPOCH = 48,
    AT_WRITTEN = 56,
    AT_BOOT_ID = 64,
    AT_FIELDS = 80,
    AT_CRC = AT_FIELDS + FIELDS_SIZE,
};
static_assert(AT_CRC + sizeof(uint32_t) == ORD_RECORD_SIZE, "the header tells the size");
static_assert(AT_BOOT_ID + ORD_BOOT_ID_SIZE == AT_FIELDS, "the header tells the places");

static uint32_t checksum(const uint8_t *bytes)
{
    return (uint32_t)crc32(0, bytes, AT_CRC);
}

void ord_record_encode(const struct ord_record *record, uint8_t ret[ORD_RECORD_SIZE])
{
    const struct ord_place *place = &record->place;
    char fields[ORD_LAYOUT_TEXT_MAX];
    ord_layout_fields_text(&place->layout, fields);

    memset(ret, 0, ORD_RECORD_SIZE);
    memcpy(ret + AT_MAGIC, magic, sizeof magic);
    put32(ret + AT_VERSION, VERSION);
    put32(ret + AT_FLAGS, record->clean ? FLAG_CLEAN : 0);
    put64(ret + AT_GENERATION, record->generation);
    put64(ret + AT_LIMIT, record->limit);
    put32(ret + AT_NODE, place->node);
    put32(ret + AT_WORKER, place->worker);
    put32(ret + AT_WORKERS, place->workers);
    put32(ret + AT_UNIT, place->layout.unit_us);
    put64(ret + AT_EPOCH, (uint64_t)place->layout.epoch_us);
    put64(ret + AT_WRITTEN, (uint64_t)record->written_us);
    memcpy(ret + AT_BOOT_ID, record->boot_id, ORD_BOOT_ID_SIZE);
    memcpy(ret + AT_FIELDS, fields, strnlen(fields, FIELDS_SIZE - 1));
    put32(ret + AT_CRC, checksum(ret));
}

static enum ord_code decode_place(const uint8_t *bytes, struct ord_place *place, struct ord_error *error)
{
    int64_t epoch_us = (int64_t)get64(bytes + AT_EPOCH);
    if (bytes[AT_CRC - 1] != '\0' || epoch_us < ORD_TIME_MIN_US || epoch_us > ORD_TIME_MAX_US)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "it holds no layout");

    char epoch[ORD_RFC3339_MAX], unit[16];
    struct ord_layout layout;
    ord_rfc3339_format(epoch_us, 6, epoch);
    snprintf(unit, sizeof unit, "%" PRIu32 "us", get32(bytes + AT_UNIT));
    enum ord_code code = ord_layout_parse((const char *)bytes + AT_FIELDS, epoch, unit, &layout, error);
    if (code == ORD_OK)
        code = ord_place_init(place, &layout, get32(bytes + AT_NODE), get32(bytes + AT_WORKER),
                              get32(bytes + AT_WORKERS), error);
    if (code == ORD_OK)
        return code;
    ord_wrap(error, "its layout");
    if (error)
        error->code = ORD_INVALID_ARGUMENT;
    return ORD_INVALID_ARGUMENT;
}

enum ord_code ord_record_decode(const void *bytes, size_t size, struct ord_record *ret_record,
                                struct ord_error *error)
{
    const uint8_t *at = bytes;
    if (size < AT_FLAGS || memcmp(at, magic, sizeof magic) != 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "it does not begin as a reservation does");
    if (get32(at + AT_VERSION) != VERSION)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "it is of version %" PRIu32 "; this ordinald reads %d",
                        get32(at + AT_VERSION), VERSION);
    if (size != ORD_RECORD_SIZE)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "it has %zu bytes in place of %d", size, ORD_RECORD_SIZE);
    if (get32(at + AT_CRC) != checksum(at))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "its checksum is wrong");

    struct ord_record record = {
        .generation = get64(at + AT_GENERATION),
        .limit = get64(at + AT_LIMIT),
        .clean = (get32(at + AT_FLAGS) & FLAG_CLEAN) != 0,
        .written_us = (int64_t)get64(at + AT_WRITTEN),
    };
    memcpy(record.boot_id, at + AT_BOOT_ID, ORD_BOOT_ID_SIZE);
    enum ord_code code = decode_place(at, &record.place, error);
    if (code == ORD_OK)
        *ret_record = record;
    return code;
}

bool ord_place_counts_alike(const struct ord_place *a, const struct ord_place *b)
{
    return a->layout.epoch_us == b->layout.epoch_us && a->layout.unit_us == b->layout.unit_us &&
           memcmp(a->layout.bits, b->layout.bits, sizeof a->layout.bits) == 0 &&
           memcmp(a->layout.shift, b->layout.shift, sizeof a->layout.shift) == 0 && a->workers == b->workers;
}

void ord_place_split_text(const struct ord_place *place, char ret[ORD_SPLIT_TEXT_MAX])
{
    char layout[ORD_LAYOUT_TEXT_MAX];
    ord_layout_text(&place->layout, layout);
    if (place->workers == 1)
        snprintf(ret, ORD_SPLIT_TEXT_MAX, "%s", layout);
    else
        snprintf(ret, ORD_SPLIT_TEXT_MAX, "%s in %" PRIu32 " parts", layout, place->workers);
}

static uint64_t divide_up(uint64_t value, uint64_t by)
{
    return value / by + (value % by != 0);
}

enum ord_code ord_record_limit_in(const struct ord_record *record, const struct ord_place *place,
                                  uint64_t *ret_limit, struct ord_error *error)
{
    const struct ord_layout *from = &record->place.layout, *to = &place->layout;
    uint64_t from_tick = divide_up(record->limit, record->place.slots_per_tick);
    if (from_tick > ord_layout_values(from, ORD_TICK))
        from_tick = ord_layout_values(from, ORD_TICK);
    int64_t time_us = ord_layout_time_of(from, from_tick);
    uint64_t since_us = time_us > to->epoch_us ? (uint64_t)(time_us - to->epoch_us) : 0;
    uint64_t tick = divide_up(since_us, to->unit_us);
    if (tick >= ord_layout_values(to, ORD_TICK)) {
        char end[ORD_RFC3339_MAX];
        ord_rfc3339_format(ord_layout_end_us(to), 3, end);
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "the earlier layout was used beyond %s, where the time of the new one ends", end);
    }
    *ret_limit = tick * place->slots_per_tick;
    return ORD_OK;
}
