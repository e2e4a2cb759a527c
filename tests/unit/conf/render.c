#include "conf/render.h"

#include <sys/wait.h>

#include "programs.h"
#include "reading.h"

static char *render(const struct ord_program *program, const char *form)
{
    char *text = NULL;
    size_t size = 0;
    struct ord_error error;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(ord_render(program, form, out, &error), ORD_OK, "%s", form);
    fclose(out);
    return text;
}

static char *help(const struct ord_program *program, const struct ord_verb *verb)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ord_render_help(program, verb, out);
    fclose(out);
    return text;
}

static void expect_in(const char *text, const char *part)
{
    cr_assert_not_null(strstr(text, part), "no \"%s\" in\n%s", part, text);
}

/* What a shell's line prints, when it runs with the name of a file of that form as its $f; "-" when the tool is
 * not installed. The status is expected to be 0. */
static char *run(const struct ord_program *program, const char *form, const char *tool, const char *line)
{
    char command[1024];
    snprintf(command, sizeof command, "command -v %s >/dev/null || { printf -- -; exit; }\n%s", tool, line);
    char *text = render(program, form);
    char *path = temporary(text, strlen(text));
    setenv("f", path, 1);
    FILE *in = popen(command, "r");
    char *printed = calloc(1, 65536);
    size_t size = fread(printed, 1, 65535, in);
    int status = pclose(in);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %d\n%s\n%s", line, status, printed, text);
    printed[size] = '\0';
    unlink(path);
    free(path);
    free(text);
    return printed;
}

static void expect_run(const struct ord_program *program, const char *form, const char *tool, const char *line,
                       const char *expected)
{
    char *printed = run(program, form, tool, line);
    cr_assert(strcmp(printed, "-") == 0 || strcmp(printed, expected) == 0, "%s:\n%s\n--- expected:\n%s", line,
              printed, expected);
    free(printed);
}

Test(render, an_unknown_form)
{
    struct ord_error error;
    cr_assert_eq(ord_render(&daemon_program, "html", stderr, &error), ORD_INVALID_ARGUMENT);
    cr_assert_str_eq(error.text, "form: \"html\" is not known; allowed man, bash, zsh, fish, markdown");
}

Test(render, help)
{
    char *text = help(&daemon_program, NULL);
    expect_in(text,
              "Usage: toyd [OPTION]…\n\ntoyd - does little - but well\n\nA first paragraph.\n\n.A second");
    expect_in(text,
              "\nPlace:\n  -n, --node-id SPEC            Which node this is. A number, or where one is found. "
              "Variable:\n                                ORDINAL_NODE_ID.\n");
    expect_in(text, "Variable: ORDINAL_LISTEN or\n                                PORT.\n");
    expect_in(text,
              "Default: 8.\n                                Allowed: -5 to 4096. Variable: ORDINAL_THREADS.\n");
    expect_in(text, "Allowed: 0\n                                to 2h.");
    expect_in(text, "Allowed: text, json.");
    expect_in(text, "\n      --config FILE             Reads a file. Variable: ORDINAL_CONFIG.\n");
    expect_in(text, "\n  -h, --help                    Prints this.\n");
    expect_in(text, "\nExit status:\n  0   All went well.\n  2   The configuration is wrong.\n");
    expect_in(text, "\nExamples:\n  toyd\n\n  toyd --listen '[::1]:0' \\\n      --threads 3\n");
    cr_assert_lt(strstr(text, "--drain"), strstr(text, "\nListeners:\n"), "options of a group stand together");
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        cr_assert_leq(strcspn(line, "\n"), 104, "%.*s", (int)strcspn(line, "\n"), line);
    free(text);
}

Test(render, help_of_verbs)
{
    char *text = help(&client_program, NULL);
    expect_in(text, "Usage: toy [OPTION]… VERB …\n");
    expect_in(text, "\nVerbs:\n  get                           Gets some: it's [easy].\n"
                    "  decode ID…                    Takes IDs apart.\n");
    free(text);
    text = help(&client_program, &verbs[0]);
    expect_in(text, "Usage: toy get [OPTION]…\n\nGets some");
    expect_in(text, "\n  -n, --count N                 How many. Default: 1. Allowed: 1 to 100.");
    expect_in(text, "--output FORM");
    expect_in(text, "Examples:\n  toy get -n 3\n");
    free(text);
}

Test(render, man_pages_give_no_warnings)
{
    expect_run(&daemon_program, "man", "groff", "groff -man -ww -z $f 2>&1", "");
    expect_run(&client_program, "man", "groff", "groff -man -ww -z $f 2>&1", "");
    expect_run(&daemon_program, "man", "man", "man --warnings -l $f 2>&1 >/dev/null", "");
}

