#include "daemon/posting.h"

#include "base/log.h"

static const struct {
    enum ord_log_level level;
    const char *message;
} news_lines[] = {
    [ORD_POSTER_FAILS] = {ORD_LOG_WARN, "commands cannot be posted; they are tried again"},
    [ORD_POSTER_WORKS] = {ORD_LOG_INFO, "commands are posted again"},
    [ORD_POSTER_UNUSABLE] = {ORD_LOG_ERROR, "commands cannot be posted to members before another start"},
};

static void tell(void *context, enum ord_poster_news news, const char *door, const char *reason)
{
    ord_log(news_lines[news].level, news_lines[news].message, "to", door, "reason", reason, NULL);
}

enum ord_code ord_posting_open(const struct ord_config *config, struct ord_poster **ret_poster,
                               struct ord_error *error)
{
    struct ord_poster_options options = {
        .networks = config->callback_networks, .networks_text = config->callback_networks_text, .tell = tell};
    return ord_poster_open(&options, ret_poster, error);
}
