#include "cli/inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct ord_inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    STAILQ_HEAD(, ord_mail) mails;
};

struct ord_mail *ord_mail_new(enum ord_mail_kind kind)
{
    struct ord_mail *mail = calloc(1, sizeof *mail);
    if (!mail)
        return NULL;
    mail->kind = kind;
    ord_arena_init(&mail->arena, NULL, 0);
    return mail;
}

struct ord_mail *ord_mail_free(struct ord_mail *mail)
{
    if (mail)
        ord_arena_finish(&mail->arena);
    free(mail);
    return NULL;
}

struct ord_inbox *ord_inbox_open(void)
{
    struct ord_inbox *inbox = calloc(1, sizeof *inbox);
    if (!inbox)
        return NULL;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&inbox->filled, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&inbox->lock, NULL);
    STAILQ_INIT(&inbox->mails);
    return inbox;
}

struct ord_inbox *ord_inbox_close(struct ord_inbox *inbox)
{
    if (!inbox)
        return NULL;
    for (struct ord_mail *mail; (mail = STAILQ_FIRST(&inbox->mails));) {
        STAILQ_REMOVE_HEAD(&inbox->mails, in_inbox);
        ord_mail_free(mail);
    }
    pthread_cond_destroy(&inbox->filled);
    pthread_mutex_destroy(&inbox->lock);
    free(inbox);
    return NULL;
}

void ord_inbox_put(struct ord_inbox *inbox, struct ord_mail *mail)
{
    pthread_mutex_lock(&inbox->lock);
    STAILQ_INSERT_TAIL(&inbox->mails, mail, in_inbox);
    pthread_cond_signal(&inbox->filled);
    pthread_mutex_unlock(&inbox->lock);
}

struct ord_mail *ord_inbox_take(struct ord_inbox *inbox, int64_t until_ns)
{
    const struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    int problem = 0;
    pthread_mutex_lock(&inbox->lock);
    while (STAILQ_EMPTY(&inbox->mails) && problem == 0)
        problem = pthread_cond_timedwait(&inbox->filled, &inbox->lock, &until);
    struct ord_mail *mail = STAILQ_FIRST(&inbox->mails);
    if (mail)
        STAILQ_REMOVE_HEAD(&inbox->mails, in_inbox);
    pthread_mutex_unlock(&inbox->lock);
    return mail;
}

int64_t ord_inbox_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t ord_inbox_in_ms(int64_t ms)
{
    return ord_inbox_now_ns() + ms * 1000000;
}
