/*
 * Fails every call that the embedded store makes, one after the other, in a run from the first claim to the
 * release; and holds it to this, whatever failed:
 *
 *   - it goes on or returns an error that names the cause; it never crashes, and never takes a failing disk for
 *     damaged state;
 *   - once the fault is gone the same process can claim again: no lock is left;
 *   - no later run starts below anything that a successful extend allowed to leave.
 */
#include <errno.h>
#include <stddef.h>

#include "enumerate.h"
#include "store/embedded.h"

#define EXTENDS 4
#define STEP 4096

static struct ord_place place;
static uint64_t *used; /* slots below it may have left */

/* A run as the service makes it: claim, extends of which some may fail, release. */
static void run(struct ord_embedded *store, const struct fault_plan *plan)
{
    struct ord_reservation_port port = ord_embedded_port(store);
    struct ord_error error = {0};
    struct ord_claim claim = {.limit = 0};
    enum ord_code code = port.claim(port.context, &place, &claim, &error);
    fault_judge(code, &error, plan);
    if (code != ORD_OK)
        return;
    if (claim.limit < *used)
        fault_blame("it starts at %ju, below %ju", (uintmax_t)claim.limit, (uintmax_t)*used);
    uint64_t limit = claim.limit;
    for (int i = 0; i < EXTENDS; i++) {
        limit += STEP;
        error = (struct ord_error){0};
        code = port.extend(port.context, limit, &error);
        fault_judge(code, &error, plan);
        if (code == ORD_OK)
            *used = limit;
    }
    error = (struct ord_error){0};
    uint64_t next = *used > claim.limit ? *used : claim.limit;
    fault_judge(port.release(port.context, next, &error), &error, plan);
}

static struct ord_embedded *opened(void)
{
    struct ord_embedded_options options = {.directory = fault_directory, .accept_unsafe = true};
    struct ord_embedded *store = NULL;
    ord_embedded_open(&options, &store, NULL);
    return store;
}

/* Without faults everything succeeds, twice: from what was left, and from that. */
static void run_well(void)
{
    static const struct fault_plan none = {.error = EIO};
    for (int i = 0; i < 2; i++) {
        struct ord_embedded *store = opened();
        int before = fault_failures();
        run(store, &none);
        if (fault_failures() != before)
            fault_blame("it does not get well");
        ord_embedded_close(store);
    }
}

static void act(const struct fault_plan *plan)
{
    struct ord_embedded *store = opened();
    if (store)
        run(store, plan);
    ord_embedded_close(store);
}

static void forget(void)
{
    *used = 0;
}

int main(int argc, char **argv)
{
    static const struct fault_subject subject = {.act = act, .act_well = run_well, .forget = forget};
    struct ord_layout layout;
    used = fault_shared(sizeof *used);
    if (ord_layout_parse("default", NULL, NULL, &layout, NULL) != ORD_OK ||
        ord_place_init(&place, &layout, 7, 0, 1, NULL) != ORD_OK)
        return 2;
    return fault_enumerate(&subject, "store", argc, argv);
}
