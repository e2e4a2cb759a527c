#include "cli/seq_text.h"

#include <criterion/criterion.h>
#include <string.h>

static struct ord_arena arena;

Test(seq, values_are_written_and_read)
{
    static const int64_t values[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[ORD_SEQ_VALUE_MAX + 1] = "";
        int64_t read = 7;
        size_t size = ord_seq_value_write(values[i], text);
        cr_assert_eq(size, strlen(text));
        cr_assert_eq(text[size - 1], '\n');
        text[size - 1] = '\0';
        cr_assert(ord_seq_value_read(text, &read));
        cr_assert_eq(read, values[i]);
    }
}

Test(seq, what_is_no_value_is_refused)
{
    static const char *const texts[] = {"", "-", " 1", "+1", "1x", "0x1", "9223372036854775808", "1.0"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t value = 7;
        cr_assert_not(ord_seq_value_read(texts[i], &value), "%s", texts[i]);
        cr_assert_eq(value, 7);
    }
}

Test(seq, a_row_stands_below_its_heading)
{
    Ordinal__V1__Sequence sequence = ORDINAL__V1__SEQUENCE__INIT;
    sequence.name = (char *)"invoices";
    sequence.mode = ORDINAL__V1__SEQUENCE_MODE__SEQUENCE_MODE_GAPLESS;
    sequence.next = 42;
    sequence.increment = 1;
    const char *row = ord_seq_row(&sequence, &arena);
    cr_assert_eq(strlen(row), strlen(ord_seq_head));
    cr_assert_eq(strstr(row, "42\n") == NULL, true);
    cr_assert_eq(strstr(row, "42") + 2 - row, strstr(ord_seq_head, "NEXT") + 4 - ord_seq_head);
    sequence.exhausted = true;
    cr_assert_not_null(strstr(ord_seq_row(&sequence, &arena), "exhausted"));
}

Test(seq, a_mode_of_a_later_version_is_not_known)
{
    Ordinal__V1__Sequence sequence = ORDINAL__V1__SEQUENCE__INIT;
    sequence.mode = (Ordinal__V1__SequenceMode)7;
    cr_assert_not_null(strstr(ord_seq_text(&sequence, NULL, &arena), "mode       ?\n"));
}
