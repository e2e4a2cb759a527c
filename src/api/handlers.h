/* The handlers behind the rows of the method table; see methods.h for what they promise. */
#pragma once

#include "api/methods.h"

ord_handler ord_describe_id;
ord_handler ord_get_id_bounds;
ord_handler ord_get_clock, ord_accept_clock_step, ord_reject_clock_step;
