/* `ordinal ranks` and `ordinal send`: a group seen from outside, and one command to it. */
#include <inttypes.h>
#include <ordinal/v1/ranks.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/voice.h"
#include "wire/json.h"

#define PAGE_SIZE 1000
#define TOKEN_MAX 1024

static enum ord_code call(const struct ord_cli *cli, const char *method, const ProtobufCMessage *request,
                          struct ord_arena *arena, ProtobufCMessage **ret_reply, struct ord_error *error)
{
    return cli->transport.call(cli->transport.context, ord_method_by_name(method), request, arena, ret_reply,
                               error);
}

static char *group_of(const struct ord_cli *cli)
{
    return (char *)ord_settings_text(cli->settings, "group");
}

static enum ord_code write_json(struct ord_cli *cli, const ProtobufCMessage *message, struct ord_arena *arena,
                                struct ord_error *error)
{
    const char *text;
    enum ord_code code = ord_json_write(message, ORD_DECIMAL, arena, &text, error);
    if (code != ORD_OK)
        return code;
    ord_output_text(cli->output, text);
    ord_output_text(cli->output, "\n");
    return ORD_OK;
}

static enum ord_code write_text(struct ord_cli *cli, const char *text, struct ord_error *error)
{
    if (!text)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    ord_output_text(cli->output, text);
    return ORD_OK;
}

static const char *kind_of(const Ordinal__V1__Member *member)
{
    static const char *const kinds[] = {"?", "stream", "lease", "callback"};
    size_t kind = (size_t)member->kind;
    return kinds[kind < sizeof kinds / sizeof *kinds ? kind : 0];
}

static enum ord_code write_member(struct ord_cli *cli, const Ordinal__V1__Member *member,
                                  struct ord_arena *arena, struct ord_error *error)
{
    if (cli->is_json)
        return write_json(cli, &member->base, arena, error);
    return write_text(cli,
                      ord_arena_printf(arena, "%6" PRIu32 "  %-32s %-8s  %-27s %7.1f s %8" PRIu32 "\n",
                                       member->rank, member->name, kind_of(member), member->join_time,
                                       (double)member->silent_ms / 1000, member->pending),
                      error);
}

static enum ord_code write_heading(struct ord_cli *cli, const Ordinal__V1__View *view, struct ord_arena *arena,
                                   struct ord_error *error)
{
    return write_text(cli,
                      ord_arena_printf(arena,
                                       "group %s: %" PRIu32 " members, epoch %" PRId64 "\n"
                                       "  RANK  %-32s %-8s  %-27s %9s %8s\n",
                                       group_of(cli), view->size, view->epoch, "NAME", "BY", "SINCE", "SILENT",
                                       "PENDING"),
                      error);
}

/* One page; `token` is then where the next one is, or empty. */
static enum ord_code list_page(struct ord_cli *cli, char token[TOKEN_MAX], struct ord_arena *arena,
                               struct ord_error *error)
{
    Ordinal__V1__ListMembersRequest request = ORDINAL__V1__LIST_MEMBERS_REQUEST__INIT;
    ProtobufCMessage *message;
    request.group = group_of(cli);
    request.page_size = PAGE_SIZE;
    request.page_token = token;
    enum ord_code code = call(cli, "ListMembers", &request.base, arena, &message, error);
    if (code != ORD_OK)
        return code;
    const Ordinal__V1__ListMembersResponse *reply = (const void *)message;
    if (!reply->view || strlen(reply->next_page_token) >= TOKEN_MAX)
        return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: no view, or no way to the next page");
    if (!*token && !cli->is_json)
        code = write_heading(cli, reply->view, arena, error);
    for (size_t i = 0; code == ORD_OK && i < reply->view->n_members; i++)
        code = write_member(cli, reply->view->members[i], arena, error);
    strcpy(token, reply->next_page_token);
    return code;
}

static enum ord_code list_members(struct ord_cli *cli, struct ord_error *error)
{
    char token[TOKEN_MAX] = "";
    enum ord_code code;
    do {
        struct ord_arena arena;
        ord_arena_init(&arena, NULL, 0);
        code = list_page(cli, token, &arena, error);
        ord_arena_finish(&arena);
    } while (code == ORD_OK && *token && !ord_output_is_over(cli->output));
    return code;
}

