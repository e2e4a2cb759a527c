/* The handlers behind the rows of the method table; see methods.h for what they promise. */
#pragma once

#include "api/methods.h"

ord_handler ord_describe_id;
ord_handler ord_get_id_bounds;
ord_handler ord_get_clock, ord_accept_clock_step, ord_reject_clock_step;
ord_ask_handler ord_join_by_lease, ord_renew, ord_leave, ord_list_members;
ord_ask_handler ord_send_command, ord_get_command, ord_receive_commands, ord_acknowledge;
extern const struct ord_feed_type ord_join, ord_watch;