Test(render, man_pages_say_what_the_tables_say)
{
    char *text = run(&daemon_program, "man", "groff", "groff -man -Tutf8 -P-cbou $f");
    if (strcmp(text, "-") != 0) {
        expect_in(text, "TOYD(8)");
        expect_in(text, "toyd - does little - but well");
        expect_in(text, ".A second one: \"it's\" ~5 ^ `x`.");
        expect_in(text, "'Quoted.");
        expect_in(text, "-n, --node-id SPEC");
        expect_in(text, ".Not a request \\ of roff…");
        expect_in(text, "toyd --listen '[::1]:0' \\\n");
    }
    free(text);
    text = run(&client_program, "man", "groff", "groff -man -Tutf8 -P-cbou $f");
    if (strcmp(text, "-") != 0) {
        expect_in(text, "TOY(1)");
        expect_in(text, "toy decode [OPTION]… ID…");
    }
    free(text);
}

Test(render, shells_take_the_completions)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < 3; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s -n $f 2>&1", shells[i]);
        expect_run(&daemon_program, shells[i], shells[i], line, "");
        expect_run(&client_program, shells[i], shells[i], line, "");
    }
}

/* Completes words in bash, the last of which is being written. */
static void expect_bash(const struct ord_program *program, const char *words, const char *expected)
{
    char line[512];
    snprintf(line, sizeof line,
             "bash -c 'source ./$f; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _%s; "
             "echo -n ${COMPREPLY[@]}' 2>&1",
             words, program->name);
    expect_run(program, "bash", "bash", line, expected);
}

Test(render, completion_in_bash)
{
    expect_bash(&daemon_program, "toyd --l", "--listen --log-format");
    expect_bash(&daemon_program, "toyd --log-format \"\"", "text json");
    expect_bash(&daemon_program, "toyd -l j", "json");
    expect_bash(&daemon_program, "toyd --log-format = t", "text");
    expect_bash(&daemon_program, "toyd --log-format =", "text json");
    expect_bash(&daemon_program, "toyd --threads \"\"", "");
    expect_bash(&daemon_program, "toyd --config /proc/self/statu", "/proc/self/status");
    expect_bash(&daemon_program, "toyd --state-dir /pro", "/proc");
    expect_bash(&client_program, "toy \"\"", "get decode load");
    expect_bash(&client_program, "toy d", "decode");
    expect_bash(&client_program, "toy --s", "--server");
    expect_bash(&client_program, "toy get --c", "--config --count");
    expect_bash(&client_program, "toy --server get g", "get");
    expect_bash(&client_program, "toy --server = get g", "get");
    expect_bash(&client_program, "toy --server h : 1 load --sp", "--speed");
    expect_bash(&client_program, "toy load --speed \"\"", "fast slow");
    expect_bash(&client_program, "toy get --speed s", "");
    expect_bash(&client_program, "toy load /proc/self/statu", "/proc/self/status");
}

/* The words that fish offers, without their help. */
static void expect_fish(const struct ord_program *program, const char *words, const char *expected)
{
    char line[512];
    snprintf(line, sizeof line, "fish --no-config -c \"source ./$f; complete -C '%s'\" 2>&1 | cut -f1", words);
    expect_run(program, "fish", "fish", line, expected);
}

Test(render, completion_in_fish)
{
    expect_fish(&daemon_program, "toyd --l", "--listen\n--log-format\n");
    expect_fish(&daemon_program, "toyd --log-format ", "json\ntext\n");
    expect_fish(&daemon_program, "toyd --config /proc/self/statu", "/proc/self/status\n");
    expect_fish(&client_program, "toy ", "decode\nget\nload\n");
    expect_fish(&client_program, "toy get ", "");
    expect_fish(&client_program, "toy get --co", "--config\n--count\n");
    expect_fish(&client_program, "toy load --speed ", "fast\nslow\n");
    expect_fish(&client_program, "toy decode --sp", "");
}

Test(render, markdown)
{
    char *text = render(&daemon_program, "markdown");
    expect_in(text,
              "| `--listen ADDR:PORT` | `ORDINAL_LISTEN`, `PORT` | `listen` | `127.0.0.1:80` |  | Where it "
              "listens. |\n");
    expect_in(text, "| `-h`, `--help` |  |  |  |  | Prints this. |\n");
    expect_in(text, "| `-t`, `--threads N` | `ORDINAL_THREADS` | `threads` | `8` | -5 to 4096 |");
    free(text);
    text = render(&client_program, "markdown");
    expect_in(text, "\n### `toy get`\n");
    free(text);
}
