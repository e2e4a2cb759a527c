#include <errno.h>
#include <inttypes.h>
#include <ordinal/v1/ids.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/describe.h"
#include "cli/get.h"
#include "wire/json.h"
#include "wire/query.h"

/* The options table has checked the name. */
static enum ord_id_format format_of(const struct ord_cli *cli)
{
    enum ord_id_format format = ORD_DECIMAL;
    ord_id_format_parse(ord_settings_text(cli->settings, "format"), &format, NULL);
    return format;
}

enum ord_exit ord_verb_get(struct ord_cli *cli)
{
    struct ord_progress progress;
    struct ord_get get = {
        .transport = &cli->transport,
        .output = cli->output,
        .progress = &progress,
        .count = (uint64_t)ord_settings_number(cli->settings, "count"),
        .batch = (uint32_t)ord_settings_number(cli->settings, "batch"),
        .tag = (uint32_t)ord_settings_number(cli->settings, "tag"),
        .request_id = ord_settings_text(cli->settings, "request-id"),
        .patience_ms = ord_settings_number(cli->settings, "timeout"),
        .format = format_of(cli),
        .is_json = cli->is_json,
    };
    struct ord_error error;
    if (get.request_id && get.count > get.batch) {
        ord_fail(&error, ORD_INVALID_ARGUMENT,
                 "--request-id: it is for one batch; allowed with --count up to %" PRIu32 ", that of --batch",
                 get.batch);
        return ord_cli_misused(cli->verb, &error);
    }
    ord_progress_start(&progress, ord_progress_fd(), get.count);
    return ord_get_run(&get, &error) == ORD_OK ? ORD_EXIT_DONE : ord_cli_fail(cli, &error);
}

/* Writes a message as one line of JSON. */
static enum ord_code write_json(struct ord_cli *cli, const ProtobufCMessage *message, enum ord_id_format format,
                                struct ord_arena *arena, struct ord_error *error)
{
    const char *text;
    enum ord_code code = ord_json_write(message, format, arena, &text, error);
    if (code != ORD_OK)
        return code;
    ord_output_text(cli->output, text);
    ord_output_text(cli->output, "\n");
    return ORD_OK;
}

static enum ord_code write_description(struct ord_cli *cli, const ProtobufCMessage *reply,
                                       enum ord_id_format format, bool is_first, struct ord_arena *arena,
                                       struct ord_error *error)
{
    if (cli->is_json)
        return write_json(cli, reply, format, arena, error);
    const char *text = ord_describe_text((const Ordinal__V1__DescribeIdResponse *)reply, arena);
    if (!text)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    ord_output_text(cli->output, is_first ? "" : "\n");
    ord_output_text(cli->output, text);
    return ORD_OK;
}

/* IDs of one `ordinal decode`, and how it went so far. */
struct decoding {
    struct ord_cli *cli;
    enum ord_id_format format;
    bool is_begun;
    enum ord_exit status;
};

/* What is said of one ID does not keep the others from being decoded; a lost server does. */
static bool goes_on(const struct decoding *decoding)
{
    return decoding->status != ORD_EXIT_UNAVAILABLE && !ord_output_is_over(decoding->cli->output);
}

static void note(struct decoding *decoding, enum ord_exit status)
{
    if (decoding->status == ORD_EXIT_DONE || status == ORD_EXIT_UNAVAILABLE)
        decoding->status = status;
}

static enum ord_code describe(struct decoding *decoding, const struct ord_method *method,
                              const ProtobufCMessage *request, struct ord_arena *arena, struct ord_error *error)
{
    struct ord_cli *cli = decoding->cli;
    ProtobufCMessage *reply;
    enum ord_code code = cli->transport.call(cli->transport.context, method, request, arena, &reply, error);
    if (code == ORD_OK)
        code = write_description(cli, reply, decoding->format, !decoding->is_begun, arena, error);
    if (code == ORD_OK)
        decoding->is_begun = true;
    ord_output_flush(cli->output);
    return code;
}

static void decode(struct decoding *decoding, const char *id)
{
    char buffer[4096];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    const struct ord_method *method = ord_method_by_name("DescribeId");
    ProtobufCMessage *request = ord_message_new(method->request, &arena);
    ord_field_set given = 0;
    struct ord_error error = {.code = ORD_INTERNAL, .text = "no memory"};

    if (!request) {
        note(decoding, ord_cli_fail(decoding->cli, &error));
    } else if (ord_query_set(request, &given, "id", id, decoding->format, &arena, &error) != ORD_OK) {
        ord_cli_fail(decoding->cli, &error);
        note(decoding, ORD_EXIT_USAGE);
    } else if (describe(decoding, method, request, &arena, &error) != ORD_OK) {
        note(decoding, ord_cli_fail(decoding->cli, &error));
    }
    ord_arena_finish(&arena);
}

