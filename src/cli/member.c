/* `ordinal member`: takes part in a group until it is told to end. */
#include "cli/member.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So many commands are acknowledged at the latest, whatever else comes. */
#define UNACKED_MAX 64

void ord_joiner_trouble(struct ord_joiner *joiner, const struct ord_error *error)
{
    if (strcmp(joiner->trouble, error->text) == 0)
        return;
    snprintf(joiner->trouble, sizeof joiner->trouble, "%s", error->text);
    ord_say_failure(&joiner->voice, "lost", error);
}

void ord_joiner_well(struct ord_joiner *joiner)
{
    joiner->trouble[0] = '\0';
}

void ord_joiner_received(struct ord_joiner *joiner, const Ordinal__V1__Command *command)
{
    if (command->id > joiner->last_id)
        ord_say_received(&joiner->voice, command);
    if (command->id > joiner->last_id)
        joiner->last_id = command->id;
    if (command->id > joiner->unacked_id)
        joiner->unacked_id = command->id;
}

static void take_event(struct ord_joiner *joiner, const struct ord_mail *mail)
{
    const Ordinal__V1__JoinResponse *event = (const Ordinal__V1__JoinResponse *)mail->message;
    if (mail->from != joiner->streams || !joiner->stream)
        return;
    switch (event->event_case) {
    case ORDINAL__V1__JOIN_RESPONSE__EVENT_WELCOME:
        ord_joiner_welcome(joiner, event->welcome);
        break;
    case ORDINAL__V1__JOIN_RESPONSE__EVENT_VIEW:
        joiner->now.epoch = event->view->epoch;
        ord_say_view(&joiner->voice, event->view);
        break;
    case ORDINAL__V1__JOIN_RESPONSE__EVENT_COMMAND:
        ord_joiner_received(joiner, event->command);
        break;
    default: /* what a later version says */
        break;
    }
}

/* The server counts it as acknowledged. */
static void take_command(struct ord_joiner *joiner, const struct ord_mail *mail)
{
    int64_t unacked_id = joiner->unacked_id;
    ord_joiner_received(joiner, (const Ordinal__V1__Command *)mail->message);
    joiner->unacked_id = unacked_id;
}

static void take_end(struct ord_joiner *joiner, const struct ord_mail *mail)
{
    if (mail->from == joiner->streams && joiner->stream)
        ord_joiner_ended(joiner, &mail->error);
}

static void take_stop(struct ord_joiner *joiner, const struct ord_mail *mail)
{
    joiner->is_over = true;
    if (joiner->now.is_in)
        ord_joiner_leave(joiner);
}

