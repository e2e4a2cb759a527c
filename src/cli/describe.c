#include "cli/describe.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "wire/idtext.h"

#define ID_BITS 63
#define INDENT "          "

/* 63 digits with labels above them, which may each be wider than their field. */
#define BITS_LINE_MAX 512

struct bits_lines {
    char labels[BITS_LINE_MAX], digits[BITS_LINE_MAX];
    size_t used;
};

static void append_field(struct bits_lines *lines, const char *name, uint32_t bits, int64_t id, uint32_t shift)
{
    char label[48], digits[ID_BITS + 1];
    int width = snprintf(label, sizeof label, "%.24s %" PRIu32, name, bits);
    for (uint32_t i = 0; i < bits; i++)
        digits[i] = '0' + (char)(id >> (shift + bits - 1 - i) & 1);
    digits[bits] = '\0';
    if (width < (int)bits)
        width = (int)bits;
    if (lines->used + (size_t)width + 2 > BITS_LINE_MAX)
        return;
    snprintf(lines->labels + lines->used, BITS_LINE_MAX - lines->used, "%-*s ", width, label);
    snprintf(lines->digits + lines->used, BITS_LINE_MAX - lines->used, "%-*s ", width, digits);
    lines->used += (size_t)width + 1;
}

static void trim(char *line)
{
    for (size_t length = strlen(line); length > 0 && line[length - 1] == ' ';)
        line[--length] = '\0';
}

static uint32_t bits_of(const Ordinal__V1__Layout *layout)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < layout->n_fields; i++)
        bits += layout->fields[i]->bits;
    return bits <= ID_BITS ? (uint32_t)bits : 0;
}

/* The bits grouped by field, or "" if the layout makes no sense. */
static const char *bits_text(int64_t id, const Ordinal__V1__Layout *layout, struct ord_arena *arena)
{
    uint32_t shift = bits_of(layout);
    if (shift == 0)
        return "";

    struct bits_lines lines = {.used = 0};
    if (shift < ID_BITS)
        append_field(&lines, "unused", ID_BITS - shift, id, shift);
    for (size_t i = 0; i < layout->n_fields; i++) {
        shift -= layout->fields[i]->bits;
        append_field(&lines, layout->fields[i]->name, layout->fields[i]->bits, id, shift);
    }
    trim(lines.labels);
    trim(lines.digits);
    return ord_arena_printf(arena, "bits      %s\n" INDENT "%s\n", lines.labels, lines.digits);
}

static bool has_field(const Ordinal__V1__Layout *layout, const char *name)
{
    for (size_t i = 0; i < layout->n_fields; i++)
        if (strcmp(layout->fields[i]->name, name) == 0)
            return true;
    return false;
}

static const char *layout_text(const Ordinal__V1__DescribeIdResponse *reply, struct ord_arena *arena)
{
    const Ordinal__V1__Layout *layout = reply->layout;
    if (!layout)
        return "";
    const char *tag =
        has_field(layout, "tag") ? ord_arena_printf(arena, "tag       %" PRIu32 "\n", reply->tag) : "";
    const char *bits = bits_text(reply->id, layout, arena);
    if (!tag || !bits)
        return NULL;
    return ord_arena_printf(arena, "%slayout    %s, ticks of %s from %s to %s\n%s", tag, layout->name,
                            layout->time_unit, layout->epoch, layout->end, bits);
}

/* The other text forms of an ID, one a line. */
static const char *forms_text(int64_t id, struct ord_arena *arena)
{
    const char *text = "";
    for (enum ord_id_format format = ORD_DECIMAL + 1; text && format < ORD_ID_FORMATS; format++) {
        char digits[ORD_ID_TEXT_MAX];
        int length = (int)ord_id_write(id, format, digits);
        text = ord_arena_printf(arena, "%s%-10s%.*s\n", text, ord_id_format_name(format), length, digits);
    }
    return text;
}

const char *ord_describe_text(const Ordinal__V1__DescribeIdResponse *reply, struct ord_arena *arena)
{
    const char *layout = layout_text(reply, arena);
    const char *forms = reply->id >= 0 ? forms_text(reply->id, arena) : "";
    if (!layout || !forms)
        return NULL;
    return ord_arena_printf(arena,
                            "id        %" PRId64 "\n"
                            "%s"
                            "time      %s\n"
                            "tick      %" PRId64 "\n"
                            "node      %" PRIu32 "\n"
                            "sequence  %" PRIu32 "\n"
                            "worker    %" PRIu32 " of %" PRIu32 "\n"
                            "%s",
                            reply->id, forms, reply->time, reply->tick, reply->node, reply->sequence,
                            reply->worker, reply->workers, layout);
}
