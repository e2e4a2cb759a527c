#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>

/* The bytes that a character may start with, the smallest character of that length, and how many bytes follow.
 */
static const struct {
    uint8_t mask, lead;
    uint32_t smallest;
    int more;
} lengths[] = {
    {0x80, 0x00, 0x00, 0},
    {0xe0, 0xc0, 0x80, 1},
    {0xf0, 0xe0, 0x800, 2},
    {0xf8, 0xf0, 0x10000, 3},
};

/* The length of the character at `text`, or 0. A zero byte ends it early, as it is none that follows. */
static size_t character(const uint8_t *text)
{
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        if ((*text & lengths[i].mask) != lengths[i].lead)
            continue;
        uint32_t code = *text & (uint8_t)~lengths[i].mask;
        for (int j = 1; j <= lengths[i].more; j++) {
            if ((text[j] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (text[j] & 0x3f);
        }
        bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
        return code < lengths[i].smallest || code > 0x10ffff || is_surrogate ? 0 : (size_t)lengths[i].more + 1;
    }
    return 0;
}

bool ord_utf8_is_valid(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    while (*at) {
        size_t length = character(at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}
