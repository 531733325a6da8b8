/*
 * experiments: thousands of made-up comparisons in randomised blocks, for each shape of noise. How often do the paired
 * statistics claim a difference between two arms that are the same, and how often does the interval hold the truth
 * when they are not? 20,000 experiments for 6, 7 and 8 blocks; SOAK=1 does all kinds that often and prints what it
 * found.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "reports/paired.h"
#include "reports/sequential.h"
#include "tests/unit/noise.h"

#define EXPERIMENTS 20000
#define MOST_BLOCKS 24
#define LOOKS 200

static bool soak(void)
{
	return getenv("SOAK") != NULL;
}

static double percent(int part, int of)
{
	return 100.0 * part / of;
}

static struct paired experiment(struct noise *z, size_t blocks, double gain, unsigned others, uint64_t seed)
{
	double x[MOST_BLOCKS];
	struct paired p;

	noise_restart(z);
	for (size_t i = 0; i < blocks; i++)
		x[i] = noise_block(z, gain, others);
	paired_of(x, blocks, seed, &p);
	assert_true(p.has_interval);
	return p;
}

/* Claims of a difference where there is none, and intervals that hold a gain that there is. */
static void fixed_blocks(enum noise_shape shape, size_t blocks, int experiments, unsigned others)
{
	const double gain = 0.3;
	struct noise z;
	int claims = 0, held = 0;
	double limit = experiments < EXPERIMENTS ? 300 * sqrt(0.05 * 0.95 / experiments) : 0; /* few scatter more */

	noise_init(&z, shape, blocks);
	for (int i = 0; i < experiments; i++) {
		struct paired same = experiment(&z, blocks, 0, others, (uint64_t)i);
		struct paired faster = experiment(&z, blocks, gain, others, (uint64_t)i);

		claims += same.verdict != PAIRED_NO_DIFFERENCE;
		held += faster.low <= exp(gain) && exp(gain) <= faster.high;
	}
	if (soak())
		printf("# %s, %zu blocks%s, %d experiments: %.2f %% false claims, %.2f %% of intervals hold the "
		       "truth\n",
		        noise_names[shape], blocks, others ? " of four" : "", experiments, percent(claims, experiments),
		        percent(held, experiments));
	assert_true(percent(claims, experiments) <= 5.5 + limit);
	assert_true(percent(held, experiments) >= (blocks == 6 ? 94 : 93) - limit);
	assert_true(percent(held, experiments) <= (blocks == 6 ? 98 : 97) + limit);
}

static void fixed(void **state)
{
	enum noise_shape shape = *(enum noise_shape *)*state;
	int many = soak() || shape <= NOISE_TIED ? EXPERIMENTS : 2000;

	for (size_t blocks = 6; blocks <= 8; blocks++)
		fixed_blocks(shape, blocks, many, 0);
	fixed_blocks(shape, 8, soak() ? EXPERIMENTS : 2000, 2); /* four engines in each block */
	fixed_blocks(shape, 11, soak() ? EXPERIMENTS : 2000, 0);
	fixed_blocks(shape, 16, soak() ? 4000 : 200, 0);
	fixed_blocks(shape, 20, soak() ? 2000 : 100, 0);
}

/* A look after each of 200 blocks; one false claim at any of them counts, and so does one interval without the truth.
 */
static void looks(void **state)
{
	enum noise_shape shape = *(enum noise_shape *)*state;
	const double gain = 0.3;
	int experiments = soak() ? EXPERIMENTS : shape <= NOISE_TIED ? 5000 : 1000, claims = 0, lost = 0;
	struct noise z;

	noise_init(&z, shape, LOOKS);
	for (int i = 0; i < experiments; i++) {
		struct sequential same, faster;

		sequential_init(&same);
		sequential_init(&faster);
		noise_restart(&z);
		for (int k = 0; k < LOOKS; k++) {
			double x = noise_block(&z, 0, 0);

			sequential_add(&same, x);
			if (i < 500)
				sequential_add(&faster, x + gain);
		}
		claims += same.p[LOOKS - 1] <= 0.05;
		/* The same series moved by the gain: the same luck, so fewer of them will do. */
		if (i < 500)
			lost += sequential_evidence(&faster, gain, 1) >= 40 ||
			        sequential_evidence(&faster, gain, -1) >= 40;
		sequential_clear(&same);
		sequential_clear(&faster);
	}
	if (soak())
		printf("# %s, a look after each of %d blocks, %d experiments: %.2f %% ever claim a false difference, "
		       "%.2f %% of %d ever lose the truth\n",
		        noise_names[shape], LOOKS, experiments, percent(claims, experiments), percent(lost, 500), 500);
	assert_true(percent(claims, experiments) <= 5.5);
	assert_true(percent(lost, 500) <= 5.5 + 2.5);
}

/* What --stop-when must not do: looking at the fixed test after each block. The simulation must be able to see that. */
static void plain_looking_is_caught(void **state)
{
	struct noise z;
	int claims = 0;

	(void)state;
	noise_init(&z, NOISE_NORMAL, 1);
	for (int i = 0; i < 1000; i++) {
		double x[MOST_BLOCKS];
		bool claimed = false;

		for (size_t n = 0; n < 12 && !claimed; n++) {
			struct paired p;

			x[n] = noise_block(&z, 0, 0);
			paired_of(x, n + 1, 1, &p);
			claimed = p.verdict == PAIRED_FASTER || p.verdict == PAIRED_SLOWER;
		}
		claims += claimed;
	}
	assert_true(percent(claims, 1000) > 8);
}

int main(void)
{
	static enum noise_shape shapes[NOISE_SHAPES];
	static char names[2 * NOISE_SHAPES][80];
	struct CMUnitTest tests[2 * NOISE_SHAPES + 1];
	size_t n = 0;

	for (size_t i = 0; i < NOISE_SHAPES; i++) {
		shapes[i] = (enum noise_shape)i;
		for (int sequential = 0; sequential < 2; sequential++, n++) {
			snprintf(names[n], sizeof names[n], "%s noise, %s", noise_names[i],
			        sequential ? "looks after each block" : "fixed numbers of blocks");
			tests[n] = (struct CMUnitTest){names[n], sequential ? looks : fixed, NULL, NULL, &shapes[i]};
		}
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(plain_looking_is_caught);
	return _cmocka_run_group_tests("experiments", tests, n, NULL, NULL);
}
