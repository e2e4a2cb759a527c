#include "wire/quote.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 40 /* characters of the text; each takes up to 4 bytes */

void ord_quote(const char *text, char ret[ORD_QUOTE_MAX])
{
    char *at = ret;
    *at++ = '\'';
    for (int i = 0; i < SHOWN_MAX && *text; i++, text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= ' ' && c < 0x7f)
            *at++ = (char)c;
        else
            at += snprintf(at, 5, "\\x%02x", c);
    }
    strcpy(at, *text ? "...'" : "'");
}
