/*
 * The one source of chance: splitmix64, so that a seed is a history. After Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators".
 *
 * One draw in an expression or an initializer at the most: compilers order several as they like, and the same
 * seed has to be the same history with each of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_random_next(struct sim_random *random)
{
    uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* 0 to bound - 1; bound is at least 1. */
static inline uint64_t sim_random_below(struct sim_random *random, uint64_t bound)
{
    return sim_random_next(random) % bound;
}

static inline bool sim_random_one_in(struct sim_random *random, uint64_t odds)
{
    return odds > 0 && sim_random_below(random, odds) == 0;
}

/* 1 to max (at least 1), each order of magnitude as likely as the next. */
static inline uint64_t sim_random_scale(struct sim_random *random, uint64_t max)
{
    uint64_t bits = (uint64_t)(64 - __builtin_clzll(max));
    uint64_t chosen = sim_random_below(random, bits) + 1;
    uint64_t value = sim_random_next(random) >> (64 - chosen);
    return value < 1 ? 1 : value > max ? max : value;
}
