#include "bench/grpc_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define TIMEOUT_DIGITS_MAX INT64_C(99999999) /* eight digits are allowed */

static const char *const names[] = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

const char *ord_grpc_status_name(int status)
{
    bool exists = status >= 0 && (size_t)status < sizeof names / sizeof *names;
    return exists ? names[status] : "UNKNOWN";
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char letter = (char)(digit | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

void ord_grpc_message_decode(const char *text, size_t size, char *ret, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < size && used + 1 < room; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '%' && size - i > 2 && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            byte = (unsigned char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        ret[used++] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
    }
    ret[used] = '\0';
}

void ord_grpc_timeout_text(int64_t timeout_ms, char ret[ORD_GRPC_TIMEOUT_MAX])
{
    bool fits = timeout_ms <= TIMEOUT_DIGITS_MAX;
    snprintf(ret, ORD_GRPC_TIMEOUT_MAX, "%" PRId64 "%c", fits ? timeout_ms : timeout_ms / 1000,
             fits ? 'm' : 'S');
}
