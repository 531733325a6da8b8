/*
 * rng: PCG32 (XSH-RR), a fixed mix for sampling, and the one place that asks the system for randomness.
 */
#include "shared/rng.h"

#include <sys/random.h>
#include <unistd.h>

#include "shared/clock.h"

/* The finaliser of splitmix64: a bijection in which every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
	/* Neighbouring seeds and streams are the rule here (sessions 0, 1, 2 ...), and raw PCG streams of neighbours
	 * correlate: mix both first. */
	r->stream = (mix(stream + UINT64_C(0x9e3779b97f4a7c15)) << 1) | 1;
	r->state = 0;
	rng_u32(r);
	r->state += rng_hash(seed, stream);
	rng_u32(r);
}

uint32_t rng_u32(struct rng *r)
{
	uint64_t old = r->state;

	r->state = old * UINT64_C(6364136223846793005) + r->stream;
	uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27);
	unsigned rotate = (unsigned)(old >> 59);

	return (shifted >> rotate) | (shifted << ((32 - rotate) & 31));
}

static uint64_t rng_u64(struct rng *r)
{
	uint64_t high = rng_u32(r);

	return high << 32 | rng_u32(r);
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
	/* The lowest (2^64 mod bound) values would be one time too many: draw again. */
	uint64_t least = (0 - bound) % bound;

	for (;;) {
		uint64_t x = rng_u64(r);

		if (x >= least)
			return x % bound;
	}
}

double rng_unit(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

uint64_t rng_hash(uint64_t seed, uint64_t number)
{
	return mix(mix(seed + UINT64_C(0x9e3779b97f4a7c15)) + number * UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t rng_system(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
		return seed;
	/* Early boot or a kernel without it: good enough for a seed that is recorded anyway. */
	return rng_hash((uint64_t)clock_now_ns() ^ (uint64_t)clock_wall_us(), (uint64_t)getpid());
}
