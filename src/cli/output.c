#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void ord_output_init(struct ord_output *output, int fd)
{
    output->fd = fd;
    output->failure = 0;
    output->used = 0;
}

/* Whether a failed write can be tried again; a descriptor that must not block is waited for. */
static bool again(int fd)
{
    if (errno == EAGAIN)
        return poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1) >= 0 || errno == EINTR;
    return errno == EINTR;
}

void ord_output_flush(struct ord_output *output)
{
    size_t done = 0;
    while (done < output->used && !output->failure) {
        ssize_t written = write(output->fd, output->buffer + done, output->used - done);
        if (written >= 0)
            done += (size_t)written;
        else if (!again(output->fd))
            output->failure = errno;
    }
    output->used = 0;
}

char *ord_output_room(struct ord_output *output, size_t size)
{
    if (sizeof output->buffer - output->used < size)
        ord_output_flush(output);
    return output->buffer + output->used;
}

void ord_output_used(struct ord_output *output, size_t size)
{
    output->used += size;
}

void ord_output_write(struct ord_output *output, const char *bytes, size_t size)
{
    while (size > 0) {
        size_t piece = size < sizeof output->buffer ? size : sizeof output->buffer;
        memcpy(ord_output_room(output, piece), bytes, piece);
        ord_output_used(output, piece);
        bytes += piece;
        size -= piece;
    }
}

void ord_output_text(struct ord_output *output, const char *text)
{
    ord_output_write(output, text, strlen(text));
}

bool ord_output_is_over(const struct ord_output *output)
{
    return output->failure != 0;
}

enum ord_code ord_output_finish(struct ord_output *output, struct ord_error *error)
{
    ord_output_flush(output);
    if (output->failure && output->failure != EPIPE)
        return ord_fail_errno(error, output->failure, "standard output");
    return ORD_OK;
}