static void (*const takes[ORD_MAIL_KINDS])(struct ord_joiner *joiner, const struct ord_mail *mail) = {
    [ORD_MAIL_EVENT] = take_event,
    [ORD_MAIL_COMMAND] = take_command,
    [ORD_MAIL_END] = take_end,
    [ORD_MAIL_STOP] = take_stop,
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool sends(const struct ord_joiner *joiner)
{
    return joiner->script.max_ms > 0;
}

static int64_t next_due(const struct ord_joiner *joiner)
{
    if (!joiner->now.is_in)
        return joiner->join_ns;
    int64_t due_ns = earlier(joiner->renew_ns, sends(joiner) ? joiner->send_ns : INT64_MAX);
    return joiner->unacked_id > 0 ? earlier(due_ns, joiner->acknowledge_ns) : due_ns;
}

static void do_what_is_due(struct ord_joiner *joiner)
{
    int64_t now_ns = ord_inbox_now_ns();
    if (!joiner->now.is_in && now_ns >= joiner->join_ns)
        ord_joiner_join(joiner);
    if (joiner->now.is_in && joiner->unacked_id > 0 && now_ns >= joiner->acknowledge_ns)
        ord_joiner_acknowledge(joiner);
    if (joiner->now.is_in && now_ns >= joiner->renew_ns)
        ord_joiner_renew(joiner);
    if (joiner->now.is_in && sends(joiner) && now_ns >= joiner->send_ns)
        ord_joiner_send(joiner);
}

/* What came is dealt with first, up to a bound, so that commands that come together are acknowledged together.
 */
static void serve(struct ord_joiner *joiner)
{
    for (unsigned taken = 0; !joiner->is_over && !ord_output_is_over(joiner->cli->output);) {
        struct ord_mail *mail = ord_inbox_take(joiner->inbox, next_due(joiner));
        if (mail)
            takes[mail->kind](joiner, mail);
        taken = mail ? taken + 1 : 0;
        ord_mail_free(mail);
        if (!joiner->is_over && (taken == 0 || taken % UNACKED_MAX == 0))
            do_what_is_due(joiner);
    }
}

/* Waits for the first signal; the next one ends the program by itself. */
static void *wait_for_signal(void *context)
{
    struct ord_joiner *joiner = context;
    sigset_t signals;
    int number;
    ord_stop_signals(&signals);
    sigwait(&signals, &number);
    struct ord_mail *mail = ord_mail_new(ORD_MAIL_STOP);
    if (mail)
        ord_inbox_put(joiner->inbox, mail);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    pause();
    return NULL;
}

static enum ord_code listen(struct ord_joiner *joiner, struct ord_error *error)
{
    const char *address = ord_settings_text(joiner->cli->settings, "listen");
    joiner->callback_url = ord_settings_text(joiner->cli->settings, "callback-url");
    if (!address)
        return joiner->callback_url
                   ? ord_fail(error, ORD_INVALID_ARGUMENT, "--callback-url: only together with --listen")
                   : ORD_OK;
    enum ord_code code = ord_endpoint_open(address, joiner->inbox, &joiner->endpoint, error);
    if (code == ORD_OK && !joiner->callback_url)
        joiner->callback_url = ord_endpoint_url(joiner->endpoint);
    return code;
}

static enum ord_code open(struct ord_joiner *joiner, struct ord_error *error)
{
    const struct ord_settings *settings = joiner->cli->settings;
    pthread_t waiter;
    joiner->inbox = ord_inbox_open();
    if (!joiner->inbox)
        return ord_fail(error, ORD_INTERNAL, "no memory");
    enum ord_code code =
        ord_script_open(ord_settings_text(settings, "commands"), ord_settings_number(settings, "min-interval"),
                        ord_settings_number(settings, "max-interval"), &joiner->script, error);
    if (code == ORD_OK)
        code = listen(joiner, error);
    if (code != ORD_OK)
        return code;
    joiner->by_stream = !joiner->callback_url && joiner->cli->transport.listen;
    joiner->fetches = !joiner->callback_url && !joiner->by_stream;
    joiner->send_ns = ord_inbox_in_ms(ord_script_interval_ms(&joiner->script));
    if (pthread_create(&waiter, NULL, wait_for_signal, joiner) != 0)
        return ord_fail(error, ORD_INTERNAL, "no thread for signals");
    pthread_detach(waiter);
    return ORD_OK;
}

/* The inbox stays: a signal may still come. */
static void finish(struct ord_joiner *joiner)
{
    ord_joiner_hang_up(joiner);
    ord_endpoint_close(joiner->endpoint);
    ord_script_close(&joiner->script);
}

enum ord_exit ord_verb_member(struct ord_cli *cli)
{
    static struct ord_joiner joiner; /* the signals' thread outlives this call */
    static char made_up[128];
    const char *name = ord_settings_text(cli->settings, "name");
    char host[64] = "member";
    struct ord_error error;
    gethostname(host, sizeof host - 1);
    snprintf(made_up, sizeof made_up, "%s-%ld", host, (long)getpid());
    joiner = (struct ord_joiner){
        .cli = cli,
        .group = (char *)ord_settings_text(cli->settings, "group"),
        .name = (char *)(name ? name : made_up),
        .ttl_ms = (uint32_t)ord_settings_number(cli->settings, "ttl"),
        .status = ORD_EXIT_DONE,
    };
    joiner.voice = (struct ord_voice){
        .output = cli->output, .group = joiner.group, .member = joiner.name, .is_json = cli->is_json};
    if (open(&joiner, &error) == ORD_OK)
        serve(&joiner);
    else
        joiner.status =
            error.code == ORD_INVALID_ARGUMENT ? ord_cli_misused(cli->verb, &error) : ord_cli_fail(cli, &error);
    finish(&joiner);
    return joiner.status;
}
