#include "core/name.h"

#include <stdbool.h>
#include <string.h>

#define ALLOWED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~"

/* A Mersenne prime: the remainder is a sum of the two halves. */
#define PRIME ((UINT64_C(1) << 61) - 1)

__extension__ typedef unsigned __int128 wide;

/* So many bytes stay below the prime. */
#define STEP 7

static enum ord_code check(const char *field, const char *name, size_t least, struct ord_error *error)
{
    size_t length = strspn(name, ALLOWED);
    bool is_clean = name[length] == '\0';
    if (is_clean && length >= least && length <= ORD_NAME_MAX)
        return ORD_OK;
    return ord_fail(error, ORD_INVALID_ARGUMENT, "%s: it %s; allowed %zu to %d of A-Z a-z 0-9 . _ - ~", field,
                    !is_clean     ? "has other characters"
                    : length == 0 ? "is empty"
                                  : "is too long",
                    least, ORD_NAME_MAX);
}

enum ord_code ord_name_check(const char *field, const char *name, struct ord_error *error)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return ord_fail(error, ORD_INVALID_ARGUMENT,
                        "%s: %s means another path in a URL; allowed is any other name", field, name);
    return check(field, name, 1, error);
}

enum ord_code ord_name_prefix_check(const char *field, const char *prefix, struct ord_error *error)
{
    return check(field, prefix, 0, error);
}

static uint64_t reduce(wide value)
{
    uint64_t sum = (uint64_t)(value & PRIME) + (uint64_t)(value >> 61);
    return sum >= PRIME ? sum - PRIME : sum;
}

uint64_t ord_name_hash(const struct ord_name_key *key, const char *name)
{
    uint64_t point = key->point % PRIME, sum = 0;
    size_t length = strlen(name);
    for (size_t at = 0; at < length; at += STEP) {
        uint64_t part = 0;
        memcpy(&part, name + at, length - at < STEP ? length - at : STEP);
        sum = reduce((wide)sum * point + part);
    }
    /* The length tells names apart whose parts are zeros, were there any. */
    sum = reduce((wide)sum * point + length);
    return sum * (key->factor | 1);
}
