/* A disk for sequences that fails when it is told to: storage in memory that outlives the engine. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "core/sequence.h"
#include "sequence/sequences.h"
#include "store/memory_sequences.h"

enum {
    REQUESTS = 256
};

struct disk {
    struct ord_memory_sequences memory;
    struct stored {
        char key[300];
        struct ord_grant grant;
    } requests[REQUESTS];
    int request_count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_held;      /* commits wait */
    int held;          /* that do */
    int fails;         /* so many commits fail */
    bool lands;        /* those that fail are stored all the same */
    int reading_fails; /* so many readings fail */
    const char *damaged;
    int commits, reads;
    int64_t now_us;
};

void disk_init(struct disk *ret);
void disk_finish(struct disk *disk);

/* Opens an engine that has it. */
struct ord_sequences *disk_opened(struct disk *disk, size_t loaded_max, size_t request_max);

/* The engine ends as if it were killed: nothing of it reaches the disk any more. */
struct ord_sequences *disk_crash(struct disk *disk, struct ord_sequences *sequences);

void disk_hold(struct disk *disk);
void disk_wait_until_held(struct disk *disk);
void disk_let_go(struct disk *disk);

/* What is stored of a name. */
struct ord_sequence_record disk_record(struct disk *disk, const char *name);

/* One that asks, and waits. */
struct asker {
    struct ord_sequence_ask ask; /* first */
    struct ord_error error;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
    int order; /* which answer it was, of all */
};

void asker_init(struct asker *ret, enum ord_sequence_verb verb, const char *name);
enum ord_code asker_wait(struct asker *asker);

/* Asks and waits. */
enum ord_code do_ask(struct ord_sequences *sequences, struct asker *asker);
enum ord_code do_create(struct ord_sequences *sequences, const char *name, const struct ord_sequence *what);
enum ord_code do_next(struct ord_sequences *sequences, const char *name, uint32_t count, const char *request_id,
                      int64_t *ret_first);
enum ord_code do_set(struct ord_sequences *sequences, const char *name, int64_t next, bool forced);
enum ord_code do_delete(struct ord_sequences *sequences, const char *name);
enum ord_code do_get(struct ord_sequences *sequences, const char *name, struct ord_sequence_record *ret);

/* The next value, whichever way it is to be had; the test fails if there is none. */
int64_t value_of(struct ord_sequences *sequences, const char *name);

extern const struct ord_sequence gapless, blocks_of_ten;
