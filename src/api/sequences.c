/* SequenceService's methods from message to message. */
#include "api/sequences.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "ordinal/v1/sequences.pb-c.h"
#include "sequence/sequences.h"
#include "wire/message.h"

#define PAGE_MAX 1000
#define PAGE_PRESET 100

/* Digits, a sign and the end of a line. */
#define LINE_MAX_BYTES 22

/* What the engine has of a call, in the call's memory. */
struct call {
    struct ord_sequence_ask ask; /* first */
    struct ord_ask *asked;
};

static bool refuse_memory(struct ord_ask *asked)
{
    ord_fail(&asked->error, ORD_INTERNAL, "no memory");
    return true;
}

/* The engine, and what it is asked; NULL: it is answered. */
static struct call *call_of(struct ord_service *service, struct ord_ask *asked, enum ord_sequence_verb verb,
                            const char *name, void (*done)(struct ord_sequence_ask *ask))
{
    if (!ord_service_sequences(service, &asked->error))
        return NULL;
    struct call *call = ord_arena_alloc(asked->arena, sizeof *call);
    if (!call) {
        refuse_memory(asked);
        return NULL;
    }
    call->asked = asked;
    call->ask.work.verb = verb;
    call->ask.name = name;
    call->ask.error = &asked->error;
    call->ask.done = done;
    return call;
}

static bool hand_over(struct ord_service *service, struct call *call)
{
    if (!ord_ask_may_wait(call->asked))
        return true;
    ord_sequences_ask(ord_service_sequences(service, NULL), &call->ask);
    return false;
}

static Ordinal__V1__SequenceMode mode_of(enum ord_sequence_mode mode)
{
    return (Ordinal__V1__SequenceMode)(mode + 1);
}

static Ordinal__V1__Sequence *describe(const char *name, const struct ord_sequence_record *record,
                                       struct ord_arena *arena)
{
    Ordinal__V1__Sequence *ret =
        (Ordinal__V1__Sequence *)ord_message_new(&ordinal__v1__sequence__descriptor, arena);
    char time[ORD_RFC3339_MAX];
    if (!ret)
        return NULL;
    ord_rfc3339_format(record->created_us, 3, time);
    ret->name = (char *)name;
    ret->mode = mode_of(record->what.mode);
    ret->start = record->what.start;
    ret->increment = record->what.increment;
    ret->minimum = record->what.minimum;
    ret->maximum = record->what.maximum;
    ret->block = record->what.block;
    ret->next = record->at.next;
    ret->exhausted = record->at.is_over;
    ret->create_time = ord_arena_printf(arena, "%s", time);
    return ret->create_time ? ret : NULL;
}

/* Ends a call whose reply's only message, at `ret`, is the sequence. */
static void finish_with(struct ord_sequence_ask *ask, Ordinal__V1__Sequence **ret)
{
    struct ord_ask *asked = ((struct call *)ask)->asked;
    if (asked->error.code == ORD_OK) {
        *ret = describe(ask->name, &ask->record, asked->arena);
        if (!*ret)
            refuse_memory(asked);
    }
    asked->done(asked);
}

static void created(struct ord_sequence_ask *ask)
{
    Ordinal__V1__CreateSequenceResponse *reply =
        (Ordinal__V1__CreateSequenceResponse *)((struct call *)ask)->asked->reply;
    reply->created = ask->is_new;
    finish_with(ask, &reply->sequence);
}

static void got(struct ord_sequence_ask *ask)
{
    finish_with(ask, &((Ordinal__V1__GetSequenceResponse *)((struct call *)ask)->asked->reply)->sequence);
}

static void was_set(struct ord_sequence_ask *ask)
{
    finish_with(ask, &((Ordinal__V1__SetSequenceResponse *)((struct call *)ask)->asked->reply)->sequence);
}

static void deleted(struct ord_sequence_ask *ask)
{
    finish_with(ask, &((Ordinal__V1__DeleteSequenceResponse *)((struct call *)ask)->asked->reply)->sequence);
}

