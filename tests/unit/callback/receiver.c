#include "receiver.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 65536
#define URLS 16
#define CONNECTIONS_MAX 1024
#define WAIT_S 30

struct receiver {
    int listener, port;
    const char *address;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned posts, connections, busy, busiest, flaky;
    bool is_released, is_closing;
    size_t poured;
    int fds[CONNECTIONS_MAX];
    pthread_t threads[CONNECTIONS_MAX];
    char head[REQUEST_MAX], body[REQUEST_MAX];
};

struct visit {
    struct receiver *receiver;
    int fd;
    char request[REQUEST_MAX];
    size_t used;
};

/* Criterion is not used here: race tests share this file. */
static void need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "receiver: %s\n", what);
    abort();
}

static bool put(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static bool answer(int fd, int status, const char *header)
{
    char text[4096];
    snprintf(text, sizeof text, "HTTP/1.1 %d Some words\r\n%sContent-Length: 2\r\n\r\nok", status, header);
    return put(fd, text);
}

/* False: the connection is over. */
static bool read_more(struct visit *visit)
{
    ssize_t got = read(visit->fd, visit->request + visit->used, REQUEST_MAX - 1 - visit->used);
    if (got <= 0)
        return false;
    visit->used += (size_t)got;
    visit->request[visit->used] = '\0';
    return true;
}

/* Reads one post; the head ends in a NUL, the body stands behind it. */
static bool read_post(struct visit *visit, char **ret_body)
{
    char *end;
    visit->used = 0;
    visit->request[0] = '\0';
    while (!(end = strstr(visit->request, "\r\n\r\n")))
        if (!read_more(visit))
            return false;
    const char *length = strcasestr(visit->request, "content-length:");
    size_t size = length ? strtoul(length + 15, NULL, 10) : 0, head = (size_t)(end - visit->request) + 4;
    while (visit->used < head + size)
        if (!read_more(visit))
            return false;
    end[2] = '\0';
    *ret_body = visit->request + head;
    return true;
}

static void note(struct receiver *receiver, const char *head, const char *body)
{
    pthread_mutex_lock(&receiver->lock);
    receiver->posts++;
    if (++receiver->busy > receiver->busiest)
        receiver->busiest = receiver->busy;
    strcpy(receiver->head, head);
    strcpy(receiver->body, body);
    pthread_cond_broadcast(&receiver->changed);
    pthread_mutex_unlock(&receiver->lock);
}

static bool flaky_is_over(struct receiver *receiver, unsigned times)
{
    pthread_mutex_lock(&receiver->lock);
    bool is_over = receiver->flaky++ >= times;
    pthread_mutex_unlock(&receiver->lock);
    return is_over;
}

static void wait_released(struct receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    while (!receiver->is_released && !receiver->is_closing)
        pthread_cond_wait(&receiver->changed, &receiver->lock);
    pthread_mutex_unlock(&receiver->lock);
}

/* Writes one piece after the other until the client has had enough. */
static void pour(struct visit *visit, int status, const char *header, const char *piece, int pause_ms)
{
    int fd = visit->fd;
    size_t poured = 0;
    char text[128];
    snprintf(text, sizeof text, "HTTP/1.1 %d Some words\r\n%s", status, header);
    for (bool goes_on = put(fd, text); goes_on; goes_on = put(fd, piece)) {
        poured += strlen(piece);
        if (pause_ms > 0)
            usleep((useconds_t)pause_ms * 1000);
    }
    pthread_mutex_lock(&visit->receiver->lock);
    visit->receiver->poured += poured;
    pthread_mutex_unlock(&visit->receiver->lock);
}

/* A line of some kilobytes. */
static const char *long_piece(const char *start)
{
    static _Thread_local char piece[4096];
    memset(piece, '.', sizeof piece);
    memcpy(piece, start, strlen(start));
    memcpy(piece + sizeof piece - 3, "\r\n", 3);
    return piece;
}

/* Waits until the client is gone. */
static void keep_silent(struct visit *visit)
{
    visit->used = 0;
    while (read_more(visit))
        visit->used = 0;
}

/* False: the connection is over. */
static bool serve(struct visit *visit, const char *path)
{
    int number = 0, used = 0;
    char header[3000] = "";
    int fd = visit->fd;
    if (strncmp(path, "/ok", 3) == 0)
        return answer(fd, 200, "");
    if (sscanf(path, "/status/%d", &number) == 1)
        return answer(fd, number, "");
    if (sscanf(path, "/flaky/%d", &number) == 1)
        return answer(fd, flaky_is_over(visit->receiver, (unsigned)number) ? 200 : 503, "");
    if (sscanf(path, "/redirect/%d?%n", &number, &used) == 1) {
        snprintf(header, sizeof header, "Location: %.2500s\r\n", path + used);
        return answer(fd, number, used ? header : "");
    }
    if (sscanf(path, "/hop/%d", &number) == 1) {
        snprintf(header, sizeof header, "Location: /hop/%d\r\n", number - 1);
        return answer(fd, number > 0 ? 307 : 200, number > 0 ? header : "");
    }
    if (strcmp(path, "/held") == 0) {
        wait_released(visit->receiver);
        return answer(fd, 200, "");
    }
    if (sscanf(path, "/drip/%d", &number) == 1)
        pour(visit, number, "Content-Length: 1000\r\n\r\n", ".", 100);
    else if (sscanf(path, "/flood/%d", &number) == 1)
        pour(visit, number, "\r\n", long_piece(""), 0);
    else if (sscanf(path, "/headers/%d", &number) == 1)
        pour(visit, number, "", long_piece("X-More: "), 0);
    else if (strcmp(path, "/never") == 0)
        keep_silent(visit);
    else if (strcmp(path, "/noise") == 0)
        put(fd, "220 smtp.example.org\r\n");
    return false;
}

static void *visit_thread(void *context)
{
    struct visit *visit = context;
    struct receiver *receiver = visit->receiver;
    char *body, path[3000];
    for (bool goes_on = true; goes_on && read_post(visit, &body);) {
        note(receiver, visit->request, body);
        goes_on = sscanf(visit->request, "POST %2999s", path) == 1 && serve(visit, path);
        pthread_mutex_lock(&receiver->lock);
        receiver->busy--;
        pthread_mutex_unlock(&receiver->lock);
    }
    shutdown(visit->fd, SHUT_RDWR);
    free(visit);
    return NULL;
}

static void *accept_thread(void *context)
{
    struct receiver *receiver = context;
    for (int fd; (fd = accept(receiver->listener, NULL, NULL)) >= 0;) {
        struct visit *visit = calloc(1, sizeof *visit);
        *visit = (struct visit){.receiver = receiver, .fd = fd};
        pthread_mutex_lock(&receiver->lock);
        receiver->fds[receiver->connections] = fd;
        pthread_create(&receiver->threads[receiver->connections++], NULL, visit_thread, visit);
        pthread_mutex_unlock(&receiver->lock);
    }
    return NULL;
}

struct receiver *receiver_open(void)
{
    return receiver_open_at("127.0.0.1");
}

struct receiver *receiver_open_at(const char *text)
{
    struct receiver *receiver = calloc(1, sizeof *receiver);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(text)};
    receiver->address = text;
    socklen_t size = sizeof address;
    pthread_mutex_init(&receiver->lock, NULL);
    pthread_cond_init(&receiver->changed, NULL);
    receiver->listener = socket(AF_INET, SOCK_STREAM, 0);
    need(bind(receiver->listener, (struct sockaddr *)&address, size) == 0, "bind");
    need(listen(receiver->listener, 512) == 0, "listen");
    getsockname(receiver->listener, (struct sockaddr *)&address, &size);
    receiver->port = ntohs(address.sin_port);
    need(pthread_create(&receiver->thread, NULL, accept_thread, receiver) == 0, "start a thread");
    return receiver;
}

