/*
 * A history of sequences, made from a seed: callers of the real engine (src/sequence) on a simulated store,
 * with the engine's one thread taken apart: the linker gives it a committer that works when chance says so, and
 * callers go on within each call of the store.
 */
#pragma once

#include <stdio.h>

#include "sequence/sequences.h"
#include "sim/sequences/oracle.h"

enum play_event {
    PLAY_NEXT,
    PLAY_NEXT_AT_ONCE,
    PLAY_NEXT_KEYED,
    PLAY_REPEATED, /* a key brought what it had brought */
    PLAY_RESUMED,  /* a key brought what its call without an answer had taken */
    PLAY_EXHAUSTED,
    PLAY_UNAVAILABLE,
    PLAY_CAPACITY,
    PLAY_CREATE,
    PLAY_SET,
    PLAY_DELETE,
    PLAY_GET,
    PLAY_LIST,
    PLAY_UNANSWERED,
    PLAY_COMMIT,
    PLAY_COMMIT_LOST,
    PLAY_COMMIT_DOUBTFUL,
    PLAY_UNREAD,
    PLAY_CRASH_BEFORE,
    PLAY_CRASH_AFTER,
    PLAY_CRASH,
    PLAY_STOP,
    PLAY_STOP_FAILED,
    PLAY_EVENTS,
};

extern const char *const play_event_names[PLAY_EVENTS];

struct play_totals {
    uint64_t events[PLAY_EVENTS];
    uint64_t values, hash;
};

/* Makes the history of a seed. False: it broke a promise; `ret_failure` says which. `trace` may be NULL. */
bool play(uint64_t seed, struct play_totals *totals, FILE *trace, char ret_failure[200]);
