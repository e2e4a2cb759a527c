#include "callback/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

#define ROW(function)                                                                                          \
    {                                                                                                          \
        "curl_" #function, offsetof(struct ord_curl, function)                                                 \
    }

static const struct {
    const char *name;
    size_t offset;
} rows[] = {
    ROW(global_init),         ROW(easy_init),      ROW(easy_reset), ROW(easy_setopt),     ROW(easy_getinfo),
    ROW(easy_strerror),       ROW(easy_cleanup),   ROW(multi_init), ROW(multi_setopt),    ROW(multi_add_handle),
    ROW(multi_remove_handle), ROW(multi_perform),  ROW(multi_poll), ROW(multi_info_read), ROW(multi_cleanup),
    ROW(slist_append),        ROW(slist_free_all), ROW(url),        ROW(url_set),         ROW(url_get),
    ROW(url_cleanup),         ROW(free),
};
_Static_assert(sizeof rows / sizeof *rows == sizeof(struct ord_curl) / sizeof(void *),
               "a row for each function");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct ord_curl loaded;
static struct ord_error failure; /* its code is ORD_OK when all went well */

static void fail(void)
{
    const char *reason = dlerror();
    ord_fail(&failure, ORD_INTERNAL, "libcurl cannot be loaded: %s", reason ? reason : "no reason is given");
}

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fail();
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *found = dlsym(library, rows[i].name);
        if (!found) {
            fail();
            return;
        }
        memcpy((char *)&loaded + rows[i].offset, &found, sizeof found);
    }
    if (loaded.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        ord_fail(&failure, ORD_INTERNAL, "libcurl cannot be set up");
}

enum ord_code ord_curl_load(const struct ord_curl **ret_curl, struct ord_error *error)
{
    pthread_once(&once, load);
    if (failure.code != ORD_OK) {
        if (error)
            *error = failure;
        return failure.code;
    }
    *ret_curl = &loaded;
    return ORD_OK;
}
