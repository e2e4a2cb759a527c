#include "wire/ids.h"

#include <assert.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <stdbool.h>
#include <string.h>

#include "ordinal/v1/ids.pb.h"

/* Protobuf */

/* A field of a number, as pb_encode writes it, without a walk over the message's description. */
static bool encode_number(pb_ostream_t *stream, uint32_t tag, uint64_t number)
{
    return number == 0 || (pb_encode_tag(stream, PB_WT_VARINT, tag) && pb_encode_varint(stream, number));
}

size_t ord_pb_id_write(int64_t id, uint8_t ret[ORD_PB_ID_MAX])
{
    _Static_assert(ORD_PB_ID_MAX == ordinal_v1_GetIdResponse_size, "as the contract has it");
    pb_ostream_t stream = pb_ostream_from_buffer(ret, ORD_PB_ID_MAX);
    bool encoded = encode_number(&stream, ordinal_v1_GetIdResponse_id_tag, (uint64_t)id);
    assert(encoded);
    return stream.bytes_written;
}

/* pb_encode_submessage would walk over each run twice, for its length first. */
static bool encode_run(pb_ostream_t *stream, const struct ord_run *run)
{
    uint8_t bytes[ordinal_v1_Run_size];
    pb_ostream_t inner = pb_ostream_from_buffer(bytes, sizeof bytes);
    return encode_number(&inner, ordinal_v1_Run_first_tag, (uint64_t)run->first) &&
           encode_number(&inner, ordinal_v1_Run_count_tag, run->count) &&
           encode_number(&inner, ordinal_v1_Run_step_tag, (uint64_t)run->step) &&
           pb_encode_string(stream, bytes, inner.bytes_written);
}

static bool encode_runs(pb_ostream_t *stream, const pb_field_iter_t *field, void *const *arg)
{
    struct ord_ids rest = *(const struct ord_ids *)*arg;
    struct ord_run run;
    while (ord_ids_next_run(&rest, &run) > 0)
        if (!pb_encode_tag_for_field(stream, field) || !encode_run(stream, &run))
            return false;
    return true;
}

/* GetIdsResponse and StreamIdsResponse have the same one field. */
static ordinal_v1_GetIdsResponse runs_message(struct ord_ids *ids)
{
    _Static_assert((int)ordinal_v1_GetIdsResponse_runs_tag == (int)ordinal_v1_StreamIdsResponse_runs_tag,
                   "one message stands for both");
    return (ordinal_v1_GetIdsResponse){.runs = {.funcs.encode = encode_runs, .arg = ids}};
}

size_t ord_pb_ids_size(const struct ord_ids *ids)
{
    struct ord_ids copy = *ids;
    ordinal_v1_GetIdsResponse message = runs_message(&copy);
    size_t size = 0;
    bool sized = pb_get_encoded_size(&size, ordinal_v1_GetIdsResponse_fields, &message);
    assert(sized);
    return size;
}

void ord_pb_ids_write(const struct ord_ids *ids, uint8_t *ret, size_t size)
{
    struct ord_ids copy = *ids;
    ordinal_v1_GetIdsResponse message = runs_message(&copy);
    pb_ostream_t stream = pb_ostream_from_buffer(ret, size);
    bool encoded = pb_encode(&stream, ordinal_v1_GetIdsResponse_fields, &message);
    assert(encoded && stream.bytes_written == size);
}

#define KEY_ALLOWED "1 to 128 printable ASCII characters"

/* The request ID is the only field of bytes. */
static enum ord_code fail_get_ids(const char *cause, struct ord_error *error)
{
    if (strcmp(cause, "bytes overflow") == 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT, "request_id: it is too long; allowed " KEY_ALLOWED);
    return ord_fail(error, ORD_INVALID_ARGUMENT, "not a GetIdsRequest: %s", cause);
}

enum ord_code ord_pb_get_ids_read(const uint8_t *bytes, size_t size, struct ord_ids_request *ret,
                                  struct ord_error *error)
{
    ordinal_v1_GetIdsRequest message = ordinal_v1_GetIdsRequest_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(bytes, size);
    if (!pb_decode(&stream, ordinal_v1_GetIdsRequest_fields, &message))
        return fail_get_ids(PB_GET_ERROR(&stream), error);
    const ordinal_v1_GetIdsRequest_request_id_t *key = &message.request_id;
    if (memchr(key->bytes, '\0', key->size))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "request_id: it has a zero in it; allowed " KEY_ALLOWED);
    ret->count = message.count;
    ret->tag = message.tag;
    ret->max_wait_ms = 0;
    memcpy(ret->request_id, key->bytes, key->size);
    ret->request_id[key->size] = '\0';
    return ORD_OK;
}

enum ord_code ord_pb_stream_ids_read(const uint8_t *bytes, size_t size, struct ord_ids_request *ret,
                                     struct ord_error *error)
{
    ordinal_v1_StreamIdsRequest message = ordinal_v1_StreamIdsRequest_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(bytes, size);
    if (!pb_decode(&stream, ordinal_v1_StreamIdsRequest_fields, &message))
        return ord_fail(error, ORD_INVALID_ARGUMENT, "not a StreamIdsRequest: %s", PB_GET_ERROR(&stream));
    ret->count = message.count;
    ret->tag = message.tag;
    ret->max_wait_ms = message.max_wait_ms;
    ret->request_id[0] = '\0';
    return ORD_OK;
}

