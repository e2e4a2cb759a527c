/* Completion for fish. */
#include "conf/forms.h"

#define QUOTE "\\'"
#define SPECIAL "\\"

static void write_offer(enum ord_offer offer, const struct ord_option *option, FILE *out)
{
    static const char *const words[] = {
        [ORD_OFFER_NOTHING] = " -x",
        [ORD_OFFER_CHOICES] = " -x -a '",
        [ORD_OFFER_FILES] = " -r -F",
        [ORD_OFFER_DIRECTORIES] = " -x -a '(__fish_complete_directories)'",
    };
    fputs(words[offer], out);
    if (offer != ORD_OFFER_CHOICES)
        return;
    ord_write_words(option, out);
    fputc('\'', out);
}

static void write_help(const char *help, FILE *out)
{
    fputs(" -d '", out);
    ord_write_short(help, SPECIAL, QUOTE, out);
    fputs("'\n", out);
}

/* `verb` is NULL for the options of the program. */
static void write_options(const struct ord_program *program, const char *verb, const struct ord_option *options,
                          size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "complete -c %s", program->name);
        if (verb)
            fprintf(out, " -n '__fish_seen_subcommand_from %s'", verb);
        if (options[i].letter)
            fprintf(out, " -s %c", options[i].letter);
        fprintf(out, " -l %s", options[i].name);
        if (ord_option_argument(&options[i]))
            write_offer(ord_offer_for_option(&options[i]), &options[i], out);
        write_help(options[i].help, out);
    }
}

static void write_verb(const struct ord_program *program, const struct ord_verb *verb, FILE *out)
{
    fprintf(out, "complete -c %s -n __fish_use_subcommand -a %s", program->name, verb->name);
    write_help(verb->help, out);
    if (ord_offer_for(verb->arguments) != ORD_OFFER_NOTHING)
        fprintf(out, "complete -c %s -n '__fish_seen_subcommand_from %s' -F\n", program->name, verb->name);
    write_options(program, verb->name, verb->options, verb->option_count, out);
}

void ord_render_fish(const struct ord_program *program, FILE *out)
{
    fprintf(out, "# Completion of %s for fish.\ncomplete -c %s -f\n", program->name, program->name);
    write_options(program, NULL, program->options, program->option_count, out);
    for (size_t i = 0; i < program->verb_count; i++)
        write_verb(program, &program->verbs[i], out);
}
