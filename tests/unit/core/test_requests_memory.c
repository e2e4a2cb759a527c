/* No memory: the n-th allocation fails, for every n until all goes well. The linker puts the __wrap_ functions
 * in the place of the library's (see meson.build). */
#include <criterion/criterion.h>
#include <search.h>
#include <stdlib.h>

#include "core/requests.h"

static int left = -1; /* how many allocations succeed; -1: all do */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__real_tsearch(const void *key, void **root, int (*compare)(const void *, const void *));
void *__wrap_tsearch(const void *key, void **root, int (*compare)(const void *, const void *));
void *__wrap_tsearch(const void *key, void **root, int (*compare)(const void *, const void *))
{
    return fails() ? NULL : __real_tsearch(key, root, compare);
}

Test(requests_memory, what_cannot_be_added_leaves_no_trace)
{
    struct ord_requests requests;
    struct ord_request *request = NULL;
    ord_requests_init(&requests, 10, 1000);
    for (int n = 0; n < 2; n++) {
        struct ord_error error;
        left = n;
        cr_assert_eq(ord_requests_add(&requests, "a", 0, &request, &error), ORD_INTERNAL, "%d", n);
        left = -1;
        cr_assert_str_eq(error.text, "no memory");
        cr_assert_null(request);
        cr_assert_eq(requests.count, 0, "%d", n);
        cr_assert_null(ord_requests_find(&requests, "a", 0));
    }
    cr_assert_eq(ord_requests_add(&requests, "a", 0, &request, NULL), ORD_OK);
    ord_requests_finish(&requests);
}

Test(requests_memory, what_cannot_be_loaded_is_told)
{
    struct ord_requests requests;
    struct ord_grant grant = {.first = 7, .count = 1};
    ord_requests_init(&requests, 10, 1000);
    for (int n = 0; n < 2; n++) {
        left = n;
        cr_assert_not(ord_requests_load(&requests, "a", &grant), "%d", n);
        left = -1;
        cr_assert_eq(requests.count, 0, "%d", n);
    }
    cr_assert(ord_requests_load(&requests, "a", &grant));
    left = 0;
    cr_assert_not(ord_requests_loaded(&requests));
    left = -1;
    cr_assert(ord_requests_loaded(&requests));
    ord_requests_finish(&requests);
}
