#include "cli/bench_live.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/bench_figures.h"
#include "cli/progress.h"

#define LOOK_EVERY_NS 50000000L
#define SHOW_EVERY_NS INT64_C(500000000)

/* A bench of which no call is answered well for so long ends. */
#define HOPELESS_NS INT64_C(3000000000)

static void ending_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
}

void ord_bench_block_signals(void)
{
    sigset_t signals;
    ending_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

void ord_bench_live_text(const struct ord_bench_plan *plan, const struct ord_bench_view *before,
                         const struct ord_bench_view *now, const struct ord_percentiles *latency,
                         char ret[ORD_BENCH_LINE_MAX])
{
    double seconds = (double)(now->elapsed_ns - before->elapsed_ns) / 1e9;
    char calls[16], ids[16], p99[ORD_BENCH_TIME_MAX] = "–";
    ord_progress_number((double)(now->calls - before->calls) / seconds, calls, sizeof calls);
    ord_progress_number((double)(now->ids - before->ids) / seconds, ids, sizeof ids);
    if (ord_percentiles_count(latency) > 0)
        ord_bench_time_text((double)ord_percentiles_at(latency, 99), p99);
    snprintf(ret, ORD_BENCH_LINE_MAX, "%.0f of %.0f s%s: %s calls/s, %s IDs/s, p99 %s, %" PRIu64 " failed",
             (double)now->elapsed_ns / 1e9, (double)(plan->warm_up_ms + plan->duration_ms) / 1e3,
             now->is_warm ? "" : " (warm-up)", calls, ids, p99, now->failed + now->refused);
}

/* The screen, and what it showed last. */
struct live {
    struct ord_progress progress;
    struct ord_bench_view before;
    struct ord_percentiles *now, *then; /* latencies; NULL: nothing is shown */
};

static void show(struct live *live, const struct ord_bench *bench, const struct ord_bench_plan *plan)
{
    struct ord_bench_view view;
    char line[ORD_BENCH_LINE_MAX];
    ord_bench_look(bench, &view, live->now);
    if (view.elapsed_ns - live->before.elapsed_ns < SHOW_EVERY_NS)
        return;
    struct ord_percentiles *fresh = live->now;
    ord_percentiles_subtract(fresh, live->then);
    ord_bench_live_text(plan, &live->before, &view, fresh, line);
    ord_percentiles_add(fresh, live->then);
    ord_progress_line(&live->progress, line);
    live->now = live->then;
    live->then = fresh;
    live->before = view;
}

static bool is_hopeless(const struct ord_bench_view *view)
{
    return view->calls == 0 && view->failed + view->refused > 0 && view->elapsed_ns > HOPELESS_NS;
}

bool ord_bench_watch(struct ord_bench *bench, const struct ord_bench_plan *plan, int fd)
{
    struct live live = {.now = calloc(1, sizeof *live.now), .then = calloc(1, sizeof *live.then)};
    ord_progress_start(&live.progress, fd, 1);
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    struct ord_bench_view view;
    bool is_early = false;
    sigset_t signals;
    ending_signals(&signals);
    for (ord_bench_look(bench, &view, NULL); !view.is_over; ord_bench_look(bench, &view, NULL)) {
        bool is_told = sigtimedwait(&signals, NULL, &pause) > 0;
        if (is_told || (is_hopeless(&view) && !is_early))
            ord_bench_stop(bench);
        is_early = is_early || is_told || is_hopeless(&view);
        if (fd >= 0 && live.now && live.then)
            show(&live, bench, plan);
    }
    ord_progress_clear(&live.progress);
    free(live.now);
    free(live.then);
    return is_early;
}