static void say(const struct ord_voice *voice, const Ordinal__V1__WatchResponse *event)
{
    if (event->event_case == ORDINAL__V1__WATCH_RESPONSE__EVENT_VIEW)
        ord_say_view(voice, event->view);
    if (event->event_case == ORDINAL__V1__WATCH_RESPONSE__EVENT_COMMAND)
        ord_say_command(voice, event->command);
}

/* Until the stream ends, or nobody reads any more. */
static enum ord_code hear(struct ord_cli *cli, struct ord_stream *stream, struct ord_error *error)
{
    const struct ord_voice voice = {.output = cli->output, .group = group_of(cli), .is_json = cli->is_json};
    enum ord_code code = ORD_OK;
    for (bool goes_on = true; goes_on;) {
        struct ord_arena arena;
        ProtobufCMessage *message = NULL;
        ord_arena_init(&arena, NULL, 0);
        code = ord_stream_next(stream, &arena, &message, error);
        goes_on = code == ORD_OK && message;
        if (goes_on)
            say(&voice, (const Ordinal__V1__WatchResponse *)message);
        ord_arena_finish(&arena);
        goes_on = goes_on && !ord_output_is_over(cli->output);
    }
    return code;
}

static enum ord_code watch(struct ord_cli *cli, struct ord_error *error)
{
    Ordinal__V1__WatchRequest request = ORDINAL__V1__WATCH_REQUEST__INIT;
    struct ord_stream *stream;
    request.group = group_of(cli);
    request.max_members = 1; /* lines tell of changes */
    enum ord_code code = cli->transport.listen(cli->transport.context, ord_method_by_name("Watch"),
                                               &request.base, &stream, error);
    if (code != ORD_OK)
        return code;
    code = hear(cli, stream, error);
    ord_stream_close(stream);
    return code;
}

enum ord_exit ord_verb_ranks(struct ord_cli *cli)
{
    bool watches = ord_settings_switch(cli->settings, "watch");
    struct ord_error error;
    if (watches && !cli->transport.listen) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "--watch: only over gRPC");
        return ord_cli_misused(cli->verb, &error);
    }
    enum ord_code code = list_members(cli, &error);
    ord_output_flush(cli->output);
    if (code == ORD_OK && watches)
        code = watch(cli, &error);
    return code == ORD_OK ? ORD_EXIT_DONE : ord_cli_fail(cli, &error);
}

static enum ord_code send(struct ord_cli *cli, const char *text, struct ord_arena *arena,
                          struct ord_error *error)
{
    Ordinal__V1__SendCommandRequest request = ORDINAL__V1__SEND_COMMAND_REQUEST__INIT;
    ProtobufCMessage *message;
    const char *key = ord_settings_text(cli->settings, "request-id");
    request.group = group_of(cli);
    request.name = (char *)ord_settings_text(cli->settings, "name");
    request.text = (char *)text;
    if (key)
        request.request_id = (char *)key;
    enum ord_code code = call(cli, "SendCommand", &request.base, arena, &message, error);
    if (code != ORD_OK)
        return code;
    const Ordinal__V1__Command *command = ((const Ordinal__V1__SendCommandResponse *)message)->command;
    if (!command)
        return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: it has no command");
    if (cli->is_json)
        return write_json(cli, message, arena, error);
    return write_text(
        cli,
        ord_arena_printf(arena, "%" PRId64 " sent to %" PRIu32 "%s\n", command->id, command->receivers,
                         ((const Ordinal__V1__SendCommandResponse *)message)->repeat ? " before" : ""),
        error);
}

enum ord_exit ord_verb_send(struct ord_cli *cli)
{
    struct ord_error error;
    struct ord_arena arena;
    if (ord_settings_argument_count(cli->settings) != 1 || !ord_settings_text(cli->settings, "name")) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "say who sends what: --name NAME TEXT");
        return ord_cli_misused(cli->verb, &error);
    }
    ord_arena_init(&arena, NULL, 0);
    enum ord_code code = send(cli, ord_settings_argument(cli->settings, 0), &arena, &error);
    ord_arena_finish(&arena);
    return code == ORD_OK ? ORD_EXIT_DONE : ord_cli_fail(cli, &error);
}
