/*
 * A table of methods in place of the service's, with a row of each kind, that tell what they were asked.
 */
#pragma once

#include <stdbool.h>

/* Each call of the row Next waits until it is let go. */
void rows_hold_answers(void);
void rows_let_answers_go(void);

/* How many calls of Next are held. */
unsigned rows_held(void);

/* One more event for those who watch: an odd one is a view of that epoch, an even one a command. */
void rows_tell(void);

/* The streams of those who watch end, with an error if there is a code. */
void rows_end(int code);

/* How many feeds are open. */
unsigned rows_feeds(void);