struct receiver *receiver_close(struct receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    receiver->is_closing = true;
    pthread_cond_broadcast(&receiver->changed);
    pthread_mutex_unlock(&receiver->lock);
    shutdown(receiver->listener, SHUT_RDWR);
    pthread_join(receiver->thread, NULL);
    for (unsigned i = 0; i < receiver->connections; i++) {
        shutdown(receiver->fds[i], SHUT_RDWR);
        pthread_join(receiver->threads[i], NULL);
        close(receiver->fds[i]);
    }
    close(receiver->listener);
    free(receiver);
    return NULL;
}

int receiver_port(const struct receiver *receiver)
{
    return receiver->port;
}

const char *receiver_url(const struct receiver *receiver, const char *path)
{
    static char urls[URLS][4096];
    static unsigned turn;
    char *url = urls[turn++ % URLS];
    snprintf(url, sizeof urls[0], "http://%s:%d%s", receiver->address, receiver->port, path);
    return url;
}

void receiver_wait(struct receiver *receiver, unsigned posts)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&receiver->lock);
    while (receiver->posts < posts && pthread_cond_timedwait(&receiver->changed, &receiver->lock, &until) == 0)
        ;
    unsigned came = receiver->posts;
    pthread_mutex_unlock(&receiver->lock);
    need(came >= posts, "too few posts came");
}

void receiver_release(struct receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    receiver->is_released = true;
    pthread_cond_broadcast(&receiver->changed);
    pthread_mutex_unlock(&receiver->lock);
}

static unsigned read_number(struct receiver *receiver, const unsigned *number)
{
    pthread_mutex_lock(&receiver->lock);
    unsigned value = *number;
    pthread_mutex_unlock(&receiver->lock);
    return value;
}

unsigned receiver_posts(struct receiver *receiver)
{
    return read_number(receiver, &receiver->posts);
}

unsigned receiver_connections(struct receiver *receiver)
{
    return read_number(receiver, &receiver->connections);
}

unsigned receiver_busiest(struct receiver *receiver)
{
    return read_number(receiver, &receiver->busiest);
}

size_t receiver_poured(struct receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    size_t poured = receiver->poured;
    pthread_mutex_unlock(&receiver->lock);
    return poured;
}

const char *receiver_head(struct receiver *receiver)
{
    return receiver->head;
}

const char *receiver_body(struct receiver *receiver)
{
    return receiver->body;
}
