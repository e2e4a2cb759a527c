/* Compares a group with its model. */
#pragma once

#include "core/group.h"
#include "groups/model.h"

/* NULL: they agree; else where they do not. `published` is the model as it was when the group was published. */
const char *group_check(const struct ord_group *group, const struct model *now, const struct model *published);
