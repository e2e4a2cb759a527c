#include "cli/progress.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void expect(uint64_t done, uint64_t total, int64_t elapsed_ms, int columns, const char *expected)
{
    char text[ORD_PROGRESS_MAX];
    ord_progress_text(done, total, elapsed_ms, columns, text);
    cr_assert_str_eq(text, expected, "%llu of %llu: \"%s\", expected \"%s\"", (unsigned long long)done,
                     (unsigned long long)total, text, expected);
}

Test(progress, shows_share_bar_counts_rate_and_time_left)
{
    expect(250, 1000, 1000, 60, " 25% [#####.................] 250 of 1000, 250/s, 0:03 left");
}

Test(progress, shortens_large_rates_and_long_times)
{
    expect(1500000, 3000000, 1000, 200,
           " 50% [###############...............] 1500000 of 3000000, 1.5M/s, 0:01 left");
    expect(1000, 10000000, 1000, 200,
           "  0% [..............................] 1000 of 10000000, 1.0k/s, 2:46:39 left");
}

Test(progress, does_not_divide_by_nothing)
{
    expect(0, 10, 0, 80, "  0% [..............................] 0 of 10, 0/s, ? left");
    expect(0, 10, 700, 80, "  0% [..............................] 0 of 10, 0/s, ? left");
    expect(12, 10, 1000, 80, "100% [##############################] 12 of 10, 12/s, 0:00 left");
}

Test(progress, fits_any_terminal)
{
    for (int columns = 1; columns < 400; columns++) {
        char text[ORD_PROGRESS_MAX];
        ord_progress_text(UINT64_MAX - 1, UINT64_MAX, 1, columns, text);
        cr_assert_lt((int)strlen(text), columns < ORD_PROGRESS_MAX ? columns : ORD_PROGRESS_MAX,
                     "%d columns: %s", columns, text);
    }
    expect(1, 2, 1000, 12, " 50% 1 of 2");
}

Test(progress, is_silent_on_short_work_and_without_a_terminal)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    struct ord_progress progress;
    ord_progress_start(&progress, ends[1], 100);
    ord_progress_show(&progress, 50);
    ord_progress_clear(&progress);
    char byte;
    cr_assert_eq(read(ends[0], &byte, 1), -1, "wrote within half a second");

    ord_progress_start(&progress, -1, 100);
    progress.started_ms -= 10000;
    ord_progress_show(&progress, 50);
    cr_assert_not(progress.is_shown);
}

Test(progress, draws_on_long_work_and_clears_at_the_end)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    struct ord_progress progress;
    ord_progress_start(&progress, ends[1], 100);
    progress.started_ms -= 1000;
    ord_progress_show(&progress, 50);
    ord_progress_show(&progress, 51); /* too soon after the last */
    ord_progress_clear(&progress);

    char text[512] = "";
    ssize_t length = read(ends[0], text, sizeof text - 1);
    cr_assert_gt(length, 0);
    cr_assert_eq(text[0], '\r');
    cr_assert_not_null(strstr(text, " 50% ["), "%s", text);
    cr_assert_null(strstr(text, "51 of"), "%s", text);
    cr_assert_str_eq(text + length - 4, "\r\033[K");
}