/* JSON and text */

/* What stands around the items of a form: IDs, or runs where `count` and `step` say what comes before these. */
struct form {
    const char *open;
    const char *first, *between, *last; /* left out when there are no items */
    const char *close;
    const char *count, *step;
};

static const struct form forms[] = {
    [ORD_FORM_ID_JSON] = {"{", "\"id\":\"", "", "\"", "}", NULL, NULL},
    [ORD_FORM_IDS_JSON] = {"{\"ids\":[", "\"", "\",\"", "\"", "]}", NULL, NULL},
    [ORD_FORM_RUNS_JSON] = {"{\"runs\":[", "{\"first\":\"", "\"},{\"first\":\"", "\"}", "]}",
                            "\",\"count\":", ",\"step\":\""},
    [ORD_FORM_IDS_TEXT] = {"", "", "\n", "\n", "", NULL, NULL},
    [ORD_FORM_RUNS_TEXT] = {"", "", "\n", "\n", "", " ", " "},
};

/* Gathers a text and hands it on in large pieces. */
struct writer {
    ord_sink *sink;
    void *context;
    size_t used;
    char bytes[4096];
};

#define PIECE_MAX 32 /* no literal and no number is longer */

static char *room(struct writer *writer)
{
    if (sizeof writer->bytes - writer->used < PIECE_MAX) {
        writer->sink(writer->context, writer->bytes, writer->used);
        writer->used = 0;
    }
    return writer->bytes + writer->used;
}

static void put_text(struct writer *writer, const char *text, size_t size)
{
    memcpy(room(writer), text, size);
    writer->used += size;
}

static void put_id(struct writer *writer, int64_t id, enum ord_id_format format)
{
    writer->used += ord_id_write(id, format, room(writer));
}

static void put_run(struct writer *writer, const struct form *form, const struct ord_run *run,
                    enum ord_id_format format)
{
    put_id(writer, run->first, format);
    put_text(writer, form->count, strlen(form->count));
    put_id(writer, run->count, ORD_DECIMAL);
    put_text(writer, form->step, strlen(form->step));
    put_id(writer, run->step, ORD_DECIMAL);
}

static void put_ids(struct writer *writer, const struct form *form, const struct ord_run *run,
                    enum ord_id_format format)
{
    size_t between = strlen(form->between);
    put_id(writer, run->first, format);
    for (uint32_t i = 1; i < run->count; i++) {
        put_text(writer, form->between, between);
        put_id(writer, run->first + i * run->step, format);
    }
}

void ord_ids_write(const struct ord_ids *ids, enum ord_ids_form form_name, enum ord_id_format format,
                   ord_sink *sink, void *context)
{
    const struct form *form = &forms[form_name];
    struct writer writer;
    writer.sink = sink;
    writer.context = context;
    writer.used = 0;

    put_text(&writer, form->open, strlen(form->open));
    struct ord_ids rest = *ids;
    struct ord_run run;
    const char *before = form->first;
    for (; ord_ids_next_run(&rest, &run) > 0; before = form->between) {
        put_text(&writer, before, strlen(before));
        (form->count ? put_run : put_ids)(&writer, form, &run, format);
    }
    if (ids->count > 0)
        put_text(&writer, form->last, strlen(form->last));
    put_text(&writer, form->close, strlen(form->close));
    sink(context, writer.bytes, writer.used);
}

static size_t id_length(int64_t id, enum ord_id_format format)
{
    char text[ORD_ID_TEXT_MAX];
    return ord_id_write(id, format, text);
}

static uint64_t power_of_ten(size_t exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* All IDs of a run. In decimal they are counted by spans of equal width: a run crosses few powers of ten. */
static size_t ids_length(const struct ord_run *run, enum ord_id_format format)
{
    if (format != ORD_DECIMAL)
        return run->count * id_length(0, format);

    size_t length = 0;
    uint64_t first = (uint64_t)run->first, step = (uint64_t)run->step, left = run->count;
    while (left > 0) {
        size_t width = id_length((int64_t)first, ORD_DECIMAL);
        uint64_t alike = (power_of_ten(width) - first + step - 1) / step;
        if (alike > left)
            alike = left;
        length += alike * width;
        first += alike * step;
        left -= alike;
    }
    return length;
}

static size_t run_length(const struct form *form, const struct ord_run *run, enum ord_id_format format)
{
    return id_length(run->first, format) + strlen(form->count) + id_length(run->count, ORD_DECIMAL) +
           strlen(form->step) + id_length(run->step, ORD_DECIMAL);
}

size_t ord_ids_length(const struct ord_ids *ids, enum ord_ids_form form_name, enum ord_id_format format)
{
    const struct form *form = &forms[form_name];
    size_t length = strlen(form->open) + strlen(form->close);
    size_t items = 0;
    struct ord_ids rest = *ids;
    struct ord_run run;
    while (ord_ids_next_run(&rest, &run) > 0) {
        items += form->count ? 1 : run.count;
        length += form->count ? run_length(form, &run, format) : ids_length(&run, format);
    }
    if (items > 0)
        length += strlen(form->first) + (items - 1) * strlen(form->between) + strlen(form->last);
    return length;
}