static int64_t lower(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum ord_code read_properties(const Ordinal__V1__CreateSequenceRequest *request,
                                     struct ord_sequence *ret_what, struct ord_error *error)
{
    bool has_blocks = request->mode == ORDINAL__V1__SEQUENCE_MODE__SEQUENCE_MODE_BLOCK;
    if (!has_blocks && request->mode != ORDINAL__V1__SEQUENCE_MODE__SEQUENCE_MODE_GAPLESS)
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "mode: it is required; allowed SEQUENCE_MODE_BLOCK, SEQUENCE_MODE_GAPLESS");
    struct ord_sequence what = {
        .mode = has_blocks ? ORD_SEQUENCE_BLOCK : ORD_SEQUENCE_GAPLESS,
        .block = has_blocks && request->block == 0 ? ORD_SEQUENCE_BLOCK_PRESET : request->block,
        .start = request->start_given_case ? request->start : 1,
        .increment = request->increment == 0 ? 1 : request->increment,
        .maximum = request->maximum_given_case ? request->maximum : INT64_MAX,
    };
    what.minimum = request->minimum_given_case ? request->minimum : lower(1, what.start);
    enum ord_code code = ord_sequence_check(&what, error);
    if (code == ORD_OK)
        *ret_what = what;
    return code;
}

bool ord_create_sequence(struct ord_service *service, struct ord_ask *asked)
{
    const Ordinal__V1__CreateSequenceRequest *request =
        (const Ordinal__V1__CreateSequenceRequest *)asked->request;
    struct ord_sequence what;
    if (ord_name_check("name", request->name, &asked->error) != ORD_OK ||
        read_properties(request, &what, &asked->error) != ORD_OK)
        return true;
    struct call *call = call_of(service, asked, ORD_SEQUENCE_CREATE, request->name, created);
    if (!call)
        return true;
    call->ask.create.what = what;
    call->ask.create.revives = request->revive;
    return hand_over(service, call);
}

static void fill_next(Ordinal__V1__NextResponse *reply, const struct ord_values *values)
{
    reply->first = values->first;
    reply->last = (int64_t)((uint64_t)values->first + (values->count - 1) * (uint64_t)values->increment);
    reply->count = values->count;
    reply->increment = values->increment;
    reply->mode = mode_of(values->mode);
}

static void given(struct ord_sequence_ask *ask)
{
    struct ord_ask *asked = ((struct call *)ask)->asked;
    if (asked->error.code == ORD_OK)
        fill_next((Ordinal__V1__NextResponse *)asked->reply, &ask->values);
    asked->done(asked);
}

static bool check_next(const Ordinal__V1__NextRequest *request, uint32_t count, struct ord_error *error)
{
    return ord_name_check("name", request->name, error) == ORD_OK &&
           ord_sequence_check_count(count, error) == ORD_OK &&
           (!*request->request_id || ord_request_key_check(request->request_id, error) == ORD_OK);
}

bool ord_next(struct ord_service *service, struct ord_ask *asked)
{
    const Ordinal__V1__NextRequest *request = (const Ordinal__V1__NextRequest *)asked->request;
    uint32_t count = request->count == 0 ? 1 : request->count;
    struct ord_sequences *sequences = ord_service_sequences(service, &asked->error);
    struct ord_values values;
    if (!sequences || !check_next(request, count, &asked->error))
        return true;
    if (!*request->request_id && ord_sequences_take(sequences, request->name, count, &values)) {
        fill_next((Ordinal__V1__NextResponse *)asked->reply, &values);
        asked->error.code = ORD_OK;
        return true;
    }
    struct call *call = call_of(service, asked, ORD_SEQUENCE_NEXT, request->name, given);
    if (!call)
        return true;
    call->ask.next.count = count;
    call->ask.next.request_id = request->request_id;
    return hand_over(service, call);
}

const char *ord_next_text(const ProtobufCMessage *message, struct ord_arena *arena)
{
    const Ordinal__V1__NextResponse *reply = (const Ordinal__V1__NextResponse *)message;
    char *text = ord_arena_alloc(arena, (size_t)reply->count * LINE_MAX_BYTES + 1), *at = text;
    uint64_t value = (uint64_t)reply->first;
    for (uint32_t i = 0; text && i < reply->count; i++, value += (uint64_t)reply->increment)
        at += sprintf(at, "%" PRId64 "\n", (int64_t)value);
    return text;
}

