/*
 * Names that callers choose: of sequences, groups, members. They stand in URLs as they are, and sort by bytes.
 *
 * Pure; any thread.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define ORD_NAME_MAX 128

/* ORD_INVALID_ARGUMENT: `name`, the request's `field`, is not 1 to ORD_NAME_MAX of A-Z a-z 0-9 . _ - ~, or is
 * one of the two that mean something else in a URL: . and .. */
enum ord_code ord_name_check(const char *field, const char *name, struct ord_error *error);

/* As ord_name_check, but for the start of a name, which may be empty. */
enum ord_code ord_name_prefix_check(const char *field, const char *prefix, struct ord_error *error);

/* Random numbers, the owner's secret. */
struct ord_name_key {
    uint64_t point, factor;
};

/*
 * A hash for tables of names. The bytes are the coefficients of a polynomial, taken modulo 2^61 - 1 at a secret
 * point; two names agree there for no more points than the polynomial has roots, so whoever does not know the
 * key cannot choose names that collide.
 *
 * After Carter and Wegman's universal hashing; the multiplication that spreads it is Dietzfelbinger's.
 */
uint64_t ord_name_hash(const struct ord_name_key *key, const char *name);
