/* Stores of a node in a scratch folder, as tests use them. */
#pragma once

#include <string.h>

#include "scratch.h"
#include "store/embedded.h"

static inline struct ord_place place_of(const char *fields, uint32_t node, uint32_t worker, uint32_t workers)
{
    struct ord_layout layout;
    struct ord_place place;
    cr_assert_eq(ord_layout_parse(fields, NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&place, &layout, node, worker, workers, NULL), ORD_OK);
    return place;
}

static inline struct ord_embedded *store_in(const char *directory, struct ord_embedded_options options)
{
    struct ord_embedded *store = NULL;
    options.directory = directory;
    options.accept_unsafe = true;
    cr_assert_eq(ord_embedded_open(&options, &store, NULL), ORD_OK);
    return store;
}

static inline enum ord_code claim(struct ord_embedded *store, const struct ord_place *place,
                                  uint64_t *ret_limit, struct ord_error *error)
{
    struct ord_reservation_port port = ord_embedded_port(store);
    struct ord_claim got;
    enum ord_code code = port.claim(port.context, place, &got, error);
    if (code == ORD_OK)
        *ret_limit = got.limit;
    return code;
}

static inline enum ord_code extend(struct ord_embedded *store, uint64_t limit, struct ord_error *error)
{
    struct ord_reservation_port port = ord_embedded_port(store);
    return port.extend(port.context, limit, error);
}

static inline enum ord_code release(struct ord_embedded *store, uint64_t next, struct ord_error *error)
{
    struct ord_reservation_port port = ord_embedded_port(store);
    return port.release(port.context, next, error);
}

/* Claims, and returns the limit. */
static inline uint64_t claimed(struct ord_embedded *store, const struct ord_place *place)
{
    struct ord_error error = {0};
    uint64_t limit = 0;
    cr_assert_eq(claim(store, place, &limit, &error), ORD_OK, "%s", error.text);
    return limit;
}

/* One run that leaves `limit` as a crash does, or as a clean stop. */
static inline void leave(const char *directory, const struct ord_place *place, uint64_t limit, bool clean)
{
    struct ord_embedded *store = store_in(directory, (struct ord_embedded_options){0});
    claimed(store, place);
    cr_assert_eq(clean ? release(store, limit, NULL) : extend(store, limit, NULL), ORD_OK);
    ord_embedded_close(store);
}

/* A claim that is refused, with every one of the words (up to NULL) in its message. */
static inline void expect_refusal(const char *directory, const struct ord_place *place,
                                  struct ord_embedded_options options, const char *const *words)
{
    struct ord_embedded *store = store_in(directory, options);
    struct ord_error error = {0};
    uint64_t limit = 4711;
    cr_expect_neq(claim(store, place, &limit, &error), ORD_OK);
    for (; *words; words++)
        cr_expect(strstr(error.text, *words), "no \"%s\" in: %s", *words, error.text);
    cr_expect_null(strchr(error.text, '\n'), "%s", error.text);
    cr_expect_lt(strlen(error.text), ORD_ERROR_TEXT_MAX - 1, "cut: %s", error.text);
    cr_expect_eq(limit, 4711);
    ord_embedded_close(store);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The names in a folder that begin with `prefix`. */
static inline int count_names(const char *directory, const char *prefix)
{
    char pattern[PATH_MAX + 64];
    snprintf(pattern, sizeof pattern, "ls -A '%s' | grep -c '^%s'", directory, prefix);
    FILE *out = popen(pattern, "r");
    int count = -1;
    cr_assert_eq(fscanf(out, "%d", &count), 1);
    pclose(out);
    return count;
}
