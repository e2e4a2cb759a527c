/* Groups as the daemon has them: their bounds, and what the log tells of them. */
#pragma once

#include "api/service.h"
#include "daemon/config.h"

/* All but the ports. */
struct ord_group_options ord_ranking_options(const struct ord_config *config);
