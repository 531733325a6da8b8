/*
 * rng: the seeded random numbers of a run (PCG32). A decision never draws from the system: `run --random-seed=N`
 * repeats it. rng_system() is the one place that asks the system, for a seed nobody gave.
 */
#ifndef SHARED_RNG_H
#define SHARED_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
	uint64_t stream;
};

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream); /* stream: e.g. the global number of the session */
uint32_t rng_u32(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t bound); /* 0 .. bound-1, unbiased; bound > 0 */
double rng_unit(struct rng *r); /* 0 <= x < 1 */
uint64_t rng_hash(uint64_t seed, uint64_t number); /* a fixed mix: the same answer for the same two numbers */
uint64_t rng_system(void);

#endif
