/*
 * noise: made-up experiments in randomised blocks, for the tests of reports/paired.h and reports/sequential.h. Runs
 * follow one another in time and share its noise; which arm takes which place inside a block is drawn anew each time.
 */
#ifndef TESTS_NOISE_H
#define TESTS_NOISE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "shared/rng.h"

enum noise_shape {
	NOISE_NORMAL,
	NOISE_HEAVY, /* Student's t with 2 degrees of freedom: no variance */
	NOISE_TWO_MODES, /* a run lands in a slow place (15 % slower) one time in three; else quiet */
	NOISE_TIED, /* one series in time: AR(1) with 0.9, runs one after the other */
	NOISE_DRIFT, /* the machine warms up: faster with each run, by far more than its noise */
	NOISE_WALK, /* a random walk: nothing ever comes back */
	NOISE_SKEWED, /* log-normal: stalls on one side only */
	NOISE_SHAPES,
};

static const char *const noise_names[NOISE_SHAPES] = {
        "normal", "heavy-tailed", "two-mode placement", "autocorrelated", "drift", "random walk", "skewed"};

struct noise {
	struct rng rng;
	enum noise_shape shape;
	double last; /* of what hangs together over time */
	uint64_t runs;
};

static inline void noise_init(struct noise *z, enum noise_shape shape, uint64_t seed)
{
	memset(z, 0, sizeof(*z));
	rng_seed(&z->rng, seed, shape);
	z->shape = shape;
}

static inline double noise_normal(struct rng *rng)
{
	double radius = sqrt(-2 * log(1 - rng_unit(rng)));

	return radius * cos(2 * M_PI * rng_unit(rng));
}

/* The logarithm of the next run's time, apart from what its arm adds. About 1 is the usual size. */
static inline double noise_next(struct noise *z)
{
	double g = noise_normal(&z->rng), h;

	z->runs++;
	switch (z->shape) {
	case NOISE_HEAVY:
		h = -log(1 - rng_unit(&z->rng)); /* half a chi-square with 2 degrees of freedom */
		return g / sqrt(h);
	case NOISE_TWO_MODES:
		return (rng_below(&z->rng, 3) == 0 ? 15 : 0) + g;
	case NOISE_TIED:
		z->last = z->runs == 1 ? g : 0.9 * z->last + sqrt(1 - 0.81) * g;
		return z->last;
	case NOISE_DRIFT:
		return g - 5 * (double)z->runs;
	case NOISE_WALK:
		return z->last += g;
	case NOISE_SKEWED:
		return exp(1.5 * g);
	case NOISE_NORMAL:
	case NOISE_SHAPES:
		break;
	}
	return g;
}

/* A new experiment, at another time. */
static inline void noise_restart(struct noise *z)
{
	z->runs = 0;
	z->last = 0;
}

/* The log ratio (speed of the candidate / speed of the reference) of the next block when the candidate is faster by
 * `gain`; `others` more arms run in the same block. */
static inline double noise_block(struct noise *z, double gain, unsigned others)
{
	unsigned places = 2 + others;
	unsigned candidate = (unsigned)rng_below(&z->rng, places), reference = (unsigned)rng_below(&z->rng, places - 1);
	double time[2] = {0, 0};

	reference += reference >= candidate;
	for (unsigned place = 0; place < places; place++) {
		double run = noise_next(z);

		if (place == candidate)
			time[0] = run - gain;
		else if (place == reference)
			time[1] = run;
	}
	return time[1] - time[0];
}

#endif
