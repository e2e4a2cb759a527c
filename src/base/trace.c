#include "base/trace.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/time.h"

#define LOWER_HEX "0123456789abcdef"
#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:"

/* version "-" trace-id "-" parent-id "-" flags, with fixed widths. */
enum {
    TRACE_AT = 3,
    TRACE_SIZE = 32,
    PARENT_AT = 36,
    PARENT_SIZE = 16,
    FLAGS_AT = 53,
    TRACEPARENT_SIZE = 55,
};

/* Hex digits, not all of them zero. */
static bool is_id(const char *text, size_t size)
{
    return strspn(text, LOWER_HEX) == size && strspn(text, "0") < size;
}

bool ord_trace_id(const char *traceparent, char ret[ORD_TRACE_ID_MAX])
{
    if (!traceparent || strlen(traceparent) < TRACEPARENT_SIZE)
        return false;

    /* A later version may say more after the flags; version ff is never valid. */
    char end = traceparent[TRACEPARENT_SIZE];
    bool is_first_version = strncmp(traceparent, "00-", 3) == 0;
    bool ends_well = end == '\0' || (!is_first_version && end == '-');
    if (!ends_well || strspn(traceparent, LOWER_HEX) != 2 || strncmp(traceparent, "ff", 2) == 0 ||
        traceparent[TRACE_AT - 1] != '-' || !is_id(traceparent + TRACE_AT, TRACE_SIZE) ||
        traceparent[PARENT_AT - 1] != '-' || !is_id(traceparent + PARENT_AT, PARENT_SIZE) ||
        traceparent[FLAGS_AT - 1] != '-' || strspn(traceparent + FLAGS_AT, LOWER_HEX) != 2)
        return false;

    memcpy(ret, traceparent + TRACE_AT, TRACE_SIZE);
    ret[TRACE_SIZE] = '\0';
    return true;
}

void ord_request_id(const char *given, char ret[ORD_REQUEST_ID_MAX])
{
    size_t size = given ? strlen(given) : 0;
    if (size > 0 && size < ORD_REQUEST_ID_MAX && strspn(given, ID_CHARACTERS) == size) {
        memcpy(ret, given, size + 1);
        return;
    }

    uint64_t random;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = (uint64_t)ord_boot_ns();
    snprintf(ret, ORD_REQUEST_ID_MAX, "%016" PRIx64, random);
}
