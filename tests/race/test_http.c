/*
 * Event streams that open, are told something and close while others do, calls whose answers come from another
 * thread, and a drain in the midst of it: no event is left out, no wake is lost. A plain main, since Criterion
 * cannot run under ThreadSanitizer.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit/http/rows.h"
#include "http/server.h"
#include "store/memory.h"

enum {
    WATCHERS = 4,
    ROUNDS = 25,
    EVENTS = 40, /* that a watcher reads before it leaves */
    CALLERS = 2,
    CALLS = 150
};

static struct ord_http *http;
static atomic_bool is_over;

static void fail(const char *what, const char *detail)
{
    printf("not ok 1 - %s: %s\n", what, detail);
    exit(1);
}

static FILE *ask(const char *path)
{
    const char *address = ord_http_address(http);
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    peer.sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0)
        fail("connect", address);
    dprintf(fd, "GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", path);
    return fdopen(fd, "r");
}

/* Reads so many events, each of which follows on the one before, or to the end. */
static void read_events(FILE *stream, int count)
{
    char line[4096];
    int64_t last = 0;
    while (count > 0 && fgets(line, sizeof line, stream)) {
        int64_t id;
        if (sscanf(line, "id: %" SCNd64, &id) != 1)
            continue;
        if (last > 0 && id != last + 1)
            fail("an event is left out before", line);
        last = id;
        count--;
    }
    fclose(stream);
}

static void *watch(void *unused)
{
    for (int i = 0; i < ROUNDS; i++)
        read_events(ask("/v1/groups/g/events"), EVENTS);
    return NULL;
}

static void *call(void *unused)
{
    for (int i = 0; i < CALLS; i++) {
        char line[64] = "";
        FILE *stream = ask("/v1/sequences/x/next");
        if (!fgets(line, sizeof line, stream) || strncmp(line, "HTTP/1.1 200", 12) != 0)
            fail("call", line);
        fclose(stream);
    }
    return NULL;
}

static void *tell(void *unused)
{
    while (!atomic_load(&is_over)) {
        rows_tell();
        usleep(50);
    }
    return NULL;
}

static struct ord_service *open_all(struct ord_memory_store *store)
{
    struct ord_layout layout;
    struct ord_service *service;
    struct ord_service_options options = {.borrow_us = 1000000, .port = ord_memory_store_port(store)};
    struct ord_http_options http_options = {.listen = "127.0.0.1:0",
                                            .threads = 16,
                                            .keep_alive_ms = 60000,
                                            .request_timeout_ms = 60000,
                                            .event_streams = 2 * WATCHERS,
                                            .heartbeat_ms = 1,
                                            .gathers = true};
    struct ord_error error;
    if (ord_layout_parse("default", NULL, NULL, &layout, &error) != ORD_OK ||
        ord_place_init(&options.place, &layout, 7, 0, 1, &error) != ORD_OK ||
        ord_service_open(&options, &service, &error) != ORD_OK ||
        ord_http_open(service, &http_options, &http, &error) != ORD_OK)
        fail("open", error.text);
    return service;
}

int main(void)
{
    pthread_t threads[WATCHERS + CALLERS], teller;
    struct ord_memory_store store = {0};
    struct ord_service *service = open_all(&store);
    printf("1..1\n");
    pthread_create(&teller, NULL, tell, NULL);
    for (int i = 0; i < WATCHERS + CALLERS; i++)
        pthread_create(&threads[i], NULL, i < WATCHERS ? watch : call, NULL);
    for (int i = 0; i < WATCHERS + CALLERS; i++)
        pthread_join(threads[i], NULL);

    FILE *last[WATCHERS];
    for (int i = 0; i < WATCHERS; i++)
        last[i] = ask("/v1/groups/g/events");
    ord_http_drain(http, 60000);
    for (int i = 0; i < WATCHERS; i++)
        read_events(last[i], INT32_MAX);
    if (rows_feeds() != 0)
        fail("drain", "a feed is still open");
    atomic_store(&is_over, true);
    pthread_join(teller, NULL);
    ord_http_close(http);
    ord_service_close(service, NULL);
    printf("ok 1 - no event is left out and no wake is lost\n");
    return 0;
}
