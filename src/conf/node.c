#include "conf/node.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERFACES_MAX 64
#define HOSTNAME_MAX 256
#define FILE_BYTES_MAX 64

/* A spec that is being resolved. */
struct query {
    const char *spec;
    const char *rest; /* after the source's name */
    int node_bits;
    const struct ord_node_system *system;
    struct ord_error *error;
};

/* Decimal digits, as a number that stays at UINT64_MAX when it is larger. False if there is anything else. */
static bool read_number(const char *text, uint64_t *ret_number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits])
        return false;
    *ret_number = strtoull(text, NULL, 10);
    return true;
}

static uint64_t highest(const struct query *query)
{
    return (UINT64_C(1) << query->node_bits) - 1;
}

/* `source` is what gave the number: "host name \"ordinal-7\"". */
static enum ord_code take(const struct query *query, const char *source, uint64_t number, uint32_t *ret_node)
{
    if (number > highest(query))
        return ord_fail(query->error, ORD_OUT_OF_RANGE, "%s: %s gives %" PRIu64 "; allowed 0 to %" PRIu64,
                        query->spec, source, number, highest(query));
    *ret_node = (uint32_t)number;
    return ORD_OK;
}

static enum ord_code reject(const struct query *query, const char *source, const char *why)
{
    return ord_fail(query->error, ORD_INVALID_ARGUMENT, "%s: %s %s; allowed 0 to %" PRIu64, query->spec, source,
                    why, highest(query));
}

/* A name that a container runtime made up, or an address in place of a name: its digits number nothing. */
static bool is_made_up(const char *name)
{
    struct in_addr address;
    size_t length = strlen(name);
    bool is_hash = (length == 12 || length == 64) && strspn(name, "0123456789abcdef") == length;
    return is_hash || inet_pton(AF_INET, name, &address) == 1;
}

/* The digits at the end of the name's first label ("ordinal-3.example.org" → "3"), in place. */
static const char *trailing_digits(char *name)
{
    char *end = name + strcspn(name, ".");
    *end = '\0';
    while (end > name && isdigit((unsigned char)end[-1]))
        end--;
    return end;
}

static enum ord_code from_hostname(const struct query *query, uint32_t *ret_node)
{
    uint64_t offset = 0, number;
    if (*query->rest && (*query->rest != '+' || !read_number(query->rest + 1, &offset)))
        return ord_fail(query->error, ORD_INVALID_ARGUMENT,
                        "%s: the offset cannot be read; allowed hostname and hostname+NUMBER", query->spec);

    char name[HOSTNAME_MAX], label[HOSTNAME_MAX], source[HOSTNAME_MAX + 16];
    if (query->system->hostname(query->system->context, name, sizeof name, query->error) != ORD_OK)
        return ord_wrap(query->error, "%s", query->spec);
    memcpy(label, name, sizeof label);
    snprintf(source, sizeof source, "host name \"%s\"", name);
    if (is_made_up(name))
        return ord_fail(query->error, ORD_INVALID_ARGUMENT,
                        "%s: %s is a container's or an address, so its digits number nothing; "
                        "give the number itself, or use env:NAME or file:PATH",
                        query->spec, source);
    if (!read_number(trailing_digits(label), &number))
        return reject(query, source, "does not end in a number, as ordinal-3 does");
    if (__builtin_add_overflow(number, offset, &number))
        number = UINT64_MAX;
    return take(query, source, number, ret_node);
}

static void write_address(const struct ord_interface *interface, char ret[64])
{
    uint32_t at = interface->address;
    snprintf(ret, 64, "%.15s %u.%u.%u.%u/%u", interface->name, at >> 24, at >> 16 & 255, at >> 8 & 255,
             at & 255, interface->prefix);
}

static enum ord_code reject_interfaces(const struct query *query, const char *name,
                                       const struct ord_interface *interfaces, int count)
{
    char list[256] = "";
    for (int i = 0; i < count; i++) {
        char address[64];
        size_t used = strlen(list);
        write_address(&interfaces[i], address);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", address);
    }
    if (count == 0)
        return ord_fail(query->error, ORD_INVALID_ARGUMENT, "%s: no interface%s%s is up with an IPv4 address",
                        query->spec, *name ? " " : "", name);
    return ord_fail(query->error, ORD_INVALID_ARGUMENT, "%s: more than one address: %s; %s", query->spec, list,
                    *name ? "give the number itself" : "name one interface, as ipv4:NAME does");
}

