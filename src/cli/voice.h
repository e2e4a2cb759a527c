/*
 * What `ordinal member` and `ordinal ranks --watch` say: a line an event, for people or as JSON.
 *
 * Text lines start with the time in UTC and the speaker's name; what follows stands beside each function. JSON
 * lines have "time", "event" (the first word below), "group", "member" and what else the text says, 64-bit
 * numbers as strings.
 */
#pragma once

#include <ordinal/v1/ranks.pb-c.h>
#include <stdbool.h>

#include "base/error.h"
#include "cli/output.h"

struct ord_voice {
    struct ord_output *output;
    const char *group, *member; /* NULL: an observer */
    bool is_json;
};

/* "joined default: rank 3 of 3, epoch 7"; "joined default again: …" when it kept its place. */
void ord_say_joined(const struct ord_voice *voice, const Ordinal__V1__Welcome *welcome);

/* "view: rank 2 of 2, epoch 8: bob left"; an observer has no rank. */
void ord_say_view(const struct ord_voice *voice, const Ordinal__V1__View *view);

/* "received 118250482884120578 from carol (rank 1): reload caches". */
void ord_say_received(const struct ord_voice *voice, const Ordinal__V1__Command *command);

/* "command 118250482884120578 from carol (rank 1) to 2: reload caches", for an observer. */
void ord_say_command(const struct ord_voice *voice, const Ordinal__V1__Command *command);

/* "sent 118250482884120579 to 2: rotate logs". */
void ord_say_sent(const struct ord_voice *voice, const Ordinal__V1__Command *command);

/* "lost: the server cannot be reached…", and whatever else has an error for its cause. */
void ord_say_failure(const struct ord_voice *voice, const char *event, const struct ord_error *error);

/* "left default". */
void ord_say_left(const struct ord_voice *voice);
