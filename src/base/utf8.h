/* Whether text is UTF-8, which protobuf's strings have to be and its C runtime does not check. */
#pragma once

#include <stdbool.h>

bool ord_utf8_is_valid(const char *text);
