/* The options of ordinald: the one table that flags, variables, file, help, man page and completion come from.
 */
#pragma once

#include "conf/options.h"

extern const struct ord_program ord_daemon_program;
