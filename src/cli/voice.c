#include "cli/voice.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

static void say_json(const struct ord_voice *voice, const char *time, const char *event, json_t *facts)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:s?}", "time", time, "event", event, "group", voice->group,
                             "member", voice->member);
    json_object_update(line, facts);
    char *text = json_dumps(line, JSON_COMPACT);
    ord_output_text(voice->output, text ? text : "{}");
    free(text);
    json_decref(line);
}

/* A line is one event, whatever a command says. */
static void say_text(const struct ord_voice *voice, const char *time, const char *event, char *rest)
{
    for (char *at = rest; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    const char *const words[] = {time, " ", voice->member ? voice->member : voice->group, " ", event, rest};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ord_output_text(voice->output, words[i]);
}

/* An event: its facts, which are taken, and its text after its name. What there is no memory for is left out.
 */
__attribute__((format(printf, 4, 5))) static void say(const struct ord_voice *voice, const char *event,
                                                      json_t *facts, const char *format, ...)
{
    char time[ORD_RFC3339_MAX], *rest = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&rest, format, args) < 0)
        rest = NULL;
    va_end(args);
    ord_rfc3339_format(ord_wall_ns() / 1000, 3, time);
    if (voice->is_json)
        say_json(voice, time, event, facts);
    else if (rest)
        say_text(voice, time, event, rest);
    ord_output_text(voice->output, "\n");
    ord_output_flush(voice->output);
    json_decref(facts);
    free(rest);
}

/* 64-bit numbers are strings in JSON. */
static json_t *big(int64_t number)
{
    return json_sprintf("%" PRId64, number);
}

static json_t *view_facts(const Ordinal__V1__View *view)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < view->n_changes; i++) {
        const Ordinal__V1__Change *change = view->changes[i];
        const ProtobufCEnumValue *kind =
            protobuf_c_enum_descriptor_get_value(&ordinal__v1__change_kind__descriptor, change->kind);
        json_array_append_new(changes,
                              json_pack("{s:o, s:s, s:s, s:o, s:I}", "epoch", big(change->epoch), "kind",
                                        kind ? kind->name : "?", "name", change->name, "sessionId",
                                        big(change->session_id), "rank", (json_int_t)change->rank));
    }
    return json_pack("{s:I, s:I, s:o, s:o}", "rank", (json_int_t)view->rank, "size", (json_int_t)view->size,
                     "epoch", big(view->epoch), "changes", changes);
}

static json_t *command_facts(const Ordinal__V1__Command *command)
{
    return json_pack("{s:o, s:s, s:I, s:o, s:I, s:s}", "id", big(command->id), "sender", command->sender,
                     "senderRank", (json_int_t)command->sender_rank, "epoch", big(command->epoch), "receivers",
                     (json_int_t)command->receivers, "text", command->text);
}

static const char *word_of(Ordinal__V1__ChangeKind kind)
{
    static const char *const words[] = {"changed", "joined", "left", "expired", "was evicted"};
    return words[(size_t)kind < sizeof words / sizeof *words ? (size_t)kind : 0];
}

/* ": bob left, carol joined", or nothing; to be freed. NULL: no memory. */
static char *changes_text(const Ordinal__V1__View *view)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (size_t i = 0; i < view->n_changes; i++)
        fprintf(out, "%s%s %s", i == 0 ? ": " : ", ", view->changes[i]->name, word_of(view->changes[i]->kind));
    fclose(out);
    return text;
}

void ord_say_joined(const struct ord_voice *voice, const Ordinal__V1__Welcome *welcome)
{
    const Ordinal__V1__View *view = welcome->view;
    json_t *facts = view_facts(view);
    json_object_set_new(facts, "sessionId", big(welcome->session_id));
    json_object_set_new(facts, "rejoined", json_boolean(welcome->rejoined));
    say(voice, "joined", facts, " %s%s: rank %" PRIu32 " of %" PRIu32 ", epoch %" PRId64, voice->group,
        welcome->rejoined ? " again" : "", view->rank, view->size, view->epoch);
}

void ord_say_view(const struct ord_voice *voice, const Ordinal__V1__View *view)
{
    char *changes = changes_text(view);
    const char *text = changes ? changes : "";
    if (voice->member)
        say(voice, "view", view_facts(view), ": rank %" PRIu32 " of %" PRIu32 ", epoch %" PRId64 "%s",
            view->rank, view->size, view->epoch, text);
    else
        say(voice, "view", view_facts(view), ": %" PRIu32 " members, epoch %" PRId64 "%s", view->size,
            view->epoch, text);
    free(changes);
}

void ord_say_received(const struct ord_voice *voice, const Ordinal__V1__Command *command)
{
    say(voice, "received", command_facts(command), " %" PRId64 " from %s (rank %" PRIu32 "): %s", command->id,
        command->sender, command->sender_rank, command->text);
}

void ord_say_command(const struct ord_voice *voice, const Ordinal__V1__Command *command)
{
    say(voice, "command", command_facts(command), " %" PRId64 " from %s (rank %" PRIu32 ") to %" PRIu32 ": %s",
        command->id, command->sender, command->sender_rank, command->receivers, command->text);
}

void ord_say_sent(const struct ord_voice *voice, const Ordinal__V1__Command *command)
{
    say(voice, "sent", command_facts(command), " %" PRId64 " to %" PRIu32 ": %s", command->id,
        command->receivers, command->text);
}

void ord_say_failure(const struct ord_voice *voice, const char *event, const struct ord_error *error)
{
    json_t *facts = json_pack("{s:s, s:s}", "code", ord_code_info(error->code)->name, "cause", error->text);
    say(voice, event, facts, ": %s", error->text);
}

void ord_say_left(const struct ord_voice *voice)
{
    say(voice, "left", json_object(), " %s", voice->group);
}
