#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/name.h"

static const struct ord_name_key key = {.point = UINT64_C(0x9e3779b97f4a7c15),
                                        .factor = UINT64_C(0xbf58476d1ce4e5b9)};

static void refuses(const char *name, const char *text)
{
    struct ord_error error = {0};
    cr_expect_eq(ord_name_check("name", name, &error), ORD_INVALID_ARGUMENT, "%s", name);
    cr_expect_str_eq(error.text, text, "%s", error.text);
}

Test(name, all_allowed_characters_are_taken)
{
    cr_expect_eq(ord_name_check("name", "a", NULL), ORD_OK);
    cr_expect_eq(
        ord_name_check("name", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~", NULL),
        ORD_OK);
    cr_expect_eq(ord_name_check("name", "...", NULL), ORD_OK);
}

Test(name, each_other_character_is_refused)
{
    for (int c = 1; c < 256; c++) {
        char name[] = {'a', (char)c, 'b', '\0'};
        bool is_allowed = c < 128 && (strchr("._-~", c) || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                                      (c >= 'a' && c <= 'z'));
        cr_expect_eq(ord_name_check("name", name, NULL) == ORD_OK, is_allowed, "%d", c);
    }
}

Test(name, refusals_say_why)
{
    char name[ORD_NAME_MAX + 2];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    refuses("", "name: it is empty; allowed 1 to 128 of A-Z a-z 0-9 . _ - ~");
    refuses(name, "name: it is too long; allowed 1 to 128 of A-Z a-z 0-9 . _ - ~");
    refuses("a b", "name: it has other characters; allowed 1 to 128 of A-Z a-z 0-9 . _ - ~");
    refuses("..", "name: .. means another path in a URL; allowed is any other name");
    refuses(".", "name: . means another path in a URL; allowed is any other name");
    name[ORD_NAME_MAX] = '\0';
    cr_expect_eq(ord_name_check("name", name, NULL), ORD_OK);
}

Test(name, a_prefix_may_be_empty_or_a_dot)
{
    struct ord_error error;
    cr_expect_eq(ord_name_prefix_check("prefix", "", NULL), ORD_OK);
    cr_expect_eq(ord_name_prefix_check("prefix", ".", NULL), ORD_OK);
    cr_expect_eq(ord_name_prefix_check("prefix", "/", &error), ORD_INVALID_ARGUMENT);
    cr_expect_str_eq(error.text, "prefix: it has other characters; allowed 0 to 128 of A-Z a-z 0-9 . _ - ~");
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Test(name, hashes_of_many_names_differ)
{
    enum {
        NAMES = 100000
    };
    uint64_t *hashes = calloc(NAMES, sizeof *hashes);
    for (int i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%d", i % 2 ? "a-longer-name-of-some-tenant." : "s", i);
        hashes[i] = ord_name_hash(&key, name);
    }
    qsort(hashes, NAMES, sizeof *hashes, by_value);
    for (int i = 1; i < NAMES; i++)
        cr_assert_neq(hashes[i], hashes[i - 1]);
    free(hashes);
}

/* A table takes the upper bits: all places are used, and none by far too often. */
Test(name, hashes_are_spread)
{
    unsigned counts[256] = {0};
    for (int i = 0; i < 25600; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        counts[ord_name_hash(&key, name) >> 56]++;
    }
    for (int i = 0; i < 256; i++)
        cr_expect(counts[i] > 40 && counts[i] < 200, "%d: %u", i, counts[i]);
}

Test(name, the_key_decides)
{
    struct ord_name_key other = key;
    other.point++;
    cr_expect_neq(ord_name_hash(&key, "invoices"), ord_name_hash(&other, "invoices"));
    other = key;
    other.factor += 2;
    cr_expect_neq(ord_name_hash(&key, "invoices"), ord_name_hash(&other, "invoices"));
    cr_expect_eq(ord_name_hash(&key, "invoices"), ord_name_hash(&key, "invoices"));
}
