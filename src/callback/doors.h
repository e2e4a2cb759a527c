/*
 * Who may try next. A door is a host and port; posts stand in line at theirs until they have a place, of which
 * there are ORD_POSTER_MAX in all and ORD_POSTER_DOOR_MAX at a door. Doors take turns. Those where the last try
 * failed have a quarter of all places between them, and are asked first.
 *
 * A plain value without threads or clocks; one thread at a time. A door without posts is remembered for
 * ORD_DOOR_IDLE_MS, so that what was told of it is not told again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define ORD_DOOR_IDLE_MS 60000
#define ORD_DOORS_IDLE_MAX 16384

/* Embedded in a post; the owner fills in nothing but `door`, by ord_doors_enter. */
struct ord_place_wanted {
    struct ord_door *door;
    TAILQ_ENTRY(ord_place_wanted) link;
    bool is_in_line, has_place;
    bool has_failing_place; /* one of the quarter */
};

struct ord_door {
    TAILQ_HEAD(, ord_place_wanted) line;
    size_t guests;  /* that entered and did not leave */
    unsigned taken; /* places */
    bool is_failing;
    bool is_told;               /* that it fails */
    uint64_t told_ms;           /* when; 0: never */
    uint64_t idle_ms;           /* since when it has no guests */
    struct ord_door_list *list; /* that it is in; NULL: in none */
    TAILQ_ENTRY(ord_door) link;
    char name[];
};

TAILQ_HEAD(ord_door_list, ord_door);

struct ord_doors {
    void *by_name;                /* a tree of tsearch's */
    struct ord_door_list open[2]; /* with a line and a place left: those that do not fail, those that do */
    struct ord_door_list idle;    /* without guests, the longest first */
    size_t idle_count;
    unsigned taken, failing_taken; /* places */
};

void ord_doors_init(struct ord_doors *ret_doors);

/* Frees all doors. Nobody is in line or has a place. */
void ord_doors_finish(struct ord_doors *doors);

/* Comes to the door of that name. False: no memory. */
bool ord_doors_enter(struct ord_doors *doors, const char *name, struct ord_place_wanted *guest);

/* Gives up line and place, whichever it has, and goes. */
void ord_doors_leave(struct ord_doors *doors, struct ord_place_wanted *guest, uint64_t now_ms);

/* Stands in line. */
void ord_doors_wait(struct ord_doors *doors, struct ord_place_wanted *guest);

/* Gives a place to whoever is next; NULL: nobody may. */
struct ord_place_wanted *ord_doors_next(struct ord_doors *doors);

/* Notes how a try at a door went. */
void ord_doors_note(struct ord_doors *doors, struct ord_door *door, bool is_failing);

/* Forgets doors that have been idle for long. */
void ord_doors_sweep(struct ord_doors *doors, uint64_t now_ms);