static enum ord_code from_interface(const struct query *query, const struct ord_interface *interface,
                                    uint32_t *ret_node)
{
    char address[64];
    write_address(interface, address);
    if (interface->prefix == 32)
        return ord_fail(query->error, ORD_INVALID_ARGUMENT,
                        "%s: %s has a prefix that tells no network, so two hosts could get the same node ID; "
                        "give the number itself, or use hostname, env:NAME or file:PATH",
                        query->spec, address);
    if (32 - interface->prefix > query->node_bits)
        return ord_fail(
            query->error, ORD_INVALID_ARGUMENT,
            "%s: the network of %s has %d host bits and the layout %d node bits, so two hosts could get "
            "the same node ID; use a /%d or smaller network, more node bits, or give the number itself",
            query->spec, address, 32 - interface->prefix, query->node_bits, 32 - query->node_bits);
    return take(query, address, interface->address & highest(query), ret_node);
}

static enum ord_code from_ipv4(const struct query *query, uint32_t *ret_node)
{
    const char *name = query->rest + (*query->rest == ':');
    if (*query->rest && !*name)
        return ord_fail(query->error, ORD_INVALID_ARGUMENT, "%s: the interface's name is missing", query->spec);

    struct ord_interface interfaces[INTERFACES_MAX];
    int found = query->system->interfaces(query->system->context, interfaces, INTERFACES_MAX);
    int count = 0;
    for (int i = 0; i < found; i++)
        if (!*name || strcmp(interfaces[i].name, name) == 0)
            interfaces[count++] = interfaces[i];
    if (count != 1)
        return reject_interfaces(query, name, interfaces, count);
    return from_interface(query, &interfaces[0], ret_node);
}

static enum ord_code from_text(const struct query *query, const char *source, const char *text,
                               uint32_t *ret_node)
{
    uint64_t number;
    char holder[192];
    if (!*text)
        return reject(query, source, "is empty");
    snprintf(holder, sizeof holder, "%s holds \"%s\", which", source, text);
    if (!read_number(text, &number))
        return reject(query, holder, "is not a number");
    return take(query, source, number, ret_node);
}

static enum ord_code from_variable(const struct query *query, uint32_t *ret_node)
{
    char source[128];
    const char *text = query->system->variable(query->system->context, query->rest);
    snprintf(source, sizeof source, "variable %s", query->rest);
    return text ? from_text(query, source, text, ret_node) : reject(query, source, "is not set");
}

/* Reads what a file holds, without the white space at its end. */
static enum ord_code read_file(const struct query *query, char ret[FILE_BYTES_MAX])
{
    errno = 0;
    FILE *in = fopen(query->rest, "re");
    size_t size = in ? fread(ret, 1, FILE_BYTES_MAX, in) : 0;
    int errnum = !in || ferror(in) ? errno : 0;
    if (in)
        fclose(in);
    if (errnum) {
        char reason[128];
        return ord_fail(query->error, ORD_INVALID_ARGUMENT, "%s: %s", query->spec,
                        strerror_r(errnum, reason, sizeof reason));
    }
    if (size == FILE_BYTES_MAX)
        return reject(query, "the file", "is too long for a number");
    while (size > 0 && isspace((unsigned char)ret[size - 1]))
        size--;
    ret[size] = '\0';
    return ORD_OK;
}

static enum ord_code from_file(const struct query *query, uint32_t *ret_node)
{
    char text[FILE_BYTES_MAX];
    enum ord_code code = read_file(query, text);
    return code == ORD_OK ? from_text(query, "the file", text, ret_node) : code;
}

static const struct {
    const char *prefix;
    const char *ends; /* what may stand after the prefix */
    enum ord_code (*resolve)(const struct query *query, uint32_t *ret_node);
} sources[] = {
    {"hostname", "+", from_hostname},
    {"ipv4", ":", from_ipv4},
    {"env:", NULL, from_variable},
    {"file:", NULL, from_file},
};

enum ord_code ord_node_resolve(const char *spec, int node_bits, const struct ord_node_system *system,
                               uint32_t *ret_node, struct ord_error *error)
{
    struct query query = {.spec = spec, .node_bits = node_bits, .system = system, .error = error};
    uint64_t number;
    if (read_number(spec, &number)) {
        if (number <= highest(&query)) {
            *ret_node = (uint32_t)number;
            return ORD_OK;
        }
        return ord_fail(error, ORD_OUT_OF_RANGE, "%s is out of range; allowed 0 to %" PRIu64, spec,
                        highest(&query));
    }
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        size_t length = strlen(sources[i].prefix);
        query.rest = spec + length;
        if (strncmp(spec, sources[i].prefix, length) == 0 &&
            (sources[i].ends ? !*query.rest || strchr(sources[i].ends, *query.rest) : *query.rest))
            return sources[i].resolve(&query, ret_node);
    }
    return ord_fail(error, ORD_INVALID_ARGUMENT,
                    "\"%s\" is not known; allowed a number of 0 to %" PRIu64
                    ", hostname, hostname+NUMBER, ipv4, ipv4:INTERFACE, env:NAME, file:PATH",
                    spec, highest(&query));
}
