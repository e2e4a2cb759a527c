#include "programs.h"
#include "reading.h"

/* Expects problems of a file; "@" in `problems` stands for its name. */
static void expect_file_problems(const struct ord_program *program, const char *line, const char *bytes,
                                 size_t size, const char *problems)
{
    char words[256], expected[4096];
    size_t used = 0;
    char *path = temporary(bytes, size);
    for (const char *at = problems; *at; at++)
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s",
                                 *at == '@' ? path : (char[]){*at, '\0'});
    expected[used] = '\0';
    snprintf(words, sizeof words, "%s --config %s", line, path);
    expect_problems(program, words, "", expected);
    unlink(path);
    free(path);
}

Test(file, problems)
{
    static const struct {
        const char *text, *problems;
    } cases[] = {
        {"", ""},
        {"# nothing\n", ""},
        {"---\n", ""},
        {"{}\n", ""},
        {"threads: 3\nnode_id: 7\nstrict: true\n...\n", ""},
        {"{threads: 3, \"node_id\": 'x'}", ""},
        {"threads: \"3\"\n", ""},
        {"- threads: 3\n", "@:1: the file is not a mapping; allowed lines of the form \"key: value\"\n"},
        {"\nthreads\n", "@:2: the file is not a mapping; allowed lines of the form \"key: value\"\n"},
        {"threads: x\n", "@:1: threads: \"x\" is not a whole number; allowed -5 to 4096\n"},
        {"\n\nthreads: true", "@:3: threads: \"true\" is not a whole number; allowed -5 to 4096\n"},
        {"threads: 5000", "@:1: threads: 5000 is out of range; allowed -5 to 4096\n"},
        {"strict: yes", "@:1: strict: \"yes\" is not a switch; allowed true, false\n"},
        {"node_id:", "@:1: node_id: is empty; allowed a single value\n"},
        {"node_id: ~", "@:1: node_id: is empty; allowed a single value\n"},
        {"node_id: \"a\\0b\"", "@:1: node_id: is text with a zero byte; allowed a single value\n"},
        {"threads: !!int 5", "@:1: threads: is a value with a tag; allowed a single value\n"},
        {"threads: 3\nlog_format: json\n# again\nthreads: 4\n", "@:4: threads: given twice, first in line 1\n"},
        {"threads: [1, {a: [b]}]\ndrain: {a: b}\nlog_format: x\n",
         "@:1: threads: is a list; allowed a single value\n"
         "@:2: drain: is a mapping; allowed a single value\n"
         "@:3: log_format: \"x\" is not a choice; allowed text, json\n"},
        {"thread: 1\nlog-format: json\ncolour: red\nconfig: x\nhelp: true\nTHREADS: 1",
         "@:1: thread: no option has this key; did you mean threads?\n"
         "@:2: log-format: no option has this key; did you mean log_format?\n"
         "@:3: colour: no option has this key\n"
         "@:4: config: no option has this key\n"
         "@:5: help: no option has this key\n"
         "@:6: THREADS: no option has this key; did you mean threads?\n"},
        {"? [a, b]\n: x\n? {a: b}\n: [c]\nthreads: x\n",
         "@:1: a key is the name of an option\n"
         "@:3: a key is the name of an option\n"
         "@:5: threads: \"x\" is not a whole number; allowed -5 to "
         "4096\n"},
        {"node_id: &a b\nstate_dir: *a\n", "@:2: state_dir: is an alias; allowed a single value\n"},
        {"threads: x\n---\nthreads: y\n", "@:1: threads: \"x\" is not a whole number; allowed -5 to 4096\n"
                                          "@:2: a second document; allowed one\n"},
        {"threads: x\nnode_id: \"a\n", "@:1: threads: \"x\" is not a whole number; allowed -5 to 4096\n"
                                       "@:3: found unexpected end of stream while scanning a quoted scalar\n"},
        {"threads: 1\n\tdrain: 1s\n",
         "@:2: found a tab character that violates indentation while scanning a plain scalar\n"},
        {"threads: 1: 2\n", "@:1: mapping values are not allowed in this context\n"},
        {"threads: 1\nnode_id: \xff\n", "@:2: invalid leading UTF-8 octet\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_file_problems(&daemon_program, "", cases[i].text, strlen(cases[i].text), cases[i].problems);
}

Test(file, a_value_that_a_flag_outranks_is_checked_as_well)
{
    expect_file_problems(&daemon_program, "-t 1", "threads: x", 10,
                         "@:1: threads: \"x\" is not a whole number; allowed -5 to 4096\n");
}

Test(file, keys_of_other_verbs_are_known)
{
    static const char text[] = "count: 0\nspeed: [x]\nspeeed: 1\n";
    expect_file_problems(
        &client_program, "get", text, strlen(text),
        "@:1: count: 0 is out of range; allowed 1 to 100\n@:3: speeed: no option has this key\n");
}

Test(file, that_cannot_be_read)
{
    expect_problems(&daemon_program, "--config nowhere.yaml", "",
                    "--config nowhere.yaml: No such file or directory\n");
    expect_problems(&daemon_program, "", "ORDINAL_CONFIG=nowhere.yaml",
                    "ORDINAL_CONFIG nowhere.yaml: No such file or directory\n");
    expect_problems(&daemon_program, "--config .", "", "--config .: Is a directory\n");
}

Test(file, of_a_size_that_no_config_has)
{
    size_t size = 1024 * 1024 + 1;
    char *bytes = malloc(size), problem[128];
    memset(bytes, '\n', size);
    expect_file_problems(&daemon_program, "", bytes, size - 1, "");
    snprintf(problem, sizeof problem, "--config @: too large; allowed %zu bytes\n", size - 1);
    expect_file_problems(&daemon_program, "", bytes, size, problem);
    free(bytes);
}
