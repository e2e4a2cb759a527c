/*
 * Where changes go that have to be durable soon: into the journal, with one flush (store/journal.h), and in
 * turn all together into the database, whenever the journal is full or many keys have changed. Between the two
 * they are in the overlay.
 *
 * The database says, at the key "journal", in which generation the journal is, or that it holds nothing:
 *
 *     at  size
 *      0     4  version, 1
 *      4     4  1: the journal's records of that generation belong to the database, else 0
 *      8     8  generation
 *     16     4  CRC-32 of the key and all that stands before it
 *
 * Each transaction that takes the changes over begins the next generation in the same breath, so that no record
 * counts twice, or is left out, wherever a crash falls between the two. After a failure of either the journal
 * is not appended to until a transaction has succeeded: it begins a generation of which what failed is no part.
 *
 * A process that has lost its place (store/embedded.h) finds out after each append and before it tells of it;
 * who claimed the place reads the journal after the claim. So both know of a change that was told durable. A
 * journal is a new file for each run: what the former still writes goes nowhere.
 *
 * A journal that cannot be made, for want of space say, is done without: the database takes each change then.
 *
 * One thread at a time, after the claim of the store's place.
 */
#pragma once

#include "store/changes.h"
#include "store/embedded_private.h"
#include "store/overlay.h"

struct ord_redo;

/* Reads what a run before this left in the journal, and has the database take it over. ORD_NOT_FOUND,
 * ORD_INVALID_ARGUMENT: the journal is missing or damaged; with the store's option `init` it is set aside and
 * done without. ORD_UNAVAILABLE, ORD_INTERNAL: of the database. */
enum ord_code ord_redo_open(struct ord_embedded *store, struct ord_redo **ret_redo, struct ord_error *error);

/* ORD_OK only once all of them are durable. After a failure all are stored, or none is: nobody knows which. */
enum ord_code ord_redo_commit(struct ord_redo *redo, const struct ord_changes *changes,
                              struct ord_error *error);

/* What the database does not know yet; for reading, before it. */
const struct ord_overlay *ord_redo_overlay(const struct ord_redo *redo);

/* The database takes over all that it does not know yet. */
enum ord_code ord_redo_settle(struct ord_redo *redo, struct ord_error *error);

/* As ord_redo_settle, and leaves no journal behind. What fails is done when it is opened again. */
enum ord_code ord_redo_finish(struct ord_redo *redo, struct ord_error *error);

/* Writes nothing. Takes NULL; returns NULL. */
struct ord_redo *ord_redo_close(struct ord_redo *redo);
