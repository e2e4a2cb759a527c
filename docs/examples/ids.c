/*
 * IDs from libordinal, handed out in process.
 *
 *     cc -o ids ids.c $(pkg-config --cflags --libs ordinal)
 *     ./ids 127.0.0.1:50051 10
 */
#include <err.h>
#include <inttypes.h>
#include <ordinal.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct ord_client_options options = {.size = sizeof options, .target = argc > 1 ? argv[1] : "127.0.0.1:50051"};
    struct ord_client_error error;
    struct ord_client *client;
    if (ord_client_open(&options, &client, &error) != ORD_CLIENT_OK)
        errx(EXIT_FAILURE, "%s", error.text);

    for (int left = argc > 2 ? atoi(argv[2]) : 10; left > 0; left--) {
        int64_t id;
        if (ord_client_get(client, 1000, &id, &error) != ORD_CLIENT_OK)
            errx(EXIT_FAILURE, "%s", error.text);
        printf("%" PRId64 "\n", id);
    }

    ord_client_close(client);
    return EXIT_SUCCESS;
}
