/* The parts of `ordinal member`: what comes, what it sends, and where commands are posted. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ordinal/v1/ranks.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/endpoint.h"
#include "cli/inbox.h"
#include "cli/script.h"

#define PATIENCE_MS 20000

static struct ord_error error;

Test(member, mail_comes_in_order)
{
    struct ord_inbox *inbox = ord_inbox_open();
    cr_assert_null(ord_inbox_take(inbox, 0));
    cr_assert_null(ord_inbox_take(inbox, ord_inbox_in_ms(5)));
    ord_inbox_put(inbox, ord_mail_new(ORD_MAIL_END));
    ord_inbox_put(inbox, ord_mail_new(ORD_MAIL_STOP));
    ord_inbox_put(inbox, ord_mail_new(ORD_MAIL_STOP)); /* is not taken */
    static const enum ord_mail_kind kinds[] = {ORD_MAIL_END, ORD_MAIL_STOP};
    for (int i = 0; i < 2; i++) {
        struct ord_mail *mail = ord_inbox_take(inbox, 0);
        cr_assert_eq(mail->kind, kinds[i]);
        ord_mail_free(mail);
    }
    cr_assert_null(ord_inbox_close(inbox));
}

static struct ord_script script_of(const char *text)
{
    char name[] = "/tmp/ordinal-commands-XXXXXX";
    struct ord_script script;
    int fd = mkstemp(name);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    enum ord_code code = ord_script_open(name, 10, 20, &script, &error);
    unlink(name);
    cr_assert_eq(code, ORD_OK, "%s", error.text);
    return script;
}

Test(member, commands_are_lines_of_a_file)
{
    struct ord_script script = script_of("one\n\nand two\r\nthe last");
    static const char *const commands[] = {"one", "and two", "the last"};
    bool seen[3] = {false};
    cr_assert_eq(script.count, 3);
    for (int tries = 0; tries < 1000; tries++)
        for (int i = 0; i < 3; i++)
            if (strcmp(ord_script_command(&script), commands[i]) == 0)
                seen[i] = true;
    cr_assert(seen[0] && seen[1] && seen[2]);
    ord_script_close(&script);
}

Test(member, intervals_are_within_their_bounds)
{
    struct ord_script script = script_of("x\n");
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 2000; i++) {
        int64_t ms = ord_script_interval_ms(&script);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    cr_assert_eq(least, 10);
    cr_assert_eq(most, 20);
    ord_script_close(&script);
}

Test(member, scripts_that_say_nothing_are_refused)
{
    struct ord_script script;
    cr_assert_eq(ord_script_open("/dev/null", 1, 2, &script, &error), ORD_INVALID_ARGUMENT);
    cr_assert_eq(ord_script_open("/none such", 1, 2, &script, &error), ORD_INVALID_ARGUMENT);
    cr_assert_eq(ord_script_open(NULL, 2, 1, &script, &error), ORD_INVALID_ARGUMENT);
    cr_assert_eq(ord_script_open(NULL, 2, 0, &script, &error), ORD_OK);
    cr_assert_gt(script.count, 1);
    ord_script_close(&script);
}

/* The status of a request to an endpoint. */
static int status_of(const struct ord_endpoint *endpoint, const char *line, const char *body)
{
    unsigned port;
    char request[512], answer[256] = "";
    cr_assert_eq(sscanf(ord_endpoint_url(endpoint), "http://127.0.0.1:%u" ORD_ENDPOINT_PATH, &port), 1);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = 0;
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int size = snprintf(request, sizeof request,
                        "%s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", line,
                        strlen(body), body);
    cr_assert_eq(send(fd, request, (size_t)size, 0), size);
    cr_assert_gt(recv(fd, answer, sizeof answer - 1, 0), 0);
    cr_assert_eq(sscanf(answer, "HTTP/1.1 %d", &status), 1);
    close(fd);
    return status;
}

Test(member, commands_that_are_posted_come_to_the_inbox)
{
    struct ord_inbox *inbox = ord_inbox_open();
    struct ord_endpoint *endpoint;
    cr_assert_eq(ord_endpoint_open("127.0.0.1:0", inbox, &endpoint, &error), ORD_OK, "%s", error.text);
    const char *post = "POST " ORD_ENDPOINT_PATH;
    cr_assert_eq(status_of(endpoint, post, "{\"id\":\"7\",\"sender\":\"a\",\"later\":1}"), 204);
    cr_assert_eq(status_of(endpoint, post, "{"), 400);
    cr_assert_eq(status_of(endpoint, post, ""), 400);
    cr_assert_eq(status_of(endpoint, "POST /other", "{}"), 404);
    cr_assert_eq(status_of(endpoint, "GET " ORD_ENDPOINT_PATH, ""), 405);
    struct ord_mail *mail = ord_inbox_take(inbox, ord_inbox_in_ms(PATIENCE_MS));
    cr_assert_eq(mail->kind, ORD_MAIL_COMMAND);
    cr_assert_eq(((const Ordinal__V1__Command *)mail->message)->id, 7);
    cr_assert_str_eq(((const Ordinal__V1__Command *)mail->message)->sender, "a");
    ord_mail_free(mail);
    cr_assert_null(ord_inbox_take(inbox, 0));
    ord_endpoint_close(endpoint);
    ord_inbox_close(inbox);
}

Test(member, where_nothing_can_listen_is_told)
{
    struct ord_inbox *inbox = ord_inbox_open();
    struct ord_endpoint *endpoint = NULL;
    cr_assert_eq(ord_endpoint_open("192.0.2.1:1", inbox, &endpoint, &error), ORD_INVALID_ARGUMENT);
    cr_assert_null(ord_endpoint_close(endpoint));
    ord_inbox_close(inbox);
}
