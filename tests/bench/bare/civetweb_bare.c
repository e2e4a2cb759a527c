/*
 * The limit of HTTP on civetweb: `civetweb_bare PORT [THREADS]`, 1024 threads if none are named.
 *
 * A begin_request callback that looks at nothing and writes one fixed reply, as long as ordinald's to GET
 * /v1/id, with one mg_write. Its options are those of src/http/server.c, and ordinald's defaults where that
 * takes options, so that what ordinald costs beyond this is ordinald's own code; a test compares the two.
 */
#include <civetweb.h>
#include <signal.h>
#include <stdio.h>

#include "reply.h"

#define REPLY_SIZE (sizeof BARE_HTTP_REPLY - 1)

static int answer(struct mg_connection *connection)
{
    mg_write(connection, BARE_HTTP_REPLY, REPLY_SIZE);
    return 200;
}

int main(int argc, char **argv)
{
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
    const char *options[][2] = {
        {"listening_ports", address},
        {"num_threads", argc > 2 ? argv[2] : "1024"},
        {"listen_backlog", "1024"},
        {"max_request_size", "16384"},
        {"request_timeout_ms", "10000"},
        {"enable_keep_alive", "yes"},
        {"keep_alive_timeout_ms", "30000"},
        {"tcp_nodelay", "1"},
        {"decode_url", "no"},
        {"enable_auth_domain_check", "no"},
        {"enable_directory_listing", "no"},
        {"access_control_allow_origin", ""},
        {"access_control_allow_methods", ""},
        {"access_control_allow_headers", ""},
        {NULL, NULL},
    };
    /* Blocked before threads begin, so that none of them takes it. */
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);

    mg_init_library(MG_FEATURES_DEFAULT);
    const struct mg_callbacks callbacks = {.begin_request = answer};
    if (!mg_start(&callbacks, NULL, options[0]))
        return 1;
    int got;
    sigwait(&term, &got);
    return 0; /* threads that wait for open connections are not waited for */
}
