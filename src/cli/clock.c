/* `ordinal clock`. */
#include <ordinal/v1/clock.pb-c.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/clock_text.h"
#include "wire/json.h"

/* What can be done, the method that does it, and where its reply has the clock. */
static const struct {
    const char *name;
    const char *method;
    size_t clock;
} actions[] = {
    {"show", "GetClock", offsetof(Ordinal__V1__GetClockResponse, clock)},
    {"accept", "AcceptClockStep", offsetof(Ordinal__V1__AcceptClockStepResponse, clock)},
    {"reject", "RejectClockStep", offsetof(Ordinal__V1__RejectClockStepResponse, clock)},
};

#define ACTIONS (sizeof actions / sizeof *actions)

static enum ord_code write_clock(struct ord_cli *cli, const Ordinal__V1__Clock *clock, struct ord_arena *arena,
                                 struct ord_error *error)
{
    if (!clock)
        return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: it has no clock");
    const char *text;
    if (!cli->is_json)
        text = ord_clock_text(clock, arena);
    else if (ord_json_write(&clock->base, ORD_DECIMAL, arena, &text, error) != ORD_OK)
        return error->code;
    if (!text)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    ord_output_text(cli->output, text);
    ord_output_text(cli->output, cli->is_json ? "\n" : "");
    return ORD_OK;
}

static enum ord_code act(struct ord_cli *cli, size_t action, struct ord_arena *arena, struct ord_error *error)
{
    const struct ord_method *method = ord_method_by_name(actions[action].method);
    ProtobufCMessage *request = ord_message_new(method->request, arena), *reply;
    if (!request)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    enum ord_code code = cli->transport.call(cli->transport.context, method, request, arena, &reply, error);
    if (code != ORD_OK)
        return code;
    const char *clock = (const char *)reply + actions[action].clock;
    return write_clock(cli, *(Ordinal__V1__Clock *const *)clock, arena, error);
}

enum ord_exit ord_verb_clock(struct ord_cli *cli)
{
    struct ord_error error;
    bool is_one = ord_settings_argument_count(cli->settings) == 1;
    const char *name = is_one ? ord_settings_argument(cli->settings, 0) : "";
    size_t action = 0;
    while (action < ACTIONS && strcmp(actions[action].name, name) != 0)
        action++;
    if (action == ACTIONS) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "say what to do: show, accept or reject");
        return ord_cli_misused(cli->verb, &error);
    }

    char buffer[2048];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    enum ord_code code = act(cli, action, &arena, &error);
    ord_arena_finish(&arena);
    return code == ORD_OK ? ORD_EXIT_DONE : ord_cli_fail(cli, &error);
}
