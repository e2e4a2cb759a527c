/*
 * Threads that read the disciplined clock while another observes wall clocks that jump about: what a reader
 * sees never goes back and never leaps. A plain main, since Criterion cannot run under ThreadSanitizer.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"

enum {
    READERS = 3,
    READS = 300000
};

#define US INT64_C(1000)
#define SECOND INT64_C(1000000000)

static struct ord_clock disciplined;
static atomic_int_least64_t boot_ns;
static atomic_bool done;

static void *reader(void *context)
{
    int64_t last_boot = 0, last = ord_clock_now(&disciplined, 0);
    for (int i = 0; i < READS; i++) {
        int64_t boot = atomic_load(&boot_ns);
        int64_t now = ord_clock_now(&disciplined, boot);
        int64_t passed = boot - last_boot, slack = passed * ORD_CLOCK_SLEW_PPM / 1000000 + 2 * US;
        if (now < last || now - last < passed - slack || now - last > passed + slack) {
            printf("not ok 1 - the clock moved by %lld ns in %lld ns\n", (long long)(now - last),
                   (long long)passed);
            exit(1);
        }
        last_boot = boot;
        last = now;
    }
    return NULL;
}

static void *observer(void *context)
{
    for (int64_t i = 1; !atomic_load(&done); i++) {
        int64_t boot = i * US;
        int64_t off = i % 3 == 0 ? SECOND : i % 3 == 1 ? -SECOND : 100 * SECOND;
        ord_clock_observe(&disciplined, boot + off, boot);
        atomic_store(&boot_ns, boot);
    }
    return NULL;
}

int main(void)
{
    ord_clock_anchor(&disciplined, 0, 0, 0);
    pthread_t readers[READERS], writer;
    pthread_create(&writer, NULL, observer, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, reader, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    atomic_store(&done, true);
    pthread_join(writer, NULL);
    printf("1..1\nok 1 - %d reads by %d threads\n", READS * READERS, READERS);
    return 0;
}
