/*
 * Named sequences, purely: what they are, where they stand, and which values come next; and the port that makes
 * them durable.
 *
 * Values are 64-bit and signed, over the whole range; no step overflows. A sequence that has reached its
 * maximum is over, and stays so until it is set.
 *
 * Plain values without threads, files or clocks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/name.h"
#include "core/requests.h"

#define ORD_SEQUENCE_BLOCK_MAX 1000000
#define ORD_SEQUENCE_BLOCK_PRESET 10000
#define ORD_SEQUENCE_COUNT_MAX 1000000

enum ord_sequence_mode {
    ORD_SEQUENCE_BLOCK,   /* values are reserved in blocks; a crash skips at most one */
    ORD_SEQUENCE_GAPLESS, /* a value leaves only once that is durable */
    ORD_SEQUENCE_MODES,
};

/* "block", "gapless". */
extern const char *const ord_sequence_mode_names[ORD_SEQUENCE_MODES];

/* What a sequence is, for as long as it lives. */
struct ord_sequence {
    enum ord_sequence_mode mode;
    uint32_t block; /* how many values are reserved at a time; 0 without blocks */
    int64_t start, increment, minimum, maximum;
};

/* Where it stands. */
struct ord_position {
    int64_t next; /* the value that comes next; the last one that came, if it is over */
    bool is_over; /* no value is left */
};

/* ORD_OUT_OF_RANGE: a property that cannot be, or that does not fit the others. */
enum ord_code ord_sequence_check(const struct ord_sequence *sequence, struct ord_error *error);

bool ord_sequence_equals(const struct ord_sequence *a, const struct ord_sequence *b);

/* How many values are left; UINT64_MAX also where there is one more. */
uint64_t ord_sequence_left(const struct ord_sequence *sequence, const struct ord_position *at);

/* Where it stands after `count` more values, 1 to what is left. */
struct ord_position ord_sequence_after(const struct ord_sequence *sequence, const struct ord_position *at,
                                       uint64_t count);

/* ORD_OUT_OF_RANGE: `count`, the request's. */
enum ord_code ord_sequence_check_count(uint32_t count, struct ord_error *error);

/* ORD_EXHAUSTED, for a call that wants `count` values where fewer, `left`, are left. */
enum ord_code ord_sequence_refuse(const struct ord_sequence *sequence, uint32_t count, uint64_t left,
                                  struct ord_error *error);

/* Whether `next` may come next. ORD_OUT_OF_RANGE: it lies outside of minimum and maximum. ORD_PRECONDITION:
 * values would come again, and that is not `forced`. */
enum ord_code ord_sequence_check_set(const struct ord_sequence *sequence, const struct ord_position *at,
                                     int64_t next, bool forced, struct ord_error *error);

/* What is stored of a name. */
enum ord_sequence_status {
    ORD_SEQUENCE_ABSENT,  /* nothing */
    ORD_SEQUENCE_LIVE,    /* a sequence */
    ORD_SEQUENCE_DELETED, /* that there was one: the rest says how it was */
};

struct ord_sequence_record {
    enum ord_sequence_status status;
    struct ord_sequence what;
    struct ord_position at; /* values before it may have left */
    uint32_t birth;         /* how often the name was taken: keys of requests belong to one life */
    int64_t created_us;     /* Unix time */
};

/* One name of several that are read or written together. */
struct ord_sequence_item {
    const char *name;
    struct ord_sequence_record record;
    bool is_damaged; /* read: what is stored cannot be trusted; the record is not set */
};

/* What becomes durable together. */
struct ord_sequence_batch {
    const struct ord_sequence_item *items; /* each name once; ORD_SEQUENCE_ABSENT removes */
    size_t count;
    struct ord_request_batch requests; /* keys are "NAME/BIRTH/" and the caller's key */
};

/* Tells one sequence of a list. False: no more of them. */
typedef bool ord_sequence_found(void *context, const struct ord_sequence_item *item);

/*
 * One thread at a time, beside those of the other ports onto the same store; each call may block for as long as
 * the storage takes. The reservation port has claimed the place before. Errors are ORD_UNAVAILABLE or
 * ORD_INTERNAL with the cause.
 */
struct ord_sequence_port {
    void *context;
    /* Tells every request that was given after `since_us`; removes older ones. Once, first. */
    enum ord_code (*load_requests)(void *context, int64_t since_us, ord_request_found *found,
                                   void *found_context, uint32_t *ret_damaged, struct ord_error *error);
    /* Fills the records of `count` names. */
    enum ord_code (*read)(void *context, struct ord_sequence_item *items, size_t count,
                          struct ord_error *error);
    /* Tells what is stored of names that start with `prefix` and come after `after`, in byte order. */
    enum ord_code (*list)(void *context, const char *prefix, const char *after, ord_sequence_found *found,
                          void *found_context, struct ord_error *error);
    /* Nothing more is committed: may bring what is stored into the form in which it is best left. May be NULL.
     * All is durable anyway, so that a failure costs nothing. */
    enum ord_code (*finish)(void *context, struct ord_error *error);
    /* ORD_OK only after all of the batch is durable. After a failure all of it is stored, or nothing: nobody
     * knows which, but it does not change once a later call has begun. */
    enum ord_code (*commit)(void *context, const struct ord_sequence_batch *batch, struct ord_error *error);
};
