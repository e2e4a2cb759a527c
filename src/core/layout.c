#include "core/layout.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define ID_BITS 63

static const char *const field_names[ORD_FIELDS] = {
    [ORD_TICK] = "tick",
    [ORD_NODE] = "node",
    [ORD_SEQUENCE] = "sequence",
    [ORD_TAG] = "tag",
};

struct width {
    uint8_t low, high;
};

/* Nodes, sequences and tags are handed around as 32-bit numbers; below 2^24 slots a tick, slot numbers of any
 * tick fit 64 bits. */
static const struct width widths[ORD_FIELDS] = {
    [ORD_TICK] = {16, 56},
    [ORD_NODE] = {1, 24},
    [ORD_SEQUENCE] = {1, 24},
    [ORD_TAG] = {1, 24},
};

struct preset {
    const char *name;
    const char *fields;
    const char *epoch;
    const char *unit;
};

/*
 * Twitter's, Discord's, Instagram's and Sonyflake's layouts as they published them, but for the sign bit:
 * Discord's and Instagram's use all 64 bits, whose highest stays 0 until 2084 and 2046; here the tick is one
 * bit shorter, the IDs are the same until then, and none is issued after.
 */
static const struct preset presets[] = {
    {"default", "tick:41,node:10,sequence:12", "2026-01-01T00:00:00Z", "1ms"},
    {"twitter", "tick:41,node:10,sequence:12", "2010-11-04T01:42:54.657Z", "1ms"},
    {"discord", "tick:41,node:10,sequence:12", "2015-01-01T00:00:00Z", "1ms"},
    {"instagram", "tick:40,node:13,sequence:10", "2011-08-24T21:07:01.721Z", "1ms"},
    {"sonyflake", "tick:39,sequence:8,node:16", "2014-09-01T00:00:00Z", "10ms"},
    {"js53", "tick:41,node:4,sequence:8", "2026-01-01T00:00:00Z", "1ms"},
};

static const size_t preset_count = sizeof presets / sizeof *presets;

#define DEFAULT_EPOCH "2026-01-01T00:00:00Z"
#define DEFAULT_UNIT "1ms"

const char *ord_layout_presets(void)
{
    return "default, twitter, discord, instagram, sonyflake, js53";
}

const char *ord_field_name(enum ord_field field)
{
    return field_names[field];
}

static bool is_given(const char *text)
{
    return text && *text;
}

static const struct preset *find_preset(const char *name)
{
    for (size_t i = 0; i < preset_count; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

static enum ord_field find_field(const char *name, size_t length)
{
    for (int field = 0; field < ORD_FIELDS; field++)
        if (strlen(field_names[field]) == length && memcmp(field_names[field], name, length) == 0)
            return field;
    return ORD_FIELDS;
}

/* Reads "name:bits" at *at into the layout and moves on past it and a comma. */
static enum ord_code parse_field(const char **at, const char *all, struct ord_layout *layout,
                                 enum ord_field *ret, struct ord_error *error)
{
    size_t length = strcspn(*at, ":,");
    enum ord_field field = find_field(*at, length);
    if (field == ORD_FIELDS || (*at)[length] != ':')
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "\"%s\" is neither a preset (%s) nor a list of fields with their bits from high to "
                        "low, such as tick:41,node:10,sequence:12 (fields: tick, node, sequence, tag)",
                        all, ord_layout_presets());
    if (layout->bits[field] > 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "%s is given twice in \"%s\"", field_names[field], all);

    const char *digits = *at + length + 1;
    size_t digit_count = strspn(digits, "0123456789");
    unsigned long bits = digit_count > 0 && digit_count < 4 ? strtoul(digits, NULL, 10) : ID_BITS + 1;
    if (bits < widths[field].low || bits > widths[field].high)
        return ord_fail(error, ORD_OUT_OF_RANGE, "%s has %.*s bits; allowed %d to %d", field_names[field],
                        (int)strcspn(digits, ","), digits, widths[field].low, widths[field].high);
    *at = digits + digit_count;
    if (**at != '\0' && (**at != ',' || (*at)[1] == '\0'))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "\"%s\" cannot be read from \"%s\" on", all, *at);
    if (**at == ',')
        (*at)++;
    layout->bits[field] = (uint8_t)bits;
    *ret = field;
    return ORD_OK;
}

static void place_fields(struct ord_layout *layout, const enum ord_field *order, int count)
{
    int shift = 0;
    for (int i = count - 1; i >= 0; i--) {
        layout->shift[order[i]] = (uint8_t)shift;
        shift += layout->bits[order[i]];
    }
}

