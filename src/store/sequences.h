/*
 * Named sequences, beside the reservation in the node's file: see core/sequence.h.
 *
 * The key of a sequence is "sequence/" and its name. Its value, little endian:
 *
 *     at  size
 *      0     4  version, 1
 *      4     4  status: 1 live, 2 deleted
 *      8     4  mode: 0 block, 1 gapless
 *     12     4  block
 *     16     4  birth
 *     20     4  1: no value is left, else 0
 *     24     8  start
 *     32     8  increment
 *     40     8  minimum
 *     48     8  maximum
 *     56     8  next: values before it may have left
 *     64     8  when it was created, Unix time in microseconds
 *     72     4  CRC-32 of the key and all that stands before it
 *
 * The key of a request is "sequence-request/", the sequence's name, "/", its birth, "/" and the caller's key:
 *
 *      0     4  version, 1
 *      4     4  count
 *      8     8  first value
 *     16     8  when it was given, Unix time in microseconds
 *     24     4  CRC-32 of the key and all that stands before it
 */
#pragma once

#include "core/sequence.h"
#include "store/embedded.h"

/* A port onto `store`, which outlives it and has claimed its place. One thread, beside those of the other
 * ports.
 */
struct ord_sequence_port ord_embedded_sequences(struct ord_embedded *store);
