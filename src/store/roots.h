/*
 * A look at the two root pages of an LMDB file before LMDB trusts them: they have no checksum, and of two that
 * differ LMDB takes the one with the higher transaction number. One that rotted would take the file back by a
 * transaction, or lead out of it.
 */
#pragma once

#include "base/error.h"

/* ORD_INVALID_ARGUMENT: they cannot be those of a sound file; ORD_INTERNAL: they cannot be read. An empty file
 * is sound. */
enum ord_code ord_roots_check(const char *path, struct ord_error *error);