static enum ord_code parse_fields(const char *fields, struct ord_layout *layout, struct ord_error *error)
{
    enum ord_field order[ORD_FIELDS];
    int count = 0, total = 0;
    for (const char *at = fields; *at || count == 0; count++) {
        enum ord_code code = parse_field(&at, fields, layout, &order[count], error);
        if (code != ORD_OK)
            return code;
        total += layout->bits[order[count]];
    }

    if (order[0] != ORD_TICK)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "\"%s\" does not start with the tick", fields);
    if (layout->bits[ORD_SEQUENCE] == 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "\"%s\" has no sequence", fields);
    if (total > ID_BITS)
        return ord_fail(error, ORD_OUT_OF_RANGE, "\"%s\" has %d bits; allowed up to %d", fields, total,
                        ID_BITS);
    place_fields(layout, order, count);
    if (layout->bits[ORD_TAG] > 0 && layout->shift[ORD_TAG] > layout->shift[ORD_SEQUENCE])
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "\"%s\" has the tag above the sequence, where it would disturb the order; put it "
                        "below",
                        fields);
    return ORD_OK;
}

struct unit {
    const char *suffix;
    uint32_t us;
};

static const struct unit units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};

static enum ord_code parse_unit(const char *text, uint32_t *ret_us, struct ord_error *error)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long count = digits > 0 && digits < 8 ? strtoul(text, NULL, 10) : 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (count == 0 || strcmp(text + digits, units[i].suffix) != 0)
            continue;
        if (count > 1000000 / units[i].us)
            break;
        *ret_us = (uint32_t)count * units[i].us;
        return ORD_OK;
    }
    return ord_fail(error, ORD_OUT_OF_RANGE,
                    "\"%s\" is not a time unit; allowed 1us to 1s, such as 1ms or 10ms", text);
}

static enum ord_code parse_epoch(const char *text, int64_t *ret_us, struct ord_error *error)
{
    if (!ord_rfc3339_parse(text, ret_us))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "\"%s\" is not an RFC 3339 time such as %s", text,
                        DEFAULT_EPOCH);
    return ORD_OK;
}

/* The time at tick 2^bits, or a value past the year 9999 if it lies beyond. */
static int64_t end_of(const struct ord_layout *layout)
{
    uint64_t ticks = ord_layout_values(layout, ORD_TICK);
    uint64_t room_us = (uint64_t)(ORD_TIME_MAX_US - layout->epoch_us);
    if (ticks > room_us / layout->unit_us)
        return ORD_TIME_MAX_US + 1;
    return layout->epoch_us + (int64_t)(ticks * layout->unit_us);
}

enum ord_code ord_layout_parse(const char *fields, const char *epoch, const char *unit,
                               struct ord_layout *ret_layout, struct ord_error *error)
{
    const struct preset *preset = find_preset(fields);
    struct ord_layout layout = {.name = preset ? preset->name : "custom"};
    if (!is_given(epoch))
        epoch = preset ? preset->epoch : DEFAULT_EPOCH;
    if (!is_given(unit))
        unit = preset ? preset->unit : DEFAULT_UNIT;

    enum ord_code code = parse_fields(preset ? preset->fields : fields, &layout, error);
    if (code == ORD_OK)
        code = parse_unit(unit, &layout.unit_us, error);
    if (code == ORD_OK)
        code = parse_epoch(epoch, &layout.epoch_us, error);
    if (code != ORD_OK)
        return code;

    if (preset && (strcmp(epoch, preset->epoch) != 0 || strcmp(unit, preset->unit) != 0))
        layout.name = "custom";
    if (end_of(&layout) > ORD_TIME_MAX_US)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "%d bits of %s from %s end after the year 9999; take fewer bits for the tick",
                        layout.bits[ORD_TICK], unit, epoch);
    *ret_layout = layout;
    return ORD_OK;
}

enum ord_field ord_layout_field_at(const struct ord_layout *layout, int index)
{
    int above = ID_BITS + 1;
    enum ord_field found = ORD_FIELDS;
    for (int i = 0; i <= index; i++) {
        int highest = -1;
        for (int field = 0; field < ORD_FIELDS; field++)
            if (layout->bits[field] > 0 && layout->shift[field] < above && layout->shift[field] > highest) {
                highest = layout->shift[field];
                found = field;
            }
        if (highest < 0)
            return ORD_FIELDS;
        above = highest;
    }
    return found;
}

