#include "programs.h"
#include "reading.h"

static const char not_address[] = " is not ADDR:PORT; allowed an IP address and a port of 0 to 65535, such as "
                                  "127.0.0.1:8080 or [::1]:0\n";

static void expect_flag(const char *name, const char *value, const char *reason)
{
    char line[4096], problem[512] = "";
    snprintf(line, sizeof line, "--%s=%s", name, value);
    if (*reason)
        snprintf(problem, sizeof problem, "--%s: \"%s\"%s", name, value, reason);
    expect_problems(&daemon_program, line, "", problem);
}

static void expect_number(const char *name, const char *value, int64_t number)
{
    char line[256];
    snprintf(line, sizeof line, "--%s %s", name, value);
    struct reading *reading = read_words(&daemon_program, line, "");
    cr_assert_null(reading->problems, "%s: %s", line, reading->problems);
    cr_assert_eq(ord_settings_number(reading->settings, name), number, "%s", line);
    reading_free(reading);
}

Test(values, integers)
{
    static const char reason[] = " is not a whole number; allowed -5 to 4096\n";
    static const char *const bad[] = {"", "x", "1x", "+1", "0x10", "010", "-", "--1", "1.0", "-07", "1e3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_flag("threads", bad[i], reason);
    expect_number("threads", "0", 0);
    expect_number("threads", "-5", -5);
    expect_number("threads", "4096", 4096);

    static const char *const beyond[] = {"-6", "4097", "9223372036854775808", "-99999999999999999999"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        char line[64], problem[128];
        snprintf(line, sizeof line, "--threads %s", beyond[i]);
        snprintf(problem, sizeof problem, "--threads: %s is out of range; allowed -5 to 4096\n", beyond[i]);
        expect_problems(&daemon_program, line, "", problem);
    }
}

Test(values, durations)
{
    static const char reason[] = " is not a duration such as 250ms, 10s, 2m or 1h; allowed 0 to 2h\n";
    static const char *const bad[] = {"", "10", "s", "-1s", "1.5s", "1d", "01s", "1s1ms", "1S", "00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_flag("drain", bad[i], reason);
    expect_number("drain", "0", 0);
    expect_number("drain", "0s", 0);
    expect_number("drain", "250ms", 250);
    expect_number("drain", "10s", 10000);
    expect_number("drain", "2m", 120000);
    expect_number("drain", "2h", 7200000);
    expect_problems(&daemon_program, "--drain 7200001ms", "",
                    "--drain: 7200001ms is out of range; allowed 0 to 2h\n");
    expect_problems(&daemon_program, "--drain 5124095576030432h", "",
                    "--drain: 5124095576030432h is out of range; allowed 0 to 2h\n");
}

Test(values, addresses)
{
    static const char *const good[] = {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:80", "[::]:0",
                                       "[2001:db8:1111:2222:3333:4444:255.255.255.255]:1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_flag("listen", good[i], "");
    static const char *const bad[] = {"",
                                      ":80",
                                      "localhost:80",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "1.2.3:80",
                                      "1.2.3.4:080",
                                      "1.2.3.4:65536",
                                      "1.2.3.4:99999999999999999999",
                                      "::1:80",
                                      "[::1]",
                                      "[::1]80",
                                      "[1.2.3.4]:80",
                                      "[::1:80",
                                      "[::g]:80",
                                      "1.2.3.4:-1",
                                      "1.2.3.4:1x",
                                      "[::1%lo]:80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_flag("listen", bad[i], not_address);
}

Test(values, choices_and_text)
{
    static const char reason[] = " is not a choice; allowed text, json\n";
    expect_flag("log-format", "json", "");
    expect_flag("log-format", "", reason);
    expect_flag("log-format", "tex", reason);
    expect_flag("log-format", "texts", reason);
    expect_flag("log-format", "text|json", reason);
    expect_flag("node-id", "", " is not a value; allowed UTF-8 of at least one character\n");
    expect_flag("node-id", "\u00fc\U0001f600", "");
    expect_problems(
        &daemon_program, "--node-id=a\xff\xc0\x80\n", "",
        "--node-id: \"a\\xff\\xc0\\x80\\x0a\" is not a value; allowed UTF-8 of at least one character\n");
}

Test(values, a_long_value_is_cut_in_messages)
{
    char line[512] = "--threads=";
    memset(line + 10, 'y', 400);
    struct reading *reading = read_words(&daemon_program, line, "");
    cr_assert_not_null(strstr(reading->problems, "yyy…\" is not a whole number; allowed"), "%s",
                       reading->problems);
    cr_assert_lt(strlen(reading->problems), 200);
    reading_free(reading);
}

Test(options, each_way_to_write_a_flag)
{
    static const char *const ways[] = {"--threads 3", "--threads=3", "-t 3", "-t3", "-st3", "-s -t 3"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        expect_value(&daemon_program, ways[i], "", "threads", "3", "--threads");
    expect_value(&daemon_program, "--node-id=a=b", "", "node-id", "a=b", "--node-id");
    expect_value(&daemon_program, "--threads -3", "", "threads", "-3", "--threads");
}

Test(options, switches)
{
    struct reading *reading = read_words(&daemon_program, "-s", "");
    cr_assert(ord_settings_switch(reading->settings, "strict"));
    cr_assert_not(ord_settings_switch(reading->settings, "help"));
    reading_free(reading);
    expect_problems(&daemon_program, "--strict=true", "", "--strict: takes no value\n");
    expect_problems(&daemon_program, "", "ORDINAL_STRICT=yes",
                    "ORDINAL_STRICT: \"yes\" is not a switch; allowed true, false\n");
    reading = read_words(&daemon_program, "", "ORDINAL_STRICT=true");
    cr_assert(ord_settings_switch(reading->settings, "strict"));
    reading_free(reading);
}

Test(options, the_flag_wins_over_the_variable_over_port_over_the_file_over_the_default)
{
    char line[128], origin[64];
    char *path = temporary("\nlisten: 127.0.0.1:4\n", 21);
    snprintf(line, sizeof line, "--config %s", path);
    snprintf(origin, sizeof origin, "%s:2", path);
    expect_value(&daemon_program, "", "", "listen", "127.0.0.1:80", "default");
    expect_value(&daemon_program, line, "", "listen", "127.0.0.1:4", origin);
    expect_value(&daemon_program, line, "PORT=3", "listen", "0.0.0.0:3", "PORT");
    expect_value(&daemon_program, line, "PORT=3 ORDINAL_LISTEN=[::1]:2", "listen", "[::1]:2", "ORDINAL_LISTEN");
    strcat(line, " --listen [::1]:1");
    expect_value(&daemon_program, line, "PORT=3 ORDINAL_LISTEN=[::1]:2", "listen", "[::1]:1", "--listen");
    unlink(path);
    free(path);
}

/* Variables that say what a default is come last, the first that is set and not empty. */
Test(options, defaults_from_the_system)
{
    static const char name[] = "state-dir";
    char line[128], origin[64];
    char *path = temporary("state_dir: /f\n", 14);
    snprintf(line, sizeof line, "--config %s", path);
    snprintf(origin, sizeof origin, "%s:1", path);
    expect_value(&daemon_program, "", "HOME=/h", name, "/h/.local", "HOME");
    expect_value(&daemon_program, "", "HOME=/h STATE_DIRECTORY=", name, "/h/.local", "HOME");
    expect_value(&daemon_program, "", "HOME=/h STATE_DIRECTORY=/a", name, "/a", "STATE_DIRECTORY");
    expect_value(&daemon_program, "", "STATE_DIRECTORY=/a:/b:/c HOME=/h", name, "/a", "STATE_DIRECTORY");
    expect_value(&daemon_program, line, "STATE_DIRECTORY=/a HOME=/h", name, "/f", origin);
    expect_value(&daemon_program, line, "STATE_DIRECTORY=/a ORDINAL_STATE_DIR=/v", name, "/v",
                 "ORDINAL_STATE_DIR");
    expect_value(&daemon_program, "--state-dir /a:/b", "HOME=/h", name, "/a:/b", "--state-dir");
    unlink(path);
    free(path);
}

Test(options, sources)
{
    struct reading *reading = read_words(&daemon_program, "-t 1", "ORDINAL_DRAIN=1s");
    cr_assert_eq(ord_settings_source(reading->settings, "threads"), ORD_SOURCE_FLAG);
    cr_assert_eq(ord_settings_source(reading->settings, "drain"), ORD_SOURCE_ENVIRONMENT);
    cr_assert_eq(ord_settings_source(reading->settings, "listen"), ORD_SOURCE_DEFAULT);
    cr_assert_null(ord_settings_text(reading->settings, "node-id"));
    reading_free(reading);
}

Test(options, problems_of_flags)
{
    static const struct {
        const char *line, *problems;
    } cases[] = {
        {"--liste x", "--liste: no such option; did you mean --listen?\n"
                      "\"x\": toyd takes no arguments\n"},
        {"--log", "--log: no such option; did you mean --log-format?\n"},
        {"--LISTEN=1", "--LISTEN: no such option; did you mean --listen?\n"},
        {"--log_format", "--log_format: no such option; did you mean --log-format?\n"},
        {"--colour", "--colour: no such option\n"},
        {"-x", "-x: no such option\n"},
        {"-sx", "-x: no such option\n"},
        {"--listen", "--listen: needs a value: ADDR:PORT\n"},
        {"-t", "--threads: needs a value: N\n"},
        {"-t 1 --threads=2", "--threads: given twice\n"},
        {"-ss", "--strict: given twice\n"},
        {"a -- -b", "\"a\": toyd takes no arguments\n\"-b\": toyd takes no arguments\n"},
        {"-", "\"-\": toyd takes no arguments\n"},
        {"--threads x --drain=1 -q",
         "--threads: \"x\" is not a whole number; allowed -5 to 4096\n"
         "--drain: \"1\" is not a duration such as 250ms, 10s, 2m or 1h; allowed 0 to 2h\n"
         "-q: no such option\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_problems(&daemon_program, cases[i].line, "", cases[i].problems);
}

Test(options, a_very_long_flag_is_unknown)
{
    char line[1024] = "--";
    memset(line + 2, 'l', 900);
    struct reading *reading = read_words(&daemon_program, line, "");
    cr_assert_not_null(strstr(reading->problems, ": no such option\n"), "%s", reading->problems);
    reading_free(reading);
}

Test(options, problems_of_variables)
{
    static const struct {
        const char *variables, *problems;
    } cases[] = {
        {"ORDINAL_THREADS=x", "ORDINAL_THREADS: \"x\" is not a whole number; allowed -5 to 4096\n"},
        {"ORDINAL_NODE_ID=", "ORDINAL_NODE_ID: \"\" is not a value; allowed UTF-8 of at least one character\n"},
        {"ORDINAL_THREDS=1", "ORDINAL_THREDS: no option has this variable; did you mean ORDINAL_THREADS?\n"},
        {"ORDINAL_FOO=1 ordinal_threads=x ORDINALS=3", "ORDINAL_FOO: no option has this variable\n"},
        {"ORDINAL_HELP=true", "ORDINAL_HELP: no option has this variable\n"},
        {"ORDINAL_PORT=80", "ORDINAL_PORT: no option has this variable\n"},
        {"ORDINAL_PORT=tcp://10.0.0.1:80 ORDINAL_PORT_80_TCP_ADDR=10.0.0.1 ORDINAL_SERVICE_HOST=10.0.0.1 "
         "ORDINAL_SERVICE_PORT_GRPC=50051 ORDINAL_HTTP_PORT=tcp://10.0.0.1:80",
         ""},
        {"PORT=x",
         "PORT: \"0.0.0.0:x\" is not ADDR:PORT; allowed an IP address and a port of 0 to 65535, such as "
         "127.0.0.1:8080 or [::1]:0\n"},
        {"PORT=x ORDINAL_LISTEN=[::1]:2", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_problems(&daemon_program, "", cases[i].variables, cases[i].problems);
    expect_problems(&daemon_program, "--listen [::1]:2", "PORT=x", "");
    expect_problems(&daemon_program, "-t 1", "ORDINAL_THREADS=x",
                    "ORDINAL_THREADS: \"x\" is not a whole number; allowed -5 to 4096\n");
}

Test(options, help_is_answered_whatever_the_variables_say)
{
    expect_problems(&daemon_program, "--help", "ORDINAL_THREADS=x ORDINAL_CONFIG=nowhere.yaml", "");
}

Test(options, verbs)
{
    struct reading *reading = read_words(&client_program, "-o json decode 1 --server x -- -2 --output", "");
    cr_assert_null(reading->problems, "%s", reading->problems);
    cr_assert_str_eq(ord_settings_verb(reading->settings)->name, "decode");
    cr_assert_eq(ord_settings_argument_count(reading->settings), 3);
    cr_assert_str_eq(ord_settings_argument(reading->settings, 0), "1");
    cr_assert_str_eq(ord_settings_argument(reading->settings, 1), "-2");
    cr_assert_str_eq(ord_settings_argument(reading->settings, 2), "--output");
    cr_assert_str_eq(ord_settings_text(reading->settings, "output"), "json");
    reading_free(reading);

    reading = read_words(&client_program, "", "");
    cr_assert_null(ord_settings_verb(reading->settings));
    reading_free(reading);
    expect_value(&client_program, "get -n3", "ORDINAL_COUNT=5 ORDINAL_SPEED=x ORDINAL_ANY=1", "count", "3",
                 "--count");
    expect_value(&client_program, "get", "ORDINAL_COUNT=5", "count", "5", "ORDINAL_COUNT");
}

Test(options, problems_of_verbs)
{
    expect_problems(&client_program, "gte --count 3", "", "\"gte\": no such verb; allowed get, decode, load\n");
    expect_problems(&client_program, "deocde", "",
                    "\"deocde\": no such verb; allowed get, decode, load; did you mean decode?\n");
    expect_problems(&client_program, "--count 3 get", "",
                    "--count: no such option\n\"3\": no such verb; allowed get, decode, load\n");
    expect_problems(&client_program, "get 3", "", "\"3\": get takes no arguments\n");
    expect_problems(&client_program, "decode -n 3", "", "-n: no such option\n");
}

Test(options, what_is_printed_reads_back)
{
    char line[256], printed[4096];
    const char *argv[] = {
        "toyd",        "--node-id", "a\"b\\ \n\t#: \x01\x7f \xc2\x85\u00e9 \u2028 \ufeff\U0001f600'%",
        "--state-dir", "null",      "--listen",
        "[::1]:0",     "-s",        "-t",
        "-3",          "--drain",   "250ms",
        NULL};
    char *environment[] = {NULL};
    struct ord_settings *settings;
    char *problems;
    cr_assert_eq(ord_settings_read(&daemon_program, 12, (char **)argv, environment, &settings, &problems),
                 ORD_OK);
    FILE *out = fmemopen(printed, sizeof printed, "w");
    ord_settings_print(settings, out);
    fclose(out);
    settings = ord_settings_free(settings);
    cr_assert_not_null(strstr(printed, "threads: -3  # from --threads; default: 8\n"), "%s", printed);
    cr_assert_not_null(strstr(printed, "log_format: \"text\"  # from default\n"), "%s", printed);
    cr_assert_null(strstr(printed, "config"), "%s", printed);

    char *path = temporary(printed, strlen(printed));
    snprintf(line, sizeof line, "--config %s", path);
    struct reading *reading = read_words(&daemon_program, line, "");
    cr_assert_null(reading->problems, "%s%s", reading->problems, printed);
    cr_assert_str_eq(ord_settings_text(reading->settings, "node-id"), argv[2], "%s", printed);
    cr_assert_str_eq(ord_settings_text(reading->settings, "state-dir"), "null");
    cr_assert_str_eq(ord_settings_text(reading->settings, "listen"), "[::1]:0");
    cr_assert(ord_settings_switch(reading->settings, "strict"));
    cr_assert_eq(ord_settings_number(reading->settings, "threads"), -3);
    cr_assert_eq(ord_settings_number(reading->settings, "drain"), 250);
    cr_assert_eq(ord_settings_source(reading->settings, "drain"), ORD_SOURCE_FILE);
    reading_free(reading);
    unlink(path);
    free(path);
}

Test(options, what_is_not_set_is_printed_as_a_comment)
{
    char printed[4096];
    struct reading *reading = read_words(&daemon_program, "", "");
    FILE *out = fmemopen(printed, sizeof printed, "w");
    ord_settings_print(reading->settings, out);
    fclose(out);
    cr_assert_not_null(strstr(printed, "#node_id:  # not set\n"), "%s", printed);
    reading_free(reading);
}
