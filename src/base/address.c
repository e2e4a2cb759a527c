#include "base/address.h"

#include <stdlib.h>
#include <string.h>

bool ord_is_address(const char *address)
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address || strpbrk(address, "/%?# "))
        return false;
    bool bracketed = address[0] == '[' && colon[-1] == ']';
    if (!bracketed && memchr(address, ':', (size_t)(colon - address)))
        return false;
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    return colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && port >= 1 && port <= 65535;
}