static void decode_lines(struct decoding *decoding, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    while (goes_on(decoding) && getline(&line, &room, in) >= 0) {
        char *start = line + strspn(line, " \t\r\n");
        for (size_t length = strlen(start); length > 0 && strchr(" \t\r\n", start[length - 1]);)
            start[--length] = '\0';
        if (*start)
            decode(decoding, start);
    }
    if (ferror(in)) {
        struct ord_error error;
        ord_fail_errno(&error, errno, "standard input");
        note(decoding, ord_cli_fail(decoding->cli, &error));
    }
    free(line);
}

enum ord_exit ord_verb_decode(struct ord_cli *cli)
{
    struct decoding decoding = {.cli = cli, .format = format_of(cli)};
    int count = ord_settings_argument_count(cli->settings);
    if (count == 0)
        decode_lines(&decoding, stdin);
    for (int i = 0; i < count && goes_on(&decoding); i++) {
        const char *id = ord_settings_argument(cli->settings, i);
        if (strcmp(id, "-") == 0)
            decode_lines(&decoding, stdin);
        else
            decode(&decoding, id);
    }
    return decoding.status;
}

static enum ord_code ask_bounds(struct ord_cli *cli, const ProtobufCMessageDescriptor *type,
                                struct ord_arena *arena, ProtobufCMessage **ret_reply, struct ord_error *error)
{
    ProtobufCMessage *request = ord_message_new(type, arena);
    if (!request)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    static const char *const names[] = {"start", "end"};
    ord_field_set given = 0;
    for (int i = 0; i < 2; i++) {
        const char *time = ord_settings_argument(cli->settings, i);
        enum ord_code code = ord_query_set(request, &given, names[i], time, ORD_DECIMAL, arena, error);
        if (code != ORD_OK)
            return code;
    }
    return cli->transport.call(cli->transport.context, ord_method_by_name("GetIdBounds"), request, arena,
                               ret_reply, error);
}

static void write_line(struct ord_output *output, int64_t id, enum ord_id_format format)
{
    char *start = ord_output_room(output, ORD_ID_TEXT_MAX + 1);
    size_t length = ord_id_write(id, format, start);
    start[length] = '\n';
    ord_output_used(output, length + 1);
}

static enum ord_code write_bounds(struct ord_cli *cli, const ProtobufCMessage *message, struct ord_arena *arena,
                                  struct ord_error *error)
{
    const Ordinal__V1__GetIdBoundsResponse *reply = (const Ordinal__V1__GetIdBoundsResponse *)message;
    if (reply->min_id < 0 || reply->max_id < reply->min_id)
        return ord_fail(error, ORD_INTERNAL, "the answer makes no sense: from %lld to %lld",
                        (long long)reply->min_id, (long long)reply->max_id);
    if (cli->is_json)
        return write_json(cli, message, format_of(cli), arena, error);
    write_line(cli->output, reply->min_id, format_of(cli));
    write_line(cli->output, reply->max_id, format_of(cli));
    return ORD_OK;
}

enum ord_exit ord_verb_bounds(struct ord_cli *cli)
{
    struct ord_error error;
    if (ord_settings_argument_count(cli->settings) != 2) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "two times are needed: START and END");
        return ord_cli_misused(cli->verb, &error);
    }

    char buffer[2048];
    struct ord_arena arena;
    ord_arena_init(&arena, buffer, sizeof buffer);
    ProtobufCMessage *reply;
    enum ord_code code = ask_bounds(cli, ord_method_by_name("GetIdBounds")->request, &arena, &reply, &error);
    if (code == ORD_OK)
        code = write_bounds(cli, reply, &arena, &error);
    ord_arena_finish(&arena);
    return code == ORD_OK ? ORD_EXIT_DONE : ord_cli_fail(cli, &error);
}

enum ord_exit ord_verb_health(struct ord_cli *cli)
{
    struct ord_error error;
    bool is_serving;
    const char *service = ord_settings_text(cli->settings, "service");
    if (service && !cli->transport.has_services) {
        ord_fail(&error, ORD_INVALID_ARGUMENT, "--service: only gRPC knows of single services");
        return ord_cli_misused(cli->verb, &error);
    }
    if (cli->transport.check(cli->transport.context, service ? service : "", &is_serving, &error) != ORD_OK)
        return ord_cli_fail(cli, &error);

    static const char *const texts[2][2] = {
        {"not serving\n", "serving\n"},
        {"{\"status\":\"NOT_SERVING\"}\n", "{\"status\":\"SERVING\"}\n"},
    };
    ord_output_text(cli->output, texts[cli->is_json][is_serving]);
    return is_serving ? ORD_EXIT_DONE : ORD_EXIT_FAILED;
}
