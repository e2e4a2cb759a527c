#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/methods.h"
#include "conf/render.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/options.h"

#define EXIT_USAGE 2

/* One line a problem, with the program's name before it. */
static int fail_usage(char *problems)
{
    for (char *line = problems, *end; line && (end = strchr(line, '\n')); line = end + 1)
        fprintf(stderr, "ordinald: %.*s\n", (int)(end - line), line);
    free(problems);
    return EXIT_USAGE;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static void print_methods(void)
{
    for (size_t i = 0; i < ord_method_count; i++) {
        const struct ord_method *row = &ord_methods[i];
        const char *second = or_empty(row->verbs[1]);
        printf("%s\t%s\t%s\t%s%s%s\t%s\t%s\t%s\n", row->service, row->name, row->path, or_empty(row->verbs[0]),
               *second ? "," : "", second, or_empty(row->route), row->request->name, row->reply->name);
    }
}

static int generate(const char *form)
{
    struct ord_error error;
    if (strcmp(form, "methods") == 0)
        print_methods();
    else if (ord_render(&ord_daemon_program, form, stdout, &error) != ORD_OK)
        return EXIT_USAGE;
    return EXIT_SUCCESS;
}

/* Does what an action flag asks for; false when none was given. */
static bool act(const struct ord_settings *settings, int *ret_status)
{
    *ret_status = EXIT_SUCCESS;
    if (ord_settings_switch(settings, "help"))
        ord_render_help(&ord_daemon_program, NULL, stdout);
    else if (ord_settings_switch(settings, "version"))
        printf("ordinald %s\n", ORDINAL_VERSION);
    else if (ord_settings_text(settings, "generate"))
        *ret_status = generate(ord_settings_text(settings, "generate"));
    else if (ord_settings_switch(settings, "print-config"))
        ord_settings_print(settings, stdout);
    else
        return false;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "ordinald: standard output: %s\n", strerror(errno));
        *ret_status = EXIT_FAILURE;
    }
    return true;
}

static int run(const struct ord_settings *settings)
{
    int status;
    if (act(settings, &status))
        return status;

    struct ord_config config;
    char *problems = NULL;
    if (ord_config_read(settings, &config, &problems) != ORD_OK)
        return fail_usage(problems);
    if (ord_settings_switch(settings, "check-config"))
        return EXIT_SUCCESS;
    return ord_daemon_run(&config);
}

int main(int argc, char **argv)
{
    struct ord_settings *settings = NULL;
    char *problems = NULL;
    if (ord_settings_read(&ord_daemon_program, argc, argv, environ, &settings, &problems) != ORD_OK)
        return fail_usage(problems);
    int status = run(settings);
    ord_settings_free(settings);
    return status;
}
