#include "cli/output.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct ord_output output;

Test(output, writes_everything_in_order)
{
    int file = memfd_create("output", 0);
    size_t size = 3 * ORD_OUTPUT_SIZE + 17;
    char *sent = malloc(size), *got = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        sent[i] = (char)(i * 31 >> 3);

    ord_output_init(&output, file);
    ord_output_write(&output, sent, 5);
    memcpy(ord_output_room(&output, 7), sent + 5, 7);
    ord_output_used(&output, 7);
    ord_output_write(&output, sent + 12, size - 12);
    cr_assert_eq(ord_output_finish(&output, NULL), ORD_OK);
    cr_assert_eq(pread(file, got, size + 1, 0), (ssize_t)size);
    cr_assert_eq(memcmp(sent, got, size), 0);
    free(sent);
    free(got);
}

Test(output, a_full_disk_is_an_error)
{
    struct ord_error error;
    ord_output_init(&output, open("/dev/full", O_WRONLY));
    ord_output_text(&output, "1\n");
    cr_assert_not(ord_output_is_over(&output));
    cr_assert_eq(ord_output_finish(&output, &error), ORD_INTERNAL);
    cr_assert(ord_output_is_over(&output));
    cr_assert_str_eq(error.text, "standard output: No space left on device");
}

Test(output, a_reader_that_goes_away_is_not)
{
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    ord_output_init(&output, ends[1]);
    ord_output_text(&output, "1\n");
    ord_output_flush(&output);
    cr_assert(ord_output_is_over(&output));
    ord_output_text(&output, "2\n");
    cr_assert_eq(ord_output_finish(&output, NULL), ORD_OK);
}

static void *read_all(void *context)
{
    static char text[ORD_OUTPUT_SIZE];
    size_t total = 0;
    for (ssize_t size; (size = read(*(int *)context, text, sizeof text)) > 0;)
        total += (size_t)size;
    return (void *)total;
}

Test(output, waits_for_a_reader_on_a_descriptor_that_must_not_block)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    cr_assert_geq(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    pthread_t reader;
    cr_assert_eq(pthread_create(&reader, NULL, read_all, &ends[0]), 0);

    static char piece[ORD_OUTPUT_SIZE];
    ord_output_init(&output, ends[1]);
    for (int i = 0; i < 10; i++)
        ord_output_write(&output, piece, sizeof piece);
    enum ord_code code = ord_output_finish(&output, NULL);
    close(ends[1]);
    void *total;
    pthread_join(reader, &total);
    cr_assert_eq(code, ORD_OK);
    cr_assert_eq((size_t)total, 10 * sizeof piece);
}