void ord_layout_fields_text(const struct ord_layout *layout, char ret[ORD_LAYOUT_TEXT_MAX])
{
    int used = 0;
    enum ord_field field;
    for (int i = 0; (field = ord_layout_field_at(layout, i)) != ORD_FIELDS; i++)
        used += snprintf(ret + used, (size_t)(ORD_LAYOUT_TEXT_MAX - used), "%s%s:%d", i ? "," : "",
                         field_names[field], layout->bits[field]);
}

void ord_layout_unit_text(const struct ord_layout *layout, char ret[ORD_LAYOUT_TEXT_MAX])
{
    const struct unit *unit = &units[0];
    for (size_t i = 1; i < sizeof units / sizeof *units; i++)
        if (layout->unit_us % units[i].us == 0)
            unit = &units[i];
    snprintf(ret, ORD_LAYOUT_TEXT_MAX, "%" PRIu32 "%s", layout->unit_us / unit->us, unit->suffix);
}

void ord_layout_text(const struct ord_layout *layout, char ret[ORD_LAYOUT_TEXT_MAX])
{
    char fields[ORD_LAYOUT_TEXT_MAX], unit[ORD_LAYOUT_TEXT_MAX], epoch[ORD_RFC3339_MAX];
    ord_layout_fields_text(layout, fields);
    ord_layout_unit_text(layout, unit);
    ord_rfc3339_format(layout->epoch_us, 6, epoch);
    snprintf(ret, ORD_LAYOUT_TEXT_MAX, "%.60s of %.10s from %s", fields, unit, epoch);
}

uint64_t ord_layout_values(const struct ord_layout *layout, enum ord_field field)
{
    return UINT64_C(1) << layout->bits[field];
}

int64_t ord_layout_end_us(const struct ord_layout *layout)
{
    return end_of(layout);
}

int64_t ord_layout_time_of(const struct ord_layout *layout, uint64_t tick)
{
    return layout->epoch_us + (int64_t)tick * layout->unit_us;
}

static enum ord_code fail_outside(const struct ord_layout *layout, int64_t time_us, struct ord_error *error)
{
    char first[ORD_RFC3339_MAX], end[ORD_RFC3339_MAX], given[ORD_RFC3339_MAX] = "it";
    ord_rfc3339_format(layout->epoch_us, 3, first);
    ord_rfc3339_format(end_of(layout), 3, end);
    if (time_us >= ORD_TIME_MIN_US && time_us <= ORD_TIME_MAX_US)
        ord_rfc3339_format(time_us, 3, given);
    return ord_fail(error, ORD_OUT_OF_RANGE, "%s lies outside of the layout's time, %s to %s", given, first,
                    end);
}

enum ord_code ord_layout_tick_at(const struct ord_layout *layout, int64_t time_us, uint64_t *ret_tick,
                                 struct ord_error *error)
{
    if (time_us < layout->epoch_us || time_us >= end_of(layout))
        return fail_outside(layout, time_us, error);
    *ret_tick = (uint64_t)(time_us - layout->epoch_us) / layout->unit_us;
    return ORD_OK;
}

static uint64_t mask_of(const struct ord_layout *layout, enum ord_field field)
{
    return ord_layout_values(layout, field) - 1;
}

static uint64_t field_of(const struct ord_layout *layout, int64_t id, enum ord_field field)
{
    return ((uint64_t)id >> layout->shift[field]) & mask_of(layout, field);
}

/* The largest ID: every bit below the tick's highest is set. */
static int64_t highest_id(const struct ord_layout *layout)
{
    return (int64_t)((UINT64_C(1) << (layout->shift[ORD_TICK] + layout->bits[ORD_TICK])) - 1);
}

enum ord_code ord_layout_decode(const struct ord_layout *layout, int64_t id, struct ord_parts *ret_parts,
                                struct ord_error *error)
{
    if (id < 0 || id > highest_id(layout))
        return ord_fail(error, ORD_OUT_OF_RANGE, "id: %" PRId64 " is out of range; allowed 0 to %" PRId64, id,
                        highest_id(layout));
    *ret_parts = (struct ord_parts){
        .tick = field_of(layout, id, ORD_TICK),
        .node = (uint32_t)field_of(layout, id, ORD_NODE),
        .sequence = (uint32_t)field_of(layout, id, ORD_SEQUENCE),
        .tag = (uint32_t)field_of(layout, id, ORD_TAG),
    };
    return ORD_OK;
}

