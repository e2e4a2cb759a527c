/*
 * Named sequences, beside the reservation in the node's file: see core/sequence.h, and for the form of what is
 * stored store/sequence_values.h. Changes go through a journal (store/redo.h).
 */
#pragma once

#include "core/sequence.h"
#include "store/embedded.h"

/* A port onto `store`, which outlives it and has claimed its place. One thread, beside those of the other
 * ports.
 */
struct ord_sequence_port ord_embedded_sequences(struct ord_embedded *store);
