/* Shared by play.c and change.c, in which callers act, and hear.c, in which they are answered. */
#pragma once

#include "base/arena.h"
#include "sim/sequences/play.h"

enum {
    CALLS = 16,
    KEYS = 12,
    ACTIONS_MAX = 500,
    COUNT_MAX = 40,
    STEP_US = 1000,
};

#define LIFE_US INT64_C(20000000)

/* A key of a caller's. */
struct key {
    enum {
        KEY_FREE,
        KEY_OPEN,     /* not answered yet, perhaps without an answer */
        KEY_ANSWERED, /* `first` came */
    } state;
    bool is_under_way, was_unanswered;
    unsigned name, number;
    uint32_t count;
    int64_t first, floor, since_us;
};

struct call {
    struct ord_sequence_ask ask; /* first */
    struct ord_error error;
    struct ord_arena arena;
    bool is_used;
    unsigned name;
    int64_t floor; /* the highest step when it began */
    struct key *key;
    char key_text[16];
};

/* What is known of a name beside its sequence's steps. */
struct named {
    struct oracle oracle;
    enum ord_sequence_status status;
    bool is_settling;        /* something was changed whose outcome is not known yet */
    bool is_unsure;          /* and nobody was told it: it has to be asked for */
    uint64_t sure_after;     /* commits and starts: an answer after that many counts */
    int64_t least;           /* nothing below may come next */
    unsigned calls, changes; /* under way */
};

struct play {
    struct sim_random random;
    struct shelf shelf;
    struct ord_sequences *engine;
    struct named names[SHELF_NAMES];
    struct call calls[CALLS];
    struct key keys[KEYS];
    int64_t now_us;
    uint64_t progress; /* commits and starts */
    unsigned key_number;
    uint64_t change_odds, key_odds, repeat_odds;
    bool had_trouble; /* the store failed in this run */
    bool is_closing;  /* nobody asks any more */
    struct play_totals *totals;
    FILE *trace;
    char *failure;
    /* The committer. */
    ord_commit_all *work;
    void *work_context;
    struct ord_commit *first, **end;
};

extern struct play now;

/* The first one counts. */
__attribute__((format(printf, 1, 2))) void fail(const char *format, ...);
void expect(const char *wrong, unsigned name);

void tell(enum play_event event, const char *name, int64_t a, int64_t b);

/* The store's: something happened to it. */
void noted(void *context, enum shelf_event event);

/* The engine's: a call is answered. */
void done(struct ord_sequence_ask *ask);

/* Values came, at once or not. */
void take_values(struct call *call);

bool is_gapless(unsigned name);

/* Its call is answered, or it is given up. */
void close_key(struct key *key);

/* Whether what is stored of a name is right. */
void check_stored(unsigned name, uint64_t spare);

uint64_t below(uint64_t bound);
bool one_in(uint64_t odds);

/* A call begins. NULL: as many are under way as there may be. */
struct call *begin_call(unsigned name, enum ord_sequence_verb verb);

/* Creates, sets or deletes a sequence, unless a call on it is under way. */
void change(unsigned name);
