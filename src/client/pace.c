#include "client/pace.h"

#define LOW_NS INT64_C(10000000)
#define HIGH_NS INT64_C(50000000)

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Far servers want more time between requests, so that half of a batch outlasts a round trip; short lives of
 * IDs want less, so that none grows old. */
static void set_span(struct ord_pace *pace)
{
    int64_t round_trip_ns = pace->round_trip_ns == INT64_MAX ? 0 : pace->round_trip_ns;
    pace->low_ns = smaller(larger(LOW_NS, 4 * round_trip_ns), pace->max_age_ns / 8);
    pace->high_ns = smaller(larger(HIGH_NS, 16 * round_trip_ns), pace->max_age_ns / 3);
}

static int64_t most(const struct ord_pace *pace)
{
    return smaller(pace->max, smaller(pace->layout_max, pace->runs_max));
}

void ord_pace_init(struct ord_pace *ret_pace, uint32_t min, uint32_t max, int64_t max_age_ns)
{
    *ret_pace = (struct ord_pace){.batch = min, .min = min, .max = max, .max_age_ns = max_age_ns};
    ord_pace_lost(ret_pace);
}

void ord_pace_asked(struct ord_pace *pace, int64_t since_ns)
{
    int64_t batch = pace->batch;
    if (since_ns < pace->low_ns || (batch < pace->min && since_ns <= pace->high_ns))
        batch *= 2;
    else if (since_ns > pace->high_ns)
        batch = larger(batch * (pace->high_ns / 2) / since_ns, smaller(batch, pace->min));
    pace->batch = (uint32_t)larger(1, smaller(batch, most(pace)));
}

void ord_pace_answered(struct ord_pace *pace, int64_t took_ns, uint32_t runs, uint32_t runs_max)
{
    pace->round_trip_ns = smaller(pace->round_trip_ns, took_ns);
    set_span(pace);
    pace->runs_max = (uint32_t)smaller(UINT32_MAX, (int64_t)pace->batch * runs_max / runs);
}

void ord_pace_crowded(struct ord_pace *pace)
{
    pace->batch = (uint32_t)larger(1, pace->batch / 2);
}

bool ord_pace_too_many(struct ord_pace *pace)
{
    if (pace->batch == 1)
        return false;
    pace->batch /= 2;
    pace->layout_max = pace->batch;
    return true;
}

void ord_pace_lost(struct ord_pace *pace)
{
    pace->layout_max = UINT32_MAX;
    pace->runs_max = UINT32_MAX;
    pace->round_trip_ns = INT64_MAX;
    set_span(pace);
}
