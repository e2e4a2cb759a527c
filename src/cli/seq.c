/* `ordinal seq`: what is done to each sequence that is named. */
#include <inttypes.h>
#include <ordinal/v1/sequences.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/seq_text.h"
#include "wire/json.h"

/* One call on behalf of one sequence. */
struct step {
    struct ord_cli *cli;
    char *name; /* messages take it as if they wrote to it */
    struct ord_arena arena;
    struct ord_error error;
};

static enum ord_code call(struct step *step, const char *method, const ProtobufCMessage *request,
                          ProtobufCMessage **ret_reply)
{
    const struct ord_transport *transport = &step->cli->transport;
    return transport->call(transport->context, ord_method_by_name(method), request, &step->arena, ret_reply,
                           &step->error);
}

static enum ord_code write_text(struct step *step, const char *text)
{
    if (!text)
        return ord_fail(&step->error, ORD_INTERNAL, "no memory");
    ord_output_text(step->cli->output, text);
    return ORD_OK;
}

static enum ord_code write_json(struct step *step, const ProtobufCMessage *message)
{
    const char *text;
    if (ord_json_write(message, ORD_DECIMAL, &step->arena, &text, &step->error) != ORD_OK)
        return step->error.code;
    write_text(step, text);
    return write_text(step, "\n");
}

static enum ord_code write_sequence(struct step *step, const Ordinal__V1__Sequence *sequence, const char *done)
{
    if (!sequence)
        return ord_fail(&step->error, ORD_INTERNAL, "the answer makes no sense: it has no sequence");
    if (step->cli->is_json)
        return write_json(step, &sequence->base);
    return write_text(step, ord_seq_text(sequence, done, &step->arena));
}

static bool is_given(const struct step *step, const char *option)
{
    return ord_settings_source(step->cli->settings, option) != ORD_SOURCE_DEFAULT;
}

static int64_t number(const struct step *step, const char *option)
{
    return ord_settings_number(step->cli->settings, option);
}

static Ordinal__V1__SequenceMode mode_of(const struct step *step)
{
    bool is_gapless = strcmp(ord_settings_text(step->cli->settings, "mode"), "gapless") == 0;
    return is_gapless ? ORDINAL__V1__SEQUENCE_MODE__SEQUENCE_MODE_GAPLESS
                      : ORDINAL__V1__SEQUENCE_MODE__SEQUENCE_MODE_BLOCK;
}

static enum ord_code create(struct step *step)
{
    Ordinal__V1__CreateSequenceRequest request = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__INIT;
    request.name = step->name;
    request.mode = mode_of(step);
    request.increment = number(step, "increment");
    request.revive = ord_settings_switch(step->cli->settings, "revive");
    if (is_given(step, "block"))
        request.block = (uint32_t)number(step, "block");
    if (is_given(step, "start")) {
        request.start_given_case = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__START_GIVEN_START;
        request.start = number(step, "start");
    }
    if (is_given(step, "minimum")) {
        request.minimum_given_case = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__MINIMUM_GIVEN_MINIMUM;
        request.minimum = number(step, "minimum");
    }
    if (is_given(step, "maximum")) {
        request.maximum_given_case = ORDINAL__V1__CREATE_SEQUENCE_REQUEST__MAXIMUM_GIVEN_MAXIMUM;
        request.maximum = number(step, "maximum");
    }
    ProtobufCMessage *message;
    if (call(step, "CreateSequence", &request.base, &message) != ORD_OK)
        return step->error.code;
    const Ordinal__V1__CreateSequenceResponse *reply = (const void *)message;
    return write_sequence(step, reply->sequence, reply->created ? "created" : "was there already");
}

/* One value a line, as IDs are written. */
static enum ord_code write_values(struct step *step, const Ordinal__V1__NextResponse *reply)
{
    int64_t span, last;
    if (reply->count == 0 || __builtin_mul_overflow(reply->increment, (int64_t)reply->count - 1, &span) ||
        __builtin_add_overflow(reply->first, span, &last) || last != reply->last)
        return ord_fail(&step->error, ORD_INTERNAL, "the answer makes no sense: %" PRIu32 " from %" PRId64,
                        reply->count, reply->first);
    for (uint32_t i = 0; i < reply->count; i++) {
        char *at = ord_output_room(step->cli->output, ORD_SEQ_VALUE_MAX);
        ord_output_used(step->cli->output,
                        ord_seq_value_write(reply->first + reply->increment * (int64_t)i, at));
    }
    return ORD_OK;
}

static enum ord_code next(struct step *step)
{
    Ordinal__V1__NextRequest request = ORDINAL__V1__NEXT_REQUEST__INIT;
    const char *key = ord_settings_text(step->cli->settings, "request-id");
    request.name = step->name;
    request.count = (uint32_t)number(step, "count");
    if (key)
        request.request_id = (char *)key;
    ProtobufCMessage *reply;
    if (call(step, "Next", &request.base, &reply) != ORD_OK)
        return step->error.code;
    return step->cli->is_json ? write_json(step, reply) : write_values(step, (const void *)reply);
}

static enum ord_code peek(struct step *step)
{
    Ordinal__V1__GetSequenceRequest request = ORDINAL__V1__GET_SEQUENCE_REQUEST__INIT;
    request.name = step->name;
    ProtobufCMessage *reply;
    if (call(step, "GetSequence", &request.base, &reply) != ORD_OK)
        return step->error.code;
    return write_sequence(step, ((const Ordinal__V1__GetSequenceResponse *)reply)->sequence, NULL);
}

