/*
 * What a caller sent, fit for a message that people read: in quotes, cut when long, one line of plain ASCII.
 *
 * Pure; any thread.
 */
#pragma once

#define ORD_QUOTE_MAX 192

/* Writes `text` in single quotes. What is not printable ASCII becomes \xNN; a long text ends in "...". */
void ord_quote(const char *text, char ret[ORD_QUOTE_MAX]);
