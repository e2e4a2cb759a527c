#include "store/overlay.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static MDB_val key_of(const char *text)
{
    return (MDB_val){.mv_size = strlen(text), .mv_data = (char *)text};
}

static void put(struct ord_changes *changes, const char *key, const char *value)
{
    MDB_val at = key_of(key);
    if (value)
        ord_changes_put(changes, &at, value, strlen(value));
    else
        ord_changes_remove(changes, &at);
}

static void stage(struct ord_overlay *overlay, const char *key, const char *value)
{
    struct ord_changes changes = {0};
    put(&changes, key, value);
    cr_assert_eq(ord_overlay_stage(overlay, changes.bytes, changes.size, NULL), ORD_OK);
    ord_changes_finish(&changes);
}

/* What is found for a key: "-" is a removal, "" nothing. */
static const char *found(const struct ord_overlay *overlay, const char *key)
{
    static char text[64];
    MDB_val at = key_of(key);
    const struct ord_overlay_value *value = ord_overlay_find(overlay, &at);
    if (!value || value->is_removal)
        return value ? "-" : "";
    snprintf(text, sizeof text, "%.*s", (int)value->size, (const char *)value->bytes);
    return text;
}

Test(changes, are_read_as_they_were_put)
{
    struct ord_changes changes = {0};
    struct ord_change change;
    char long_value[3000];
    size_t at = 0;
    memset(long_value, 'v', sizeof long_value);
    long_value[sizeof long_value - 1] = '\0';
    put(&changes, "a", "one");
    put(&changes, "bc", NULL);
    put(&changes, "", "");
    put(&changes, "d", long_value);
    cr_expect_not(changes.has_no_memory);
    cr_assert(ord_changes_next(changes.bytes, changes.size, &at, &change));
    cr_expect(change.key.mv_size == 1 && memcmp(change.key.mv_data, "a", 1) == 0);
    cr_expect(change.value.mv_size == 3 && memcmp(change.value.mv_data, "one", 3) == 0 && !change.is_removal);
    cr_assert(ord_changes_next(changes.bytes, changes.size, &at, &change));
    cr_expect(change.key.mv_size == 2 && change.value.mv_size == 0 && change.is_removal);
    cr_assert(ord_changes_next(changes.bytes, changes.size, &at, &change));
    cr_expect(change.key.mv_size == 0 && change.value.mv_size == 0 && !change.is_removal);
    cr_assert(ord_changes_next(changes.bytes, changes.size, &at, &change));
    cr_expect(change.value.mv_size == sizeof long_value - 1);
    cr_expect_not(ord_changes_next(changes.bytes, changes.size, &at, &change));
    cr_expect_eq(at, changes.size);
    ord_changes_clear(&changes);
    cr_expect_eq(changes.size, 0);
    ord_changes_finish(&changes);
}

Test(changes, bytes_that_are_cut_off_are_none)
{
    struct ord_changes changes = {0};
    struct ord_change change;
    put(&changes, "key", "value");
    for (size_t size = 0; size < changes.size; size++) {
        size_t at = 0;
        cr_expect_not(ord_changes_next(changes.bytes, size, &at, &change), "%zu", size);
        cr_expect_eq(at, 0);
    }
    ord_changes_finish(&changes);
}

Test(overlay, what_is_staged_counts_once_it_is_kept)
{
    struct ord_overlay overlay = {0};
    cr_expect(ord_overlay_is_empty(&overlay));
    stage(&overlay, "a", "one");
    cr_expect_str_eq(found(&overlay, "a"), "");
    cr_expect(ord_overlay_is_empty(&overlay));
    ord_overlay_keep(&overlay);
    cr_expect_str_eq(found(&overlay, "a"), "one");
    cr_expect_not(ord_overlay_is_empty(&overlay));
    stage(&overlay, "a", "two");
    stage(&overlay, "b", "three");
    ord_overlay_drop(&overlay);
    cr_expect_str_eq(found(&overlay, "a"), "one");
    cr_expect_str_eq(found(&overlay, "b"), "");
    stage(&overlay, "a", "four");
    stage(&overlay, "a", NULL);
    stage(&overlay, "ab", "five");
    ord_overlay_keep(&overlay);
    ord_overlay_keep(&overlay);
    cr_expect_str_eq(found(&overlay, "a"), "-");
    cr_expect_str_eq(found(&overlay, "ab"), "five");
    ord_overlay_clear(&overlay);
    cr_expect_str_eq(found(&overlay, "a"), "");
    cr_expect(ord_overlay_is_empty(&overlay));
}

Test(overlay, what_are_no_changes_is_not_staged_in_part)
{
    struct ord_overlay overlay = {0};
    struct ord_changes changes = {0};
    struct ord_error error;
    put(&changes, "a", "one");
    put(&changes, "b", "two");
    cr_expect_eq(ord_overlay_stage(&overlay, changes.bytes, changes.size - 1, &error), ORD_INTERNAL);
    ord_overlay_keep(&overlay);
    cr_expect_str_eq(found(&overlay, "a"), "");
    ord_changes_finish(&changes);
    ord_overlay_clear(&overlay);
}
