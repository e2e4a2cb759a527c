/* Shared by embedded.c, which holds a place, and claim.c, which comes to hold it. */
#pragma once

#include <pthread.h>

#include "store/database.h"
#include "store/directory.h"
#include "store/embedded.h"
#include "store/record.h"

struct ord_redo;

struct ord_embedded {
    pthread_mutex_t writing; /* reservations and requests come from two threads */
    struct ord_embedded_options options;
    struct ord_place place;
    struct ord_directory directory;
    int lock_fd; /* -1: not open */
    char file[ORD_FILE_NAME_MAX], lock[ORD_FILE_NAME_MAX], marker[ORD_FILE_NAME_MAX];
    char journal[ORD_FILE_NAME_MAX];
    struct ord_database database;
    struct ord_record record; /* as last written, by this run */
    struct ord_embedded_facts facts;
    struct ord_redo *redo; /* of the sequences; NULL: they were not used yet */
};

/* Bytes of the lock file: one for each worker from 0 on, and some for all. */
#define ORD_LOCK_WORKERS (INT64_C(1) << 40) /* how many are kept for workers */
#define ORD_LOCK_WRITE ORD_LOCK_WORKERS
#define ORD_LOCK_PROBE (ORD_LOCK_WORKERS + 1)

/* Reads the value at a worker's key. ORD_NOT_FOUND; ORD_INVALID_ARGUMENT: it is damaged. */
enum ord_code ord_embedded_get(MDB_txn *txn, MDB_dbi dbi, uint32_t worker, struct ord_record *ret_record,
                               struct ord_error *error);

/* Puts a record at the key of its worker, with the time and the boot ID of now. */
enum ord_code ord_embedded_put(MDB_txn *txn, MDB_dbi dbi, struct ord_record *record, struct ord_error *error);

/* Where workers start that have no record yet: at or above what was used in a layout or split before this. */
#define ORD_FLOOR_KEY "reservation/floor"
enum ord_code ord_embedded_put_floor(MDB_txn *txn, MDB_dbi dbi, const struct ord_record *record,
                                     struct ord_error *error);

/* Whether the place is still ours, within a transaction. ORD_UNAVAILABLE: another process has claimed it. */
enum ord_code ord_embedded_check_ours(const struct ord_embedded *store, MDB_txn *txn, MDB_dbi dbi,
                                      struct ord_error *error);

/* A transaction on the store that holds its place. Any thread; one after the other. */
enum ord_code ord_embedded_write(struct ord_embedded *store, ord_database_work *work, void *context,
                                 struct ord_error *error);

/* As ord_embedded_write, to read only. */
enum ord_code ord_embedded_read(struct ord_embedded *store, ord_database_work *work, void *context,
                                struct ord_error *error);

/* The claim of the port: store->place, options in; everything else out. On failure nothing is held. */
enum ord_code ord_embedded_claim(struct ord_embedded *store, struct ord_error *error);

/* Renames a file of the directory, so that nothing is lost; `ret_name` is its new name. */
enum ord_code ord_embedded_set_aside(struct ord_embedded *store, const char *name, char ret_name[128],
                                     struct ord_error *error);

/* Gives the lock up and closes all files. */
void ord_embedded_let_go(struct ord_embedded *store);
