/* IdService's methods from message to message. */
#include "api/handlers.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "ordinal/v1/ids.pb-c.h"

static char *time_text(struct ord_arena *arena, int64_t time_us, uint32_t unit_us)
{
    int decimals = unit_us % 1000000 == 0 ? 0 : unit_us % 1000 == 0 ? 3 : 6;
    char text[ORD_RFC3339_MAX];
    ord_rfc3339_format(time_us, decimals, text);
    return ord_arena_printf(arena, "%s", text);
}

static Ordinal__V1__LayoutField *describe_field(const struct ord_layout *layout, enum ord_field field,
                                                struct ord_arena *arena)
{
    Ordinal__V1__LayoutField *ret = ord_arena_alloc(arena, sizeof *ret);
    if (!ret)
        return NULL;
    ordinal__v1__layout_field__init(ret);
    ret->name = (char *)ord_field_name(field);
    ret->bits = layout->bits[field];
    return ret;
}

static Ordinal__V1__Layout *describe_layout(const struct ord_layout *layout, struct ord_arena *arena)
{
    Ordinal__V1__Layout *ret = ord_arena_alloc(arena, sizeof *ret);
    if (!ret)
        return NULL;
    ordinal__v1__layout__init(ret);

    char unit[ORD_LAYOUT_TEXT_MAX];
    ord_layout_unit_text(layout, unit);
    ret->name = (char *)layout->name;
    ret->time_unit = ord_arena_printf(arena, "%s", unit);
    ret->epoch = time_text(arena, layout->epoch_us, 1000);
    ret->end = time_text(arena, ord_layout_end_us(layout), 1000);
    ret->fields = ord_arena_alloc(arena, ORD_FIELDS * sizeof *ret->fields);
    if (!ret->time_unit || !ret->epoch || !ret->end || !ret->fields)
        return NULL;

    enum ord_field field;
    for (int i = 0; (field = ord_layout_field_at(layout, i)) != ORD_FIELDS; i++) {
        ret->fields[i] = describe_field(layout, field, arena);
        if (!ret->fields[i])
            return NULL;
        ret->n_fields++;
    }
    return ret;
}

enum ord_code ord_describe_id(struct ord_service *service, const ProtobufCMessage *request,
                              ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error)
{
    const Ordinal__V1__DescribeIdRequest *asked = (const Ordinal__V1__DescribeIdRequest *)request;
    Ordinal__V1__DescribeIdResponse *ret = (Ordinal__V1__DescribeIdResponse *)reply;
    const struct ord_place *place = ord_service_place(service);

    struct ord_parts parts;
    enum ord_code code = ord_layout_decode(&place->layout, asked->id, &parts, error);
    if (code != ORD_OK)
        return code;

    int64_t time_us = ord_layout_time_of(&place->layout, parts.tick);
    ret->id = asked->id;
    ret->time = time_text(arena, time_us, place->layout.unit_us % 1000 ? 1 : 1000);
    ret->time_ms = time_us / 1000 - (time_us % 1000 < 0);
    ret->tick = (int64_t)parts.tick;
    ret->node = parts.node;
    ret->sequence = parts.sequence;
    ret->worker = ord_place_worker_of(place, parts.sequence);
    ret->workers = place->workers;
    ret->tag = parts.tag;
    ret->layout = describe_layout(&place->layout, arena);
    if (!ret->time || !ret->layout)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    return ORD_OK;
}

static bool is_number(const char *text)
{
    if (*text == '-')
        text++;
    return *text && text[strspn(text, "0123456789")] == '\0';
}

/* Reads a point in time: RFC 3339, or milliseconds since 1970. */
static enum ord_code read_time(const char *name, const char *text, int64_t *ret_us, struct ord_error *error)
{
    if (*text == '\0')
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "%s: it is required; give an RFC 3339 time such as "
                        "2026-03-01T12:00:00Z, or milliseconds since 1970-01-01T00:00:00Z",
                        name);
    if (ord_rfc3339_parse(text, ret_us))
        return ORD_OK;
    if (!is_number(text))
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "%s: \"%.64s\" cannot be read; allowed are an RFC 3339 time "
                        "such as 2026-03-01T12:00:00Z, or milliseconds since 1970-01-01T00:00:00Z",
                        name, text);
    errno = 0;
    long long ms = strtoll(text, NULL, 10);
    if (errno == ERANGE || ms > ORD_TIME_MAX_US / 1000 || ms < ORD_TIME_MIN_US / 1000)
        return ord_fail(error, ORD_OUT_OF_RANGE, "%s: %.64s ms lie outside of the years 0 to 9999", name, text);
    *ret_us = ms * 1000;
    return ORD_OK;
}

enum ord_code ord_get_id_bounds(struct ord_service *service, const ProtobufCMessage *request,
                                ProtobufCMessage *reply, struct ord_arena *arena, struct ord_error *error)
{
    const Ordinal__V1__GetIdBoundsRequest *asked = (const Ordinal__V1__GetIdBoundsRequest *)request;
    Ordinal__V1__GetIdBoundsResponse *ret = (Ordinal__V1__GetIdBoundsResponse *)reply;
    int64_t start_us, end_us;
    enum ord_code code = read_time("start", asked->start, &start_us, error);
    if (code == ORD_OK)
        code = read_time("end", asked->end, &end_us, error);
    if (code != ORD_OK)
        return code;
    return ord_layout_bounds(&ord_service_place(service)->layout, start_us, end_us, &ret->min_id, &ret->max_id,
                             error);
}
