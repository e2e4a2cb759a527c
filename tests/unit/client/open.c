/* Opening a client: what is refused, and no memory, where the n-th allocation fails, for every n until all goes
 * well. The linker puts the __wrap_ functions in the place of the library's (see meson.build). */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "client/ordinal.h"

#define TARGET "127.0.0.1:1" /* nobody is there */

static int left = -1; /* how many allocations succeed; -1: all do */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__real_mmap64(void *at, size_t size, int access, int flags, int file, off_t offset);
void *__wrap_mmap64(void *at, size_t size, int access, int flags, int file, off_t offset);
void *__wrap_mmap64(void *at, size_t size, int access, int flags, int file, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap64(at, size, access, flags, file, offset);
}

int __real_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice)
{
    return fails() ? -1 : __real_madvise(at, size, advice);
}

int __real_pthread_create(pthread_t *ret, const pthread_attr_t *how, void *(*start)(void *), void *context);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *how, void *(*start)(void *), void *context);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *how, void *(*start)(void *), void *context)
{
    return fails() ? 11 : __real_pthread_create(ret, how, start, context);
}

static struct ord_client_options options_of(const char *target)
{
    return (struct ord_client_options){.size = sizeof(struct ord_client_options), .target = target};
}

Test(client, no_memory_is_told_and_leaves_nothing)
{
    struct ord_client_options options = options_of(TARGET);
    struct ord_client *client = NULL;
    struct ord_client_error error;
    int code = ORD_CLIENT_NO_MEMORY, n;
    for (n = 0; code != ORD_CLIENT_OK; n++) {
        left = n;
        code = ord_client_open(&options, &client, &error);
        left = -1;
        cr_assert(code == ORD_CLIENT_OK || code == ORD_CLIENT_NO_MEMORY, "%d: %d", n, code);
        cr_assert_eq(client != NULL, code == ORD_CLIENT_OK, "%d", n);
    }
    cr_assert_geq(n, 6, "five calls can fail");
    cr_assert_null(ord_client_close(client));
}

static void expect_invalid(const struct ord_client_options *options, const char *text)
{
    struct ord_client *client = NULL;
    struct ord_client_error error;
    cr_assert_eq(ord_client_open(options, &client, &error), ORD_CLIENT_INVALID, "%s", text);
    cr_assert(strstr(error.text, text), "%s does not say: %s", error.text, text);
    cr_assert_eq(error.code, ORD_CLIENT_INVALID);
    cr_assert_null(client);
    cr_assert_eq(ord_client_open(options, &client, NULL), ORD_CLIENT_INVALID);
}

Test(client, options_that_are_none_are_refused)
{
    struct ord_client_options options = options_of(TARGET);
    expect_invalid(NULL, "size is to be");
    options.size = sizeof options.size;
    expect_invalid(&options, "size is to be");
    options = options_of(NULL);
    expect_invalid(&options, "NULL is not the address");
    options = options_of("localhost");
    expect_invalid(&options, "allowed HOST:PORT");
    options = options_of(TARGET);
    options.max_age_ms = 3600001;
    expect_invalid(&options, "allowed 20 to 3600000");
    options = options_of(TARGET);
    options.prefetch_max = 1000001;
    expect_invalid(&options, "allowed 1 to 1000000");
    options.prefetch_max = 10;
    options.prefetch_min = 11;
    expect_invalid(&options, "allowed 1 to prefetch_max, which is 10");
}

Test(client, options_of_an_earlier_and_a_later_version_are_taken)
{
    struct {
        struct ord_client_options options;
        char later[64];
    } grown = {.options = options_of(TARGET)};
    struct ord_client *client = NULL;
    grown.options.size = sizeof grown;
    cr_assert_eq(ord_client_open(&grown.options, &client, NULL), ORD_CLIENT_OK);
    ord_client_close(client);
    grown.options.size = offsetof(struct ord_client_options, tag);
    grown.options.max_age_ms = 1; /* beyond its end: not looked at */
    cr_assert_eq(ord_client_open(&grown.options, &client, NULL), ORD_CLIENT_OK);
    ord_client_close(client);
}

Test(client, nothing_is_taken_at_once_and_in_vain)
{
    struct ord_client_options options = options_of(TARGET);
    struct ord_client *client;
    struct ord_client_error error = {0};
    cr_assert_eq(ord_client_open(&options, &client, NULL), ORD_CLIENT_OK);
    int64_t id = 7;
    size_t taken = 7;
    cr_assert_eq(ord_client_next(client, &id), ORD_CLIENT_EMPTY);
    cr_assert_eq(ord_client_take(client, 0, 0, &id, &taken, &error), ORD_CLIENT_OK);
    cr_assert_eq(taken, 0);
    taken = 7;
    cr_assert_eq(ord_client_get(client, 200, &id, &error), ORD_CLIENT_UNAVAILABLE, "%s", error.text);
    cr_assert_eq(ord_client_take(client, 0, 1, &id, &taken, NULL), ORD_CLIENT_UNAVAILABLE);
    cr_assert_eq(id, 7);
    cr_assert_eq(taken, 7);
    cr_assert_eq(ord_client_error(client, &error), ORD_CLIENT_UNAVAILABLE);
    cr_assert(strstr(error.text, TARGET ": cannot be reached: "), "%s", error.text);
    struct ord_client_stats stats = {.size = sizeof stats};
    ord_client_stats(client, &stats);
    cr_assert_eq(stats.waits, 1);
    cr_assert_gt(stats.failures, 0);
    cr_assert_eq(stats.prefetched, 0);
    ord_client_close(client);
}

Test(client, codes_have_names)
{
    cr_assert_str_eq(ord_client_code_name(ORD_CLIENT_OK), "ok");
    cr_assert_str_eq(ord_client_code_name(ORD_CLIENT_INTERNAL), "internal");
    cr_assert_str_eq(ord_client_code_name(ORD_CLIENT_INTERNAL + 1), "unknown");
    cr_assert_str_eq(ord_client_code_name(-1), "unknown");
    cr_assert_gt(strlen(ord_client_version()), 0);
}

Test(client, closing_nothing_does_nothing)
{
    cr_assert_null(ord_client_close(NULL));
}
