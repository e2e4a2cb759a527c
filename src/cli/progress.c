#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/time.h"

#define FIRST_SHOWN_MS 500
#define SHOWN_EVERY_MS 100
#define BAR_MIN 5
#define BAR_MAX 30
#define COUNTS_MAX 112
#define COLUMNS_DEFAULT 80

static int64_t now_ms(void)
{
    return ord_boot_ns() / 1000000;
}

int ord_progress_fd(void)
{
    return isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) ? STDERR_FILENO : -1;
}

void ord_progress_start(struct ord_progress *ret_progress, int fd, uint64_t total)
{
    *ret_progress = (struct ord_progress){.fd = fd, .total = total, .started_ms = now_ms()};
}

void ord_progress_number(double number, char *ret, size_t size)
{
    static const char units[] = " kMGTPE";
    size_t unit = 0;
    for (; number >= 999.95 && units[unit + 1]; unit++)
        number /= 1000;
    if (unit == 0)
        snprintf(ret, size, "%.0f", number);
    else
        snprintf(ret, size, "%.1f%c", number, units[unit]);
}

/* "0:07", "12:34", "1:02:03". */
static void clock_text(double seconds, char *ret, size_t size)
{
    unsigned long long whole = seconds < 3.6e8 ? (unsigned long long)(seconds + 0.5) : 360000000;
    if (whole < 3600)
        snprintf(ret, size, "%llu:%02llu", whole / 60, whole % 60);
    else
        snprintf(ret, size, "%llu:%02llu:%02llu", whole / 3600, whole / 60 % 60, whole % 60);
}

static void bar_text(double share, int width, char ret[BAR_MAX + 4])
{
    *ret = '\0';
    if (width < BAR_MIN)
        return;
    char *at = ret;
    *at++ = '[';
    for (int i = 0; i < width; i++)
        *at++ = i < (int)(share * width) ? '#' : '.';
    strcpy(at, "] ");
}

void ord_progress_text(uint64_t done, uint64_t total, int64_t elapsed_ms, int columns,
                       char ret[ORD_PROGRESS_MAX])
{
    double share = done < total ? (double)done / (double)total : 1;
    double rate = elapsed_ms > 0 ? (double)done * 1000 / (double)elapsed_ms : 0;
    char rate_text[16], left_text[32] = "?", counts[COUNTS_MAX], bar[BAR_MAX + 4];
    ord_progress_number(rate, rate_text, sizeof rate_text);
    if (rate > 0)
        clock_text((double)(total - (done < total ? done : total)) / rate, left_text, sizeof left_text);
    int length = snprintf(counts, sizeof counts, "%" PRIu64 " of %" PRIu64 ", %s/s, %s left", done, total,
                          rate_text, left_text);

    /* Beside the counts stand the share, "100% ", the bar's "[] ", and a free last column. */
    int width = columns - length - 9;
    bar_text(share, width < BAR_MAX ? width : BAR_MAX, bar);
    snprintf(ret, ORD_PROGRESS_MAX, "%3d%% %s%s", (int)(share * 100), bar, counts);
    if (columns >= 1 && columns <= ORD_PROGRESS_MAX)
        ret[columns - 1] = '\0';
}

static int columns_of(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

/* A bar that cannot be drawn is no reason to fail. */
static void draw(int fd, const char *line)
{
    char text[ORD_PROGRESS_MAX + 8];
    int length = snprintf(text, sizeof text, "\r%s\033[K", line);
    ssize_t written = write(fd, text, (size_t)length);
    (void)written;
}

void ord_progress_show(struct ord_progress *progress, uint64_t done)
{
    int64_t now = now_ms();
    if (progress->fd < 0 || now - progress->started_ms < FIRST_SHOWN_MS ||
        now - progress->shown_ms < SHOWN_EVERY_MS)
        return;
    char line[ORD_PROGRESS_MAX];
    ord_progress_text(done, progress->total, now - progress->started_ms, columns_of(progress->fd), line);
    draw(progress->fd, line);
    progress->shown_ms = now;
    progress->is_shown = true;
}

void ord_progress_line(struct ord_progress *progress, const char *text)
{
    char line[ORD_PROGRESS_MAX];
    if (progress->fd < 0)
        return;
    int columns = columns_of(progress->fd);
    snprintf(line, columns < ORD_PROGRESS_MAX ? (size_t)columns : sizeof line, "%s", text);
    draw(progress->fd, line);
    progress->is_shown = true;
}

void ord_progress_clear(struct ord_progress *progress)
{
    if (progress->is_shown)
        draw(progress->fd, "");
    progress->is_shown = false;
}