static enum ord_code delete (struct step *step) {
    Ordinal__V1__DeleteSequenceRequest request = ORDINAL__V1__DELETE_SEQUENCE_REQUEST__INIT;
        request.name = step->name; ProtobufCMessage * reply;
        if (call(step, "DeleteSequence", &request.base, &reply) != ORD_OK) return step->error.code;
        return write_sequence(step, ((const Ordinal__V1__DeleteSequenceResponse *)reply)->sequence, "deleted");
}

/* NAME VALUE, unlike the others. */
static enum ord_code set(struct step *step)
{
    Ordinal__V1__SetSequenceRequest request = ORDINAL__V1__SET_SEQUENCE_REQUEST__INIT;
    const char *force = ord_settings_text(step->cli->settings, "force");
    request.name = step->name;
    request.force = force ? (char *)force : request.force;
    request.next_given_case = ORDINAL__V1__SET_SEQUENCE_REQUEST__NEXT_GIVEN_NEXT;
    if (!ord_seq_value_read(ord_settings_argument(step->cli->settings, 2), &request.next))
        return ord_fail(&step->error, ORD_INVALID_ARGUMENT, "%s is no value; allowed whole numbers of 64 bits",
                        ord_settings_argument(step->cli->settings, 2));
    ProtobufCMessage *reply;
    if (call(step, "SetSequence", &request.base, &reply) != ORD_OK)
        return step->error.code;
    return write_sequence(step, ((const Ordinal__V1__SetSequenceResponse *)reply)->sequence, "set");
}

static enum ord_code write_page(struct step *step, const Ordinal__V1__ListSequencesResponse *page)
{
    enum ord_code code = ORD_OK;
    for (size_t i = 0; code == ORD_OK && i < page->n_sequences; i++)
        code = step->cli->is_json ? write_json(step, &page->sequences[i]->base)
                                  : write_text(step, ord_seq_row(page->sequences[i], &step->arena));
    return code;
}

/* Page by page; the arena is emptied between two. */
static enum ord_code list(struct step *step)
{
    enum {
        PAGE = 1000
    };
    char token[1024] = "";
    Ordinal__V1__ListSequencesRequest request = ORDINAL__V1__LIST_SEQUENCES_REQUEST__INIT;
    request.prefix = step->name;
    request.page_size = PAGE;
    request.page_token = token;
    enum ord_code code = step->cli->is_json ? ORD_OK : write_text(step, ord_seq_head);
    do {
        ProtobufCMessage *reply;
        if (code == ORD_OK)
            code = call(step, "ListSequences", &request.base, &reply);
        if (code == ORD_OK)
            code = write_page(step, (const void *)reply);
        if (code != ORD_OK)
            return code;
        const char *further = ((const Ordinal__V1__ListSequencesResponse *)reply)->next_page_token;
        if (strlen(further) >= sizeof token || (*further && strcmp(further, token) == 0))
            return ord_fail(&step->error, ORD_INTERNAL, "the answer makes no sense: where the next page is");
        strcpy(token, further);
        ord_arena_finish(&step->arena);
        ord_arena_init(&step->arena, NULL, 0);
    } while (*token && !ord_output_is_over(step->cli->output));
    return ORD_OK;
}

static const struct action {
    const char *name;
    enum ord_code (*run)(struct step *step);
    int least, most; /* arguments; of those that take any number, each is a sequence of its own */
    const char *usage;
} actions[] = {
    {"create", create, 1, INT32_MAX, "create NAME…"},
    {"next", next, 1, INT32_MAX, "next NAME…"},
    {"peek", peek, 1, INT32_MAX, "peek NAME…"},
    {"list", list, 0, 1, "list [PREFIX]"},
    {"set", set, 2, 2, "set NAME VALUE"},
    {"delete", delete, 1, INT32_MAX, "delete NAME…"},
};

#define ACTIONS (sizeof actions / sizeof *actions)

static enum ord_exit run_step(struct ord_cli *cli, const struct action *action, const char *name)
{
    struct step step = {.cli = cli, .name = (char *)name};
    ord_arena_init(&step.arena, NULL, 0);
    enum ord_code code = action->run(&step);
    ord_arena_finish(&step.arena);
    ord_output_flush(cli->output);
    return code == ORD_OK ? ORD_EXIT_DONE : ord_cli_fail(cli, &step.error);
}

static enum ord_exit misused(const struct ord_cli *cli, const char *usage)
{
    struct ord_error error;
    ord_fail(&error, ORD_INVALID_ARGUMENT, "say what to do: %s", usage);
    return ord_cli_misused(cli->verb, &error);
}

/* What is said of one sequence does not keep the others from their turn; a lost server does. */
enum ord_exit ord_verb_seq(struct ord_cli *cli)
{
    int count = ord_settings_argument_count(cli->settings) - 1;
    const char *name = count >= 0 ? ord_settings_argument(cli->settings, 0) : "";
    const struct action *action = actions;
    while (action < actions + ACTIONS && strcmp(action->name, name) != 0)
        action++;
    if (action == actions + ACTIONS)
        return misused(cli, "create, next, peek, list, set or delete");
    if (count < action->least || count > action->most)
        return misused(cli, action->usage);

    if (action->most < INT32_MAX)
        return run_step(cli, action, count > 0 ? ord_settings_argument(cli->settings, 1) : "");
    enum ord_exit status = ORD_EXIT_DONE;
    for (int i = 1; i <= count && status != ORD_EXIT_UNAVAILABLE; i++) {
        enum ord_exit one = run_step(cli, action, ord_settings_argument(cli->settings, i));
        status = one == ORD_EXIT_DONE ? status : one;
    }
    return status;
}
