#include "cli/get.h"

#include <errno.h>
#include <inttypes.h>
#include <ordinal/v1/ids.pb-c.h>
#include <stdio.h>
#include <time.h>

#include "base/time.h"
#include "wire/json.h"
#include "wire/query.h"

/* A batch that is refused as too large is halved down to this, not further. */
#define BATCH_MIN 100

/* Quotes, comma or end of line around an ID. */
#define ID_ROOM (ORD_ID_TEXT_MAX + 4)

static void wait_ms(uint32_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static enum ord_code set_number(ProtobufCMessage *request, ord_field_set *given, const char *name,
                                uint32_t value, struct ord_arena *arena, struct ord_error *error)
{
    char text[16];
    snprintf(text, sizeof text, "%" PRIu32, value);
    return ord_query_set(request, given, name, text, ORD_DECIMAL, arena, error);
}

static enum ord_code ask(const struct ord_get *get, uint32_t count, struct ord_arena *arena,
                         const Ordinal__V1__GetIdsResponse **ret_reply, struct ord_error *error)
{
    const struct ord_method *method = ord_method_by_name("GetIds");
    ProtobufCMessage *request = ord_message_new(method->request, arena), *reply;
    if (!request)
        return ord_fail(error, ORD_INTERNAL, "no memory");

    ord_field_set given = 0;
    enum ord_code code = set_number(request, &given, "count", count, arena, error);
    if (code == ORD_OK)
        code = set_number(request, &given, "tag", get->tag, arena, error);
    if (code == ORD_OK && get->request_id)
        code = ord_query_set(request, &given, "requestId", get->request_id, ORD_DECIMAL, arena, error);
    if (code == ORD_OK)
        code = get->transport->call(get->transport->context, method, request, arena, &reply, error);
    if (code == ORD_OK)
        *ret_reply = (const Ordinal__V1__GetIdsResponse *)reply;
    return code;
}

/* Asks until there is capacity, at the times that the server says, as long as the patience lasts. */
static enum ord_code ask_patiently(const struct ord_get *get, uint32_t count, struct ord_arena *arena,
                                   const Ordinal__V1__GetIdsResponse **ret_reply, struct ord_error *error)
{
    int64_t until_ns = ord_boot_ns() + get->patience_ms * 1000000;
    for (;;) {
        struct ord_error refusal;
        enum ord_code code = ask(get, count, arena, ret_reply, &refusal);
        if (code == ORD_OK)
            return ORD_OK;
        if (code != ORD_CAPACITY || refusal.retry_after_ms == 0 ||
            ord_boot_ns() + refusal.retry_after_ms * INT64_C(1000000) > until_ns) {
            *error = refusal;
            return code;
        }
        ord_output_flush(get->output);
        wait_ms(refusal.retry_after_ms);
    }
}

/* Whether a reply is what was asked for: `count` IDs, each one 0 or above. */
static enum ord_code check(const Ordinal__V1__GetIdsResponse *reply, uint32_t count, struct ord_error *error)
{
    uint64_t came = 0;
    for (size_t i = 0; i < reply->n_runs; i++) {
        const Ordinal__V1__Run *run = reply->runs[i];
        int64_t span, last;
        if (run->first < 0 || run->step < 1 || run->count < 1 ||
            __builtin_mul_overflow(run->step, (int64_t)run->count - 1, &span) ||
            __builtin_add_overflow(run->first, span, &last))
            return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: a run of %u from %lld by %lld",
                            run->count, (long long)run->first, (long long)run->step);
        came += run->count;
    }
    if (came != count)
        return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: %llu IDs came, %u were asked for",
                        (unsigned long long)came, count);
    return ORD_OK;
}

static void write_id(const struct ord_get *get, int64_t id, bool is_first)
{
    char *start = ord_output_room(get->output, ID_ROOM), *at = start;
    if (get->is_json && !is_first)
        *at++ = ',';
    if (get->is_json)
        *at++ = '"';
    at += ord_id_write(id, get->format, at);
    *at++ = get->is_json ? '"' : '\n';
    ord_output_used(get->output, (size_t)(at - start));
}

static void write_runs(const struct ord_get *get, const Ordinal__V1__GetIdsResponse *reply, bool is_first)
{
    for (size_t i = 0; i < reply->n_runs; i++) {
        const Ordinal__V1__Run *run = reply->runs[i];
        for (uint32_t j = 0; j < run->count; j++) {
            write_id(get, run->first + (int64_t)j * run->step, is_first);
            is_first = false;
        }
    }
}

static enum ord_code get_batch(const struct ord_get *get, uint32_t count, bool is_first,
                               struct ord_error *error)
{
    struct ord_arena arena;
    ord_arena_init(&arena, NULL, 0);
    const Ordinal__V1__GetIdsResponse *reply;
    enum ord_code code = ask_patiently(get, count, &arena, &reply, error);
    if (code == ORD_OK)
        code = check(reply, count, error);
    if (code == ORD_OK)
        write_runs(get, reply, is_first);
    ord_arena_finish(&arena);
    return code;
}

static enum ord_code get_all(const struct ord_get *get, struct ord_error *error)
{
    uint32_t batch = get->batch;
    for (uint64_t done = 0; done < get->count && !ord_output_is_over(get->output);) {
        uint32_t count = get->count - done < batch ? (uint32_t)(get->count - done) : batch;
        enum ord_code code = get_batch(get, count, done == 0, error);
        if (code == ORD_OUT_OF_RANGE && count > BATCH_MIN && !get->request_id) {
            batch = count / 2;
            continue;
        }
        if (code != ORD_OK)
            return code;
        done += count;
        ord_progress_show(get->progress, done);
    }
    return ORD_OK;
}

enum ord_code ord_get_run(const struct ord_get *get, struct ord_error *error)
{
    if (get->is_json)
        ord_output_text(get->output, "{\"ids\":[");
    enum ord_code code = get_all(get, error);
    ord_progress_clear(get->progress);
    if (get->is_json && code == ORD_OK)
        ord_output_text(get->output, "]}\n");
    return code;
}
