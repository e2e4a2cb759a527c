#include "cli/describe.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static Ordinal__V1__LayoutField *field(const char *name, uint32_t bits)
{
    Ordinal__V1__LayoutField *field = malloc(sizeof *field);
    *field = (Ordinal__V1__LayoutField)ORDINAL__V1__LAYOUT_FIELD__INIT;
    field->name = (char *)name;
    field->bits = bits;
    return field;
}

static struct ord_arena arena;
static Ordinal__V1__LayoutField *fields[4];
static Ordinal__V1__Layout layout = ORDINAL__V1__LAYOUT__INIT;
static Ordinal__V1__DescribeIdResponse reply = ORDINAL__V1__DESCRIBE_ID_RESPONSE__INIT;

static void set_up(void)
{
    fields[0] = field("tick", 41);
    fields[1] = field("node", 10);
    fields[2] = field("sequence", 12);
    layout.name = (char *)"default";
    layout.time_unit = (char *)"1ms";
    layout.epoch = (char *)"2026-01-01T00:00:00Z";
    layout.end = (char *)"2095-09-07T15:47:35.552Z";
    layout.fields = fields;
    layout.n_fields = 3;
    reply.id = (INT64_C(5) << 22) + (3 << 12) + 9;
    reply.time = (char *)"2026-01-01T00:00:00.005Z";
    reply.tick = 5;
    reply.node = 3;
    reply.sequence = 9;
    reply.worker = 1;
    reply.workers = 4;
    reply.layout = &layout;
}

Test(describe, a_whole_block, .init = set_up)
{
    cr_assert_str_eq(ord_describe_text(&reply, &arena),
                     "id        20983817\n"
                     "hex       0000000001403009\n"
                     "base32    00000000M0C09\n"
                     "base62    0000001Q2qf\n"
                     "time      2026-01-01T00:00:00.005Z\n"
                     "tick      5\n"
                     "node      3\n"
                     "sequence  9\n"
                     "worker    1 of 4\n"
                     "layout    default, ticks of 1ms from 2026-01-01T00:00:00Z to 2095-09-07T15:47:35.552Z\n"
                     "bits      tick 41                                   node 10    sequence 12\n"
                     "          00000000000000000000000000000000000000101 0000000011 000000001001\n");
}

Test(describe, a_tag_and_unused_bits_and_names_wider_than_their_fields, .init = set_up)
{
    fields[0] = field("tick", 40);
    fields[2] = field("sequence", 2);
    fields[3] = field("tag", 1);
    layout.n_fields = 4;
    reply.id = (INT64_C(5) << 13) + (3 << 3) + (2 << 1) + 1;
    reply.tag = 1;
    const char *text = ord_describe_text(&reply, &arena);
    cr_assert_not_null(strstr(text, "worker    1 of 4\ntag       1\nlayout "), "%s", text);
    cr_assert_not_null(
        strstr(text,
               "bits      unused 10  tick 40                                  node 10    sequence 2 tag 1\n"
               "          0000000000 0000000000000000000000000000000000000101 0000000011 10         1\n"),
        "%s", text);
}

Test(describe, a_reply_that_makes_no_sense_does_no_harm, .init = set_up)
{
    fields[0] = field("tick", UINT32_MAX);
    cr_assert_null(strstr(ord_describe_text(&reply, &arena), "bits"));
    fields[0] = field("a name that is much longer than any name of a field ought to be", 63);
    layout.n_fields = 1;
    cr_assert_not_null(strstr(ord_describe_text(&reply, &arena), "bits"));
    layout.n_fields = 0;
    cr_assert_null(strstr(ord_describe_text(&reply, &arena), "bits"));
    reply.id = -1;
    cr_assert_not_null(ord_describe_text(&reply, &arena));
    reply.layout = NULL;
    cr_assert_null(strstr(ord_describe_text(&reply, &arena), "layout"));
}

Test(describe, many_fields_without_bits_do_not_overflow_the_line, .init = set_up)
{
    static Ordinal__V1__LayoutField *many[1000];
    for (int i = 0; i < 999; i++)
        many[i] = field("0123456789", 0);
    many[999] = field("tick", 63);
    layout.fields = many;
    layout.n_fields = 1000;
    cr_assert_lt(strlen(ord_describe_text(&reply, &arena)), 2000);
}
