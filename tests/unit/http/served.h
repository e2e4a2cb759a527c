/*
 * A service and a server on a port of its own, and what speaks to it over plain sockets.
 */
#pragma once

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server.h"
#include "store/memory.h"

#define REPLY_MAX 65536
#define BORROW_US 100000

struct bench {
    struct ord_memory_store store;
    struct ord_service *service;
    struct ord_http *http;
};

static inline struct ord_http_options options_for(const char *listen)
{
    return (struct ord_http_options){.listen = listen,
                                     .threads = 8,
                                     .keep_alive_ms = 5000,
                                     .request_timeout_ms = 5000,
                                     .max_wait_ms = 5000,
                                     .gathers = true};
}

static inline void open_service(struct bench *bench)
{
    struct ord_layout layout;
    struct ord_service_options options = {.borrow_us = BORROW_US, .max_wait_us = 5000000};
    memset(bench, 0, sizeof *bench);
    options.port = ord_memory_store_port(&bench->store);
    cr_assert_eq(ord_layout_parse("default", NULL, NULL, &layout, NULL), ORD_OK);
    cr_assert_eq(ord_place_init(&options.place, &layout, 7, 0, 1, NULL), ORD_OK);
    cr_assert_eq(ord_service_open(&options, &bench->service, NULL), ORD_OK);
    ord_health_set(ord_service_health(bench->service), ORD_SERVING);
}

static inline void open_bench(struct bench *bench, const char *cors_origin)
{
    struct ord_error error = {0};
    open_service(bench);
    struct ord_http_options options = options_for("127.0.0.1:0");
    options.cors_origin = cors_origin;
    cr_assert_eq(ord_http_open(bench->service, &options, &bench->http, &error), ORD_OK, "%s", error.text);
}

static inline void close_bench(struct bench *bench)
{
    cr_assert_null(ord_http_close(bench->http));
    cr_assert_null(ord_service_close(bench->service, NULL));
}

static inline int connect_to(const struct bench *bench)
{
    const char *address = ord_http_address(bench->http);
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(strncmp(address, "127.0.0.1:", 10), 0, "%s", address);
    peer.sin_port = htons((uint16_t)atoi(address + 10));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0, "%s", address);
    return fd;
}

static inline void send_text(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Everything until the server closes. */
static inline void read_all(int fd, char ret[REPLY_MAX])
{
    size_t used = 0;
    for (ssize_t got; used < REPLY_MAX - 1 && (got = read(fd, ret + used, REPLY_MAX - 1 - used)) > 0;)
        used += (size_t)got;
    ret[used] = '\0';
}

/* The reply to one request, whose connection ends with it. */
static inline void ask(const struct bench *bench, const char *request, char ret[REPLY_MAX])
{
    int fd = connect_to(bench);
    send_text(fd, request);
    read_all(fd, ret);
    close(fd);
}

static inline int status_of(const char *reply)
{
    int status = 0;
    sscanf(reply, "HTTP/1.1 %d ", &status);
    return status;
}

static inline const char *body_of(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");
    return end ? end + 4 : "";
}

#define CLOSE " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
