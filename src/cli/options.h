/*
 * Tables of options that are too long to stand beside those of the other verbs. Private to options.c.
 */
#pragma once

#include "conf/options.h"

#define ORD_SEQ_OPTIONS_COUNT 10
#define ORD_RANKS_OPTIONS_COUNT 2
#define ORD_SEND_OPTIONS_COUNT 3
#define ORD_MEMBER_OPTIONS_COUNT 8
#define ORD_BENCH_OPTIONS_COUNT 9
#define ORD_TORTURE_OPTIONS_COUNT 3

extern const struct ord_option ord_seq_options[ORD_SEQ_OPTIONS_COUNT];
extern const struct ord_option ord_ranks_options[ORD_RANKS_OPTIONS_COUNT];
extern const struct ord_option ord_send_options[ORD_SEND_OPTIONS_COUNT];
extern const struct ord_option ord_member_options[ORD_MEMBER_OPTIONS_COUNT];
extern const struct ord_option ord_bench_options[ORD_BENCH_OPTIONS_COUNT];
extern const struct ord_option ord_torture_options[ORD_TORTURE_OPTIONS_COUNT];

/* Whether a text can be a request ID: it is not empty, which means none in the protocol, and would be no
 * protection. */
ord_option_check ord_check_key;
