/*
 * Fails every call that the embedded store makes, one after the other, in a run from the first claim to the
 * release; and holds it to this, whatever failed:
 *
 *   - it goes on or returns an error that names the cause; it never crashes, and never takes a failing disk for
 *     damaged state;
 *   - once the fault is gone the same process can claim again: no lock is left;
 *   - no later run starts below anything that a successful extend allowed to leave.
 *
 * Prints TAP: a line for each kind of call, effect and starting point, with the number of places that it found.
 */
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"
#include "store/embedded.h"

#define EXTENDS 4
#define STEP 4096

/* What a child tells, also when it dies. */
struct report {
    uint64_t used; /* slots below it may have left */
    int seen;      /* calls of the kind */
    int failures;  /* calls of the port that failed */
    char fault[1024];
};

static struct report *report;
static char directory[4096];
static struct ord_place place;

__attribute__((format(printf, 1, 2))) static void blame(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!*report->fault)
        vsnprintf(report->fault, sizeof report->fault, format, args);
    va_end(args);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *at)
{
    return remove(path);
}

static void clear(void)
{
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* An error is one line that names the system's reason, or the reason of a write that was cut short. */
static void judge(enum ord_code code, const struct ord_error *error, const struct fault_plan *plan)
{
    if (code == ORD_OK)
        return;
    report->failures++;
    /* LMDB calls some failed writes an I/O error whatever they were. */
    bool names_cause = plan->effect == FAULT_SHORT || strstr(error->text, strerror(plan->error)) ||
                       strstr(error->text, strerror(EIO));
    if (error->code != code || !names_cause || strchr(error->text, '\n') || strstr(error->text, "damaged") ||
        strstr(error->text, "missing"))
        blame("error %d: %s", code, error->text);
}

/* A run as the service makes it: claim, extends of which some may fail, release. */
static void run(struct ord_embedded *store, const struct fault_plan *plan)
{
    struct ord_reservation_port port = ord_embedded_port(store);
    struct ord_error error = {0};
    struct ord_claim claim = {.limit = 0};
    enum ord_code code = port.claim(port.context, &place, &claim, &error);
    judge(code, &error, plan);
    if (code != ORD_OK)
        return;
    if (claim.limit < report->used)
        blame("it starts at %ju, below %ju", (uintmax_t)claim.limit, (uintmax_t)report->used);
    uint64_t limit = claim.limit;
    for (int i = 0; i < EXTENDS; i++) {
        limit += STEP;
        error = (struct ord_error){0};
        code = port.extend(port.context, limit, &error);
        judge(code, &error, plan);
        if (code == ORD_OK)
            report->used = limit;
    }
    error = (struct ord_error){0};
    uint64_t next = report->used > claim.limit ? report->used : claim.limit;
    judge(port.release(port.context, next, &error), &error, plan);
}

static struct ord_embedded *opened(void)
{
    struct ord_embedded_options options = {.directory = directory, .accept_unsafe = true};
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
        int before = report->failures;
        run(store, &none);
        if (report->failures != before)
            blame("it does not get well");
        ord_embedded_close(store);
    }
}

static void child(const struct fault_plan *plan)
{
    fault_arm(plan);
    struct ord_embedded *store = opened();
    if (store)
        run(store, plan);
    ord_embedded_close(store);
    fault_disarm();
    report->seen = fault_seen();
    run_well();
    _exit(0);
}

/* Runs `body` in a process of its own; returns its exit status, or blames the signal that ended it. */
static int in_child(void (*body)(const struct fault_plan *plan), const struct fault_plan *plan)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        body(plan);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status))
        blame("signal %d", WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void child_well(const struct fault_plan *plan)
{
    run_well();
}

/* One place of failure; returns whether the plan came to anything. */
static bool try_one(const struct fault_plan *plan, bool from_fresh)
{
    clear();
    *report = (struct report){0};
    if (!from_fresh)
        in_child(child_well, plan);
    int status = in_child(child, plan);
    bool crashed = status == FAULT_CRASHED;
    if (status != 0 && !crashed)
        blame("exit status %d", status);
    in_child(child_well, plan);
    return crashed || report->seen >= plan->number;
}

struct effect {
    const char *name;
    enum fault_effect effect;
    int error;
};

static const struct effect effects[] = {
    {"EIO", FAULT_ERROR, EIO},
    {"ENOSPC", FAULT_ERROR, ENOSPC},
    {"short", FAULT_SHORT, ENOSPC},
    {"EIO though done", FAULT_DONE, EIO},
    {"crash", FAULT_CRASH, 0},
    {"power loss", FAULT_POWER, 0},
    {"power loss of every other write", FAULT_POWER_SOME, 0},
    {"ENOMEM", FAULT_ERROR, ENOMEM},
};

static const char *const kinds[] = {"write", "sync", "open", "name", "lock", "map", "memory"};

static bool is_crash(const struct effect *effect)
{
    return effect->effect >= FAULT_CRASH;
}

static bool makes_sense(enum fault_kind kind, const struct effect *effect, bool onward, bool from_fresh)
{
    if ((is_crash(effect) && onward) || (kind == FAULT_NAME && !from_fresh))
        return false; /* a process ends once; names are made at the first start */
    if (kind == FAULT_MEMORY || effect->error == ENOMEM)
        return kind == FAULT_MEMORY && effect->error == ENOMEM;
    if (effect->effect == FAULT_SHORT)
        return kind == FAULT_WRITE;
    if (effect->effect == FAULT_DONE)
        return kind == FAULT_WRITE || kind == FAULT_SYNC || kind == FAULT_NAME;
    return effect->error != ENOSPC || kind != FAULT_LOCK;
}

/* Every place in turn, until a run passes through. */
static bool enumerate(int test, enum fault_kind kind, const struct effect *effect, bool onward, bool from_fresh)
{
    struct fault_plan plan = {.kind = kind, .effect = effect->effect, .onward = onward, .error = effect->error};
    char name[160];
    int found = -1;
    bool is_good = true;
    do {
        plan.number++;
        found++;
    } while (try_one(&plan, from_fresh) && !*report->fault);
    snprintf(name, sizeof name, "%s: %s, %s, %s", kinds[kind], effect->name, onward ? "from then on" : "once",
             from_fresh ? "first start" : "later start");
    is_good = !*report->fault && found > 0;
    printf("%s %d - %s: %d places\n", is_good ? "ok" : "not ok", test, name, found);
    if (!is_good)
        printf("# place %d: %s\n", plan.number, *report->fault ? report->fault : "nothing was tried");
    fflush(stdout);
    return is_good;
}

int main(int argc, char **argv)
{
    bool with_memory = argc > 1 && strcmp(argv[1], "memory") == 0;
    const char *root = getenv("ORDINAL_TEST_DIR");
    struct ord_layout layout;
    snprintf(directory, sizeof directory, "%s/fault.%d", root ? root : ".", (int)getpid());
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED || ord_layout_parse("default", NULL, NULL, &layout, NULL) != ORD_OK ||
        ord_place_init(&place, &layout, 7, 0, 1, NULL) != ORD_OK)
        return 2;

    int tests = 0, bad = 0;
    for (int kind = 0; kind < FAULT_KINDS - !with_memory; kind++)
        for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
            for (int way = 0; way < 4; way++)
                if (makes_sense(kind, &effects[i], way & 1, way & 2))
                    bad += !enumerate(++tests, kind, &effects[i], way & 1, way & 2);
    clear();
    printf("1..%d\n", tests);
    return bad > 0;
}
