#include "enumerate.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal.h"

/* What a child tells, also when it dies. */
struct report {
    int seen;     /* calls of the kind */
    int failures; /* of the subject */
    char fault[1024];
};

char fault_directory[4096];

static struct report *report;
static const struct fault_subject *subject;

void *fault_shared(size_t size)
{
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        exit(2);
    return shared;
}

void fault_blame(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!*report->fault)
        vsnprintf(report->fault, sizeof report->fault, format, args);
    va_end(args);
}

int fault_failures(void)
{
    return report->failures;
}

void fault_judge(enum ord_code code, const struct ord_error *error, const struct fault_plan *plan)
{
    if (code == ORD_OK)
        return;
    report->failures++;
    /* LMDB calls some failed writes an I/O error whatever they were; half a write has the reason of its own. */
    bool names_cause = plan->effect == FAULT_SHORT || strstr(error->text, "memory") ||
                       strstr(error->text, strerror(plan->error)) || strstr(error->text, strerror(EIO));
    if (error->code != code || !names_cause || strchr(error->text, '\n') || strstr(error->text, "damaged") ||
        strstr(error->text, "missing"))
        fault_blame("error %d: %s", code, error->text);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *at)
{
    return remove(path);
}

static void clear(void)
{
    nftw(fault_directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void child(const struct fault_plan *plan)
{
    fault_arm(plan);
    subject->act(plan);
    fault_disarm();
    report->seen = fault_seen();
    if (plan->effect == FAULT_LOST)
        journal_undo(false);
    else
        subject->act_well();
}

static void child_well(const struct fault_plan *plan)
{
    subject->act_well();
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
        fault_blame("signal %d", WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One place of failure; returns whether the plan came to anything. */
static bool try_one(const struct fault_plan *plan, bool from_fresh)
{
    clear();
    *report = (struct report){0};
    subject->forget();
    if (!from_fresh)
        in_child(child_well, plan);
    int status = in_child(child, plan);
    bool crashed = status == FAULT_CRASHED;
    if (status != 0 && !crashed)
        fault_blame("exit status %d", status);
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
    {"EIO, and power loss at the next", FAULT_LOST, EIO},
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
    if (effect->effect == FAULT_LOST)
        return kind == FAULT_SYNC && !onward;
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

static bool is_chosen(int kind, bool from_fresh)
{
    return (subject->kinds == 0 || subject->kinds & 1u << kind) && !(subject->is_later_only && from_fresh);
}

int fault_enumerate(const struct fault_subject *chosen, const char *name, int argc, char **argv)
{
    bool with_memory = argc > 1 && strcmp(argv[1], "memory") == 0;
    const char *root = getenv("ORDINAL_TEST_DIR");
    snprintf(fault_directory, sizeof fault_directory, "%s/fault-%s.%d", root ? root : ".", name, (int)getpid());
    report = fault_shared(sizeof *report);
    subject = chosen;

    int tests = 0, bad = 0;
    for (int kind = 0; kind < FAULT_KINDS - !with_memory; kind++)
        for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
            for (int way = 0; way < 4; way++)
                if (is_chosen(kind, way & 2) && makes_sense(kind, &effects[i], way & 1, way & 2))
                    bad += !enumerate(++tests, kind, &effects[i], way & 1, way & 2);
    clear();
    printf("1..%d\n", tests);
    return bad > 0;
}
