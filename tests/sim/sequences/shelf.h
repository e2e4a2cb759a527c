/*
 * A simulated store of sequences behind the engine's port. A commit is one whole: it is durable, or lost, or
 * nobody knows until the next call or a crash decides; and the process may end before or after it. The engine's
 * callers go on while a call is under way.
 */
#pragma once

#include "core/sequence.h"
#include "sim/random.h"

#define SHELF_NAMES 6
#define SHELF_KEYS 128
#define SHELF_KEY_MAX 40

struct shelf_key {
    char text[SHELF_KEY_MAX]; /* empty: free */
    struct ord_grant grant;
};

/* All that is stored. */
struct shelf_image {
    struct ord_sequence_record records[SHELF_NAMES];
    struct shelf_key keys[SHELF_KEYS];
};

enum shelf_event {
    SHELF_DURABLE,
    SHELF_LOST,      /* a commit that failed, and left nothing */
    SHELF_DOUBTFUL,  /* a commit that failed, and may have left all */
    SHELF_UNREAD,    /* a read that failed */
    SHELF_CRASH,     /* the process ends before what it was to write is durable */
    SHELF_LATE_CRASH /* or after, and before it knows */
};

struct shelf {
    struct sim_random *random;
    struct shelf_image durable, doubt; /* doubt: what is stored if the last commit was done all the same */
    bool is_doubtful;
    bool is_dead;                    /* the process has ended: nothing that it still does counts */
    uint64_t fault_odds, crash_odds; /* one in so many calls; 0: never */
    /* The owner's. */
    void (*meanwhile)(void *context); /* others act */
    void (*noted)(void *context, enum shelf_event event);
    void *context;
};

/* "n0" and so on. */
extern const char *const shelf_names[SHELF_NAMES];
unsigned shelf_index(const char *name);

struct ord_sequence_port shelf_port(struct shelf *shelf);

/* The process has ended: what was in doubt is decided. */
void shelf_decide(struct shelf *shelf);

/* What is remembered of a key, or NULL. */
const struct ord_grant *shelf_find(const struct shelf_image *image, const char *key);
