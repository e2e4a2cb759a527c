/* The handlers behind the rows of SequenceService; see methods.h for what they promise. */
#pragma once

#include "api/methods.h"

ord_ask_handler ord_create_sequence, ord_next, ord_get_sequence, ord_list_sequences, ord_set_sequence,
    ord_delete_sequence;

/* Values of a NextResponse, each on a line. */
const char *ord_next_text(const ProtobufCMessage *reply, struct ord_arena *arena);
