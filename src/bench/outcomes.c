#include "bench/outcomes.h"

#include <stdio.h>
#include <string.h>

static struct ord_outcome *row_of(struct ord_outcomes *outcomes, const char *status)
{
    for (size_t i = 0; i < outcomes->count; i++)
        if (strcmp(outcomes->rows[i].status, status) == 0)
            return &outcomes->rows[i];
    if (outcomes->count == ORD_OUTCOMES_MAX)
        return &outcomes->rows[ORD_OUTCOMES_MAX - 1];
    struct ord_outcome *row = &outcomes->rows[outcomes->count++];
    snprintf(row->status, sizeof row->status, "%s", outcomes->count == ORD_OUTCOMES_MAX ? "other" : status);
    return row;
}

/* Whoever shows a text is not to be disturbed by it. */
static void keep_text(struct ord_outcome_message *message, const char *text)
{
    snprintf(message->text, sizeof message->text, "%s", text);
    for (char *at = message->text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
}

static void note_message(struct ord_outcome *row, const char *text, uint64_t times)
{
    for (size_t i = 0; i < ORD_OUTCOME_MESSAGES; i++) {
        struct ord_outcome_message *message = &row->messages[i];
        if (message->count == 0)
            keep_text(message, text);
        else if (strncmp(message->text, text, sizeof message->text - 1) != 0)
            continue;
        message->count += times;
        return;
    }
}

void ord_outcomes_note(struct ord_outcomes *outcomes, const char *status, const char *message, uint64_t times)
{
    struct ord_outcome *row = row_of(outcomes, status);
    row->count += times;
    note_message(row, message, times);
}

void ord_outcomes_add(struct ord_outcomes *into, const struct ord_outcomes *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const struct ord_outcome *from = &part->rows[i];
        struct ord_outcome *row = row_of(into, from->status);
        row->count += from->count;
        for (size_t j = 0; j < ORD_OUTCOME_MESSAGES && from->messages[j].count > 0; j++)
            note_message(row, from->messages[j].text, from->messages[j].count);
    }
}

uint64_t ord_outcomes_total(const struct ord_outcomes *outcomes)
{
    uint64_t total = 0;
    for (size_t i = 0; i < outcomes->count; i++)
        total += outcomes->rows[i].count;
    return total;
}
