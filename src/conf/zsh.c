/* Completion for zsh, by _arguments. */
#include "conf/forms.h"

#define QUOTE "'\\''"
#define SPECIAL "[]:\\"

static void write_offer(enum ord_offer offer, const struct ord_option *option, FILE *out)
{
    static const char *const actions[] = {
        [ORD_OFFER_NOTHING] = "",
        [ORD_OFFER_CHOICES] = "(",
        [ORD_OFFER_FILES] = "_files",
        [ORD_OFFER_DIRECTORIES] = "_files -/",
    };
    fputs(actions[offer], out);
    if (offer != ORD_OFFER_CHOICES)
        return;
    ord_write_words(option, out);
    fputc(')', out);
}

/* The rest of a specification, after the flag. */
static void write_rest(const struct ord_option *option, FILE *out)
{
    const char *argument = ord_option_argument(option);
    fputc('[', out);
    ord_write_short(option->help, SPECIAL, QUOTE, out);
    fputc(']', out);
    if (argument) {
        fputc(':', out);
        ord_write_short(argument, SPECIAL, QUOTE, out);
        fputc(':', out);
        write_offer(ord_offer_for_option(option), option, out);
    }
    fputs("'\n", out);
}

static void write_option(const struct ord_option *option, FILE *out)
{
    bool has_value = ord_option_argument(option) != NULL;
    if (option->letter) {
        fprintf(out, "        '(-%c --%s)-%c%s", option->letter, option->name, option->letter,
                has_value ? "+" : "");
        write_rest(option, out);
        fprintf(out, "        '(-%c --%s)--%s%s", option->letter, option->name, option->name,
                has_value ? "=" : "");
    } else {
        fprintf(out, "        '--%s%s", option->name, has_value ? "=" : "");
    }
    write_rest(option, out);
}

static void write_argument(const char *arguments, FILE *out)
{
    if (!arguments)
        return;
    fputs("        '*:", out);
    ord_write_short(arguments, SPECIAL, QUOTE, out);
    fputc(':', out);
    write_offer(ord_offer_for(arguments), NULL, out);
    fputs("'\n", out);
}

static void write_list(const char *name, const struct ord_option *options, size_t count, const char *arguments,
                       FILE *out)
{
    fprintf(out, "    %s=(\n", name);
    for (size_t i = 0; i < count; i++)
        write_option(&options[i], out);
    write_argument(arguments, out);
    fputs("    )\n", out);
}

static void write_verbs(const struct ord_program *program, FILE *out)
{
    fputs("    _arguments -s -S -C $common '1:verb:->verb' '*::argument:->argument' && return\n"
          "    if [[ $state == verb ]]; then\n        verbs=(\n",
          out);
    for (size_t i = 0; i < program->verb_count; i++) {
        fprintf(out, "            '%s:", program->verbs[i].name);
        ord_write_short(program->verbs[i].help, ":\\", QUOTE, out);
        fputs("'\n", out);
    }
    fputs("        )\n        _describe verb verbs\n        return\n    fi\n    case $words[1] in\n", out);
    for (size_t i = 0; i < program->verb_count; i++) {
        const struct ord_verb *verb = &program->verbs[i];
        fprintf(out, "    %s)\n", verb->name);
        write_list("own", verb->options, verb->option_count, verb->arguments, out);
        fputs("        ;;\n", out);
    }
    fputs("    esac\n    _arguments -s -S $common $own\n", out);
}

void ord_render_zsh(const struct ord_program *program, FILE *out)
{
    fprintf(out, "#compdef %s\n# Completion of %s for zsh.\n_%s()\n{\n", program->name, program->name,
            program->name);
    fputs("    local context state state_descr line\n    local -a common own verbs\n    local -A opt_args\n",
          out);
    write_list("common", program->options, program->option_count, program->verbs ? NULL : program->arguments,
               out);
    if (program->verbs)
        write_verbs(program, out);
    else
        fputs("    _arguments -s -S $common\n", out);
    fprintf(out, "}\nif [[ $funcstack[1] == _%s ]]; then\n    _%s \"$@\"\nelse\n    compdef _%s %s\nfi\n",
            program->name, program->name, program->name, program->name);
}