bool ord_get_sequence(struct ord_service *service, struct ord_ask *asked)
{
    const Ordinal__V1__GetSequenceRequest *request = (const Ordinal__V1__GetSequenceRequest *)asked->request;
    if (ord_name_check("name", request->name, &asked->error) != ORD_OK)
        return true;
    struct call *call = call_of(service, asked, ORD_SEQUENCE_GET, request->name, got);
    return !call || hand_over(service, call);
}

/* False: no memory. */
static bool fill_page(const struct ord_sequence_ask *ask, Ordinal__V1__ListSequencesResponse *reply,
                      struct ord_arena *arena)
{
    reply->sequences = ord_arena_alloc(arena, (ask->page.count + 1) * sizeof *reply->sequences);
    if (!reply->sequences)
        return false;
    for (size_t i = 0; i < ask->page.count; i++) {
        reply->sequences[i] = describe(ask->page.items[i].name, &ask->page.items[i].record, arena);
        if (!reply->sequences[i])
            return false;
    }
    reply->n_sequences = ask->page.count;
    if (ask->page.end)
        reply->next_page_token = (char *)ask->page.end;
    return true;
}

static void listed(struct ord_sequence_ask *ask)
{
    struct ord_ask *asked = ((struct call *)ask)->asked;
    if (asked->error.code == ORD_OK &&
        !fill_page(ask, (Ordinal__V1__ListSequencesResponse *)asked->reply, asked->arena))
        refuse_memory(asked);
    asked->done(asked);
}

static bool check_list(const Ordinal__V1__ListSequencesRequest *request, struct ord_error *error)
{
    if (ord_name_prefix_check("prefix", request->prefix, error) != ORD_OK)
        return false;
    if (ord_name_prefix_check("page_token", request->page_token, NULL) != ORD_OK)
        ord_fail(error, ORD_INVALID_ARGUMENT,
                 "page_token: it cannot be read; allowed is the next_page_token of the page before");
    else if (request->page_size > PAGE_MAX)
        ord_fail(error, ORD_OUT_OF_RANGE, "page_size: %" PRIu32 " is out of range; allowed 1 to %d",
                 request->page_size, PAGE_MAX);
    else
        return true;
    return false;
}

bool ord_list_sequences(struct ord_service *service, struct ord_ask *asked)
{
    const Ordinal__V1__ListSequencesRequest *request =
        (const Ordinal__V1__ListSequencesRequest *)asked->request;
    if (!check_list(request, &asked->error))
        return true;
    struct call *call = call_of(service, asked, ORD_SEQUENCE_LIST, NULL, listed);
    if (!call)
        return true;
    call->ask.list.prefix = request->prefix;
    call->ask.list.after = request->page_token;
    call->ask.list.max = request->page_size == 0 ? PAGE_PRESET : request->page_size;
    call->ask.list.arena = asked->arena;
    return hand_over(service, call);
}

bool ord_set_sequence(struct ord_service *service, struct ord_ask *asked)
{
    const Ordinal__V1__SetSequenceRequest *request = (const Ordinal__V1__SetSequenceRequest *)asked->request;
    if (ord_name_check("name", request->name, &asked->error) != ORD_OK)
        return true;
    if (!request->next_given_case) {
        ord_fail(&asked->error, ORD_INVALID_ARGUMENT, "next: it is required; give the value that comes next");
        return true;
    }
    struct call *call = call_of(service, asked, ORD_SEQUENCE_SET, request->name, was_set);
    if (!call)
        return true;
    call->ask.set.next = request->next;
    call->ask.set.is_forced = strcmp(request->force, request->name) == 0;
    return hand_over(service, call);
}

bool ord_delete_sequence(struct ord_service *service, struct ord_ask *asked)
{
    const Ordinal__V1__DeleteSequenceRequest *request =
        (const Ordinal__V1__DeleteSequenceRequest *)asked->request;
    if (ord_name_check("name", request->name, &asked->error) != ORD_OK)
        return true;
    struct call *call = call_of(service, asked, ORD_SEQUENCE_DELETE, request->name, deleted);
    return !call || hand_over(service, call);
}
