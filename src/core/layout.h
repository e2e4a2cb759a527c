/*
 * How the 63 bits of an ID are used: its fields, from the highest to the lowest, and what a tick is.
 *
 * A layout always starts with the tick and always has a sequence. The node may stand above or below the
 * sequence; a tag stands below the sequence, so that it cannot disturb the order. Bit 63, the sign, is 0.
 *
 * Words: a *tick* is one time unit since the epoch; a *slot* is one sequence value in a tick that this process
 * may use; the *slot number* is tick * slots_per_tick + slot, a plain integer that only rises. The generator
 * deals in slot numbers; an `ord_place` turns them into IDs.
 *
 * Everything here is pure and may be called from any thread. Times are Unix time in microseconds.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum ord_field {
    ORD_TICK,
    ORD_NODE,
    ORD_SEQUENCE,
    ORD_TAG,
    ORD_FIELDS,
};

#define ORD_LAYOUT_TEXT_MAX 160

struct ord_layout {
    const char *name;          /* the preset's name, or "custom"; static */
    int64_t epoch_us;          /* start of tick 0 */
    uint32_t unit_us;          /* length of a tick, 1 µs to 1 s */
    uint8_t bits[ORD_FIELDS];  /* widths; 0: the field is absent */
    uint8_t shift[ORD_FIELDS]; /* distance of each field's lowest bit from bit 0 */
};

/* An ID taken apart. */
struct ord_parts {
    uint64_t tick;
    uint32_t node, sequence, tag;
};

/* Reads `fields`, a preset's name ("default", "twitter", "discord", "instagram", "sonyflake", "js53") or a list
 * from the highest field to the lowest ("tick:41,node:10,sequence:12"). `epoch` (RFC 3339) and `unit` ("1ms",
 * "10ms", "100us", "1s") override the preset's when not NULL or empty.
 *
 * ORD_INVALID_ARGUMENT: cannot be read. ORD_OUT_OF_RANGE: widths, unit, or an end past the year 9999. */
enum ord_code ord_layout_parse(const char *fields, const char *epoch, const char *unit,
                               struct ord_layout *ret_layout, struct ord_error *error);

/* The names of the presets, one string, ", " between them. Static. */
const char *ord_layout_presets(void);

/* "tick:41,node:10,sequence:12". */
void ord_layout_fields_text(const struct ord_layout *layout, char ret[ORD_LAYOUT_TEXT_MAX]);

/* "1ms", "10ms", "100us", "1s". */
void ord_layout_unit_text(const struct ord_layout *layout, char ret[ORD_LAYOUT_TEXT_MAX]);

/* Fields, unit and epoch in one line, the same for layouts that agree: what a fingerprint is taken of. */
void ord_layout_text(const struct ord_layout *layout, char ret[ORD_LAYOUT_TEXT_MAX]);

/* The field at `index` from the highest, counted from 0; ORD_FIELDS after the lowest. */
enum ord_field ord_layout_field_at(const struct ord_layout *layout, int index);

/* "tick", "node", "sequence", "tag". Static. */
const char *ord_field_name(enum ord_field field);

/* How many values a field has: 1 if it is absent. */
uint64_t ord_layout_values(const struct ord_layout *layout, enum ord_field field);

/* The end of the last tick. */
int64_t ord_layout_end_us(const struct ord_layout *layout);

/* The tick in which `time_us` lies. ORD_OUT_OF_RANGE: before the epoch, or at or after the end. */
enum ord_code ord_layout_tick_at(const struct ord_layout *layout, int64_t time_us, uint64_t *ret_tick,
                                 struct ord_error *error);

/* The start of a tick. */
int64_t ord_layout_time_of(const struct ord_layout *layout, uint64_t tick);

/* The first tick of `layout` that starts after the tick of `id`, an ID of the layout `theirs`: where a run
 * starts that comes after everything which that ID's system issued up to then. 0: all of that lies before this
 * layout's epoch. ORD_OUT_OF_RANGE: not an ID of that layout, or no tick is left after it. */
enum ord_code ord_layout_tick_after(const struct ord_layout *layout, const struct ord_layout *theirs,
                                    int64_t id, uint64_t *ret_tick, struct ord_error *error);

/* Takes an ID apart. ORD_OUT_OF_RANGE: negative, or above the layout's highest ID. */
enum ord_code ord_layout_decode(const struct ord_layout *layout, int64_t id, struct ord_parts *ret_parts,
                                struct ord_error *error);

/* The smallest and the largest ID that any node could issue in [start_us, end_us). ORD_OUT_OF_RANGE: a time
 * outside of the layout's, or an end that is not after the start. */
enum ord_code ord_layout_bounds(const struct ord_layout *layout, int64_t start_us, int64_t end_us,
                                int64_t *ret_min, int64_t *ret_max, struct ord_error *error);

/*
 * Where a process issues: one node, and on it worker `worker` of `workers`, which owns the sequence values
 * [worker * S / workers, (worker + 1) * S / workers) of each tick, S being the layout's sequence values.
 */
struct ord_place {
    struct ord_layout layout;
    uint32_t node;
    uint32_t worker, workers;
    uint32_t first_sequence;
    uint32_t slots_per_tick;
};

/* ORD_OUT_OF_RANGE: node, worker or workers do not fit the layout. */
enum ord_code ord_place_init(struct ord_place *ret_place, const struct ord_layout *layout, uint32_t node,
                             uint32_t worker, uint32_t workers, struct ord_error *error);

/* The worker that owns a sequence value under this place's split. */
uint32_t ord_place_worker_of(const struct ord_place *place, uint32_t sequence);

/* The ID of a slot number. `tag` and the slot's tick fit the layout. */
int64_t ord_place_id(const struct ord_place *place, uint64_t slot, uint32_t tag);

/* The distance between the IDs of neighbouring slots of one tick. */
int64_t ord_place_step(const struct ord_place *place);

/*
 * Slots [first, first + count), a claim on the generator, with the tag that its IDs carry. As IDs it is a few
 * *runs* of evenly spaced integers, one for each tick that it touches.
 */
struct ord_ids {
    const struct ord_place *place; /* outlives this value */
    uint64_t first;
    uint32_t count;
    uint32_t tag;
};

struct ord_run {
    int64_t first;
    int64_t step;
    uint32_t count;
};

/* Takes the first run off `ids`. Returns 0 and leaves `ret` alone when none is left, else its count. */
uint32_t ord_ids_next_run(struct ord_ids *ids, struct ord_run *ret);
