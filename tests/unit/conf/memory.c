/* No memory: the n-th allocation of ours fails, for every n until the reading passes through. The linker puts
 * the __wrap_ functions in the place of the library's (see meson.build). */
#include "programs.h"
#include "reading.h"

static int left = -1; /* how many allocations succeed; -1: all do */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

FILE *__real_open_memstream(char **text, size_t *size);
FILE *__wrap_open_memstream(char **text, size_t *size);
FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return fails() ? NULL : __real_open_memstream(text, size);
}

Test(memory, each_allocation_that_fails_is_told)
{
    static char first[3000], second[3000], file[4000];
    memset(first, 'a', sizeof first - 1);
    memset(second, 'b', sizeof second - 1);
    int used = snprintf(file, sizeof file, "state_dir: %s\ndrain: 1s\n", second);
    char *path = temporary(file, (size_t)used);
    char *argv[] = {(char[]){"toy"}, (char[]){"--config"}, path, (char[]){"-n"}, first, NULL};
    char *environment[] = {(char[]){"ORDINAL_THREADS=5"}, NULL};

    enum ord_code code = ORD_INTERNAL;
    int failures = 0;
    struct ord_settings *settings = NULL;
    for (int n = 0; code == ORD_INTERNAL && n < 100; n++) {
        char *problems = NULL;
        left = n;
        code = ord_settings_read(&daemon_program, 5, argv, environment, &settings, &problems);
        left = -1;
        cr_assert_null(problems, "%d: %s", n, problems);
        cr_assert_eq(settings != NULL, code == ORD_OK, "%d", n);
        failures += code == ORD_INTERNAL;
    }
    cr_assert_eq(code, ORD_OK);
    cr_assert_gt(failures, 4);
    cr_assert_str_eq(ord_settings_text(settings, "node-id"), first);
    cr_assert_str_eq(ord_settings_text(settings, "state-dir"), second);
    ord_settings_free(settings);
    unlink(path);
    free(path);
}
