/* Completion for bash. Bash takes words apart at "=" and ":", so that --log=x arrives as three. */
#include "conf/forms.h"

static void write_pattern(const struct ord_option *option, const char *verb, FILE *out)
{
    fprintf(out, "%s--%s", verb, option->name);
    if (option->letter)
        fprintf(out, " | %s-%c", verb, option->letter);
}

static void write_offer(enum ord_offer offer, const struct ord_option *option, FILE *out)
{
    static const char *const commands[] = {
        [ORD_OFFER_NOTHING] = "",
        [ORD_OFFER_CHOICES] = "mapfile -t COMPREPLY < <(compgen -W '",
        [ORD_OFFER_FILES] =
            "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); ",
        [ORD_OFFER_DIRECTORIES] =
            "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); ",
    };
    fputs(commands[offer], out);
    if (offer != ORD_OFFER_CHOICES)
        return;
    ord_write_words(option, out);
    fputs("' -- \"$word\"); ", out);
}

/* What follows an option that takes a value. `verb` is "get:" or "*:". */
static void write_values(const struct ord_option *options, size_t count, const char *verb, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        if (!ord_option_argument(&options[i]))
            continue;
        fputs("    ", out);
        write_pattern(&options[i], verb, out);
        fputs(") ", out);
        write_offer(ord_offer_for_option(&options[i]), &options[i], out);
        fputs("return ;;\n", out);
    }
}

static void write_flags(const struct ord_option *options, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        if (options[i].letter)
            fprintf(out, " -%c", options[i].letter);
        fprintf(out, " --%s", options[i].name);
    }
}

static void write_verb_search(const struct ord_program *program, FILE *out)
{
    fputs("    for ((i = 1; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in\n        ", out);
    for (size_t i = 0; i < program->option_count; i++)
        if (ord_option_argument(&program->options[i])) {
            write_pattern(&program->options[i], "", out);
            fputs(" | ", out);
        }
    fputs("--?*=)\n            [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))\n            ((i++)) ;;\n        ",
          out);
    for (size_t i = 0; i < program->verb_count; i++)
        fprintf(out, "%s%s", i ? " | " : "", program->verbs[i].name);
    fputs(")\n            verb=${COMP_WORDS[i]}\n            break ;;\n        esac\n    done\n", out);
}

static void write_verbs(const struct ord_program *program, FILE *out)
{
    fputs("    case $verb in\n    '') [[ $word == -* ]] || flags='", out);
    for (size_t i = 0; i < program->verb_count; i++)
        fprintf(out, "%s%s", i ? " " : "", program->verbs[i].name);
    fputs("' ;;\n", out);
    for (size_t i = 0; i < program->verb_count; i++) {
        const struct ord_verb *verb = &program->verbs[i];
        enum ord_offer offer = ord_offer_for(verb->arguments);
        fprintf(out, "    %s)\n        flags+='", verb->name);
        write_flags(verb->options, verb->option_count, out);
        fputs("'\n", out);
        if (offer != ORD_OFFER_NOTHING) {
            fputs("        [[ $word == -* ]] || { ", out);
            write_offer(offer, NULL, out);
            fputs("return; }\n", out);
        }
        fputs("        ;;\n", out);
    }
    fputs("    esac\n", out);
}

void ord_render_bash(const struct ord_program *program, FILE *out)
{
    fprintf(out, "# Completion of %s for bash.\n_%s()\n{\n", program->name, program->name);
    fputs("    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb='' flags='' i\n"
          "    COMPREPLY=()\n"
          "    if [[ $word == = ]]; then\n"
          "        word=''\n"
          "    elif [[ $before == = ]]; then\n"
          "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n",
          out);
    if (program->verbs)
        write_verb_search(program, out);
    fputs("    case $verb:$before in\n", out);
    for (size_t i = 0; i < program->verb_count; i++) {
        char verb[64];
        snprintf(verb, sizeof verb, "%s:", program->verbs[i].name);
        write_values(program->verbs[i].options, program->verbs[i].option_count, verb, out);
    }
    write_values(program->options, program->option_count, "*:", out);
    fputs("    esac\n    flags='", out);
    write_flags(program->options, program->option_count, out);
    fputs("'\n", out);
    if (program->verbs)
        write_verbs(program, out);
    fprintf(out, "    mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$word\")\n}\ncomplete -F _%s %s\n",
            program->name, program->name);
}