enum ord_code ord_layout_bounds(const struct ord_layout *layout, int64_t start_us, int64_t end_us,
                                int64_t *ret_min, int64_t *ret_max, struct ord_error *error)
{
    uint64_t first, last;
    if (end_us <= start_us)
        return ord_fail(error, ORD_OUT_OF_RANGE, "end: it must lie after start");
    if (ord_layout_tick_at(layout, start_us, &first, error) != ORD_OK)
        return ord_wrap(error, "start");
    if (ord_layout_tick_at(layout, end_us - 1, &last, error) != ORD_OK)
        return ord_wrap(error, "end");
    *ret_min = (int64_t)(first << layout->shift[ORD_TICK]);
    *ret_max = (int64_t)(((last + 1) << layout->shift[ORD_TICK]) - 1);
    return ORD_OK;
}

enum ord_code ord_layout_tick_after(const struct ord_layout *layout, const struct ord_layout *theirs,
                                    int64_t id, uint64_t *ret_tick, struct ord_error *error)
{
    struct ord_parts parts;
    enum ord_code code = ord_layout_decode(theirs, id, &parts, error);
    if (code != ORD_OK)
        return code;
    int64_t over_us = ord_layout_time_of(theirs, parts.tick + 1);
    int64_t start_us = over_us > layout->epoch_us ? over_us : layout->epoch_us;
    uint64_t tick = ((uint64_t)(start_us - layout->epoch_us) + layout->unit_us - 1) / layout->unit_us;
    if (tick >= ord_layout_values(layout, ORD_TICK))
        return fail_outside(layout, over_us, error);
    *ret_tick = tick;
    return ORD_OK;
}

static uint32_t share(uint32_t worker, uint64_t sequences, uint32_t workers)
{
    return (uint32_t)(worker * sequences / workers);
}

enum ord_code ord_place_init(struct ord_place *ret_place, const struct ord_layout *layout, uint32_t node,
                             uint32_t worker, uint32_t workers, struct ord_error *error)
{
    uint64_t nodes = ord_layout_values(layout, ORD_NODE);
    uint64_t sequences = ord_layout_values(layout, ORD_SEQUENCE);
    if (node >= nodes)
        return ord_fail(error, ORD_OUT_OF_RANGE, "node ID %" PRIu32 " is out of range; allowed 0 to %" PRIu64,
                        node, nodes - 1);
    if (workers < 1 || workers > sequences)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "%" PRIu32 " workers are out of range; allowed 1 to %" PRIu64
                        ", one for each sequence value",
                        workers, sequences);
    if (worker >= workers)
        return ord_fail(error, ORD_OUT_OF_RANGE,
                        "worker %" PRIu32 " of %" PRIu32 " is out of range; allowed 0 to %" PRIu32, worker,
                        workers, workers - 1);

    uint32_t first = share(worker, sequences, workers);
    *ret_place = (struct ord_place){
        .layout = *layout,
        .node = node,
        .worker = worker,
        .workers = workers,
        .first_sequence = first,
        .slots_per_tick = share(worker + 1, sequences, workers) - first,
    };
    return ORD_OK;
}

uint32_t ord_place_worker_of(const struct ord_place *place, uint32_t sequence)
{
    uint64_t sequences = ord_layout_values(&place->layout, ORD_SEQUENCE);
    uint32_t worker = (uint32_t)(((uint64_t)sequence * place->workers) / sequences);
    while (worker + 1 < place->workers && share(worker + 1, sequences, place->workers) <= sequence)
        worker++;
    return worker;
}

int64_t ord_place_id(const struct ord_place *place, uint64_t slot, uint32_t tag)
{
    const struct ord_layout *layout = &place->layout;
    uint64_t tick = slot / place->slots_per_tick;
    uint64_t sequence = place->first_sequence + slot % place->slots_per_tick;
    return (int64_t)(tick << layout->shift[ORD_TICK] | (uint64_t)place->node << layout->shift[ORD_NODE] |
                     sequence << layout->shift[ORD_SEQUENCE] | (uint64_t)tag << layout->shift[ORD_TAG]);
}

int64_t ord_place_step(const struct ord_place *place)
{
    return INT64_C(1) << place->layout.shift[ORD_SEQUENCE];
}

uint32_t ord_ids_next_run(struct ord_ids *ids, struct ord_run *ret)
{
    if (ids->count == 0)
        return 0;
    uint32_t left = ids->place->slots_per_tick - (uint32_t)(ids->first % ids->place->slots_per_tick);
    uint32_t count = ids->count < left ? ids->count : left;
    *ret = (struct ord_run){
        .first = ord_place_id(ids->place, ids->first, ids->tag),
        .step = ord_place_step(ids->place),
        .count = count,
    };
    ids->first += count;
    ids->count -= count;
    return count;
}
