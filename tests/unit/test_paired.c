/* paired: the sign-flip test of blocks and the interval that is the same test inverted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/noise.h"
#include "reports/paired.h"

#define MOST 64

/* Counted with exact fractions over all sign assignments and all subsets, but for the first two p, which are in books.
 * p = as_far / all. */
static const struct reference {
	const char *name;
	size_t n;
	double x[MOST];
	unsigned as_far, all;
	double low, high;
	enum paired_verdict verdict;
} references[] = {
        {"Darwin's maize (Fisher, The Design of Experiments, 1935, section 21)", 15,
                {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}, 1726, 32768, -1.0 / 6, 41,
                PAIRED_NO_DIFFERENCE},
        {"two sleeping drugs (Student, The Probable Error of a Mean, 1908)", 10,
                {1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4}, 4, 1024, 5.0 / 6, 37.0 / 15, PAIRED_FASTER},
        {"one sleeping drug (same)", 10, {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}, 244, 1024, -0.525,
                2.05, PAIRED_NO_DIFFERENCE},
        {"six of six", 6, {0.10, 0.20, 0.15, 0.05, 0.12, 0.18}, 2, 64, 0.05, 0.20, PAIRED_FASTER},
        {"five of six", 6, {0.10, 0.20, 0.15, -0.01, 0.12, 0.18}, 4, 64, -0.01, 0.20, PAIRED_NO_DIFFERENCE},
        {"six of seven", 7, {0.10, 0.20, 0.15, -0.01, 0.12, 0.18, 0.03}, 4, 128, 0.03, 0.18, PAIRED_FASTER},
        {"seven of eight", 8, {0.10, 0.20, 0.15, -0.05, 0.12, 0.18, 0.03, 0.09}, 6, 256, 0.08 / 3, 1.0 / 6,
                PAIRED_FASTER},
        {"slower", 8, {-0.1, -0.2, -0.3, -0.4, 0.1, -0.6, -0.7, -0.8}, 6, 256, -0.65, -0.1, PAIRED_SLOWER},
        {"many equal ones", 16, {3, -1, 2, 2, 1, -2, 4, 1, 1, 3, 2, -1, 5, 2, 1, 2}, 438, 65536, 0.6, 2.5,
                PAIRED_FASTER},
        {"no difference at all", 9, {0}, 512, 512, 0, 0, PAIRED_NO_DIFFERENCE},
};

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void known_examples_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
		const struct reference *r = &references[i];
		double sum = 0;
		struct paired p;

		for (size_t k = 0; k < r->n; k++)
			sum += r->x[k];
		paired_of(r->x, r->n, 1, &p);
		assert_true(p.has_interval);
		assert_int_equal(p.blocks, r->n);
		assert_int_equal(p.method, PAIRED_EXACT);
		assert_int_equal(p.verdict, r->verdict);
		assert_true(near(p.p, (double)r->as_far / r->all));
		assert_true(near(log(p.low), r->low));
		assert_true(near(log(p.high), r->high));
		assert_true(near(log(p.ratio), sum / (double)r->n));
	}
}

static void too_few_blocks_give_a_range_and_no_claim(void **state)
{
	static const double x[] = {0.5, 0.4, 0.45, 0.6, 0.55};

	(void)state;
	for (size_t n = 0; n <= 5; n++) {
		struct paired p;

		paired_of(x, n, 1, &p);
		assert_int_equal(p.verdict, PAIRED_TOO_FEW);
		assert_false(p.has_interval);
		assert_int_equal(p.blocks, n);
		assert_true(near(p.least, n ? exp(n == 1 ? 0.5 : 0.4) : 0));
		assert_true(near(p.most, n ? exp(n < 4 ? 0.5 : 0.6) : 0));
	}
}

static void blocks_without_a_ratio_are_left_out(void **state)
{
	static const double candidate[] = {1, 2, 0, 2, -1, 2, 2, 2, 3}, reference[] = {2, 3, 2, 3, 2, 3, 0, 4, 5};
	double x[9];
	struct paired p;

	(void)state;
	paired_from_times(candidate, reference, 9, x);
	paired_of(x, 9, 1, &p);
	assert_int_equal(p.blocks, 6);
	assert_int_equal(p.left_out, 3);
	assert_int_equal(p.verdict, PAIRED_FASTER); /* less time */
	assert_true(near(p.least, 1.5));
	paired_from_rates(candidate, reference, 9, x);
	paired_of(x, 9, 1, &p);
	assert_int_equal(p.verdict, PAIRED_SLOWER); /* less done */
	assert_true(near(p.most, 1 / 1.5));
}

/* The plain way: every sign assignment, its sum. Whole numbers, so that nothing rounds. */
static double flipped(const double *x, size_t n)
{
	double sum = 0;
	unsigned hits = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	for (unsigned signs = 0; signs < 1u << n; signs++) {
		double other = 0;

		for (size_t i = 0; i < n; i++)
			other += signs >> i & 1 ? -x[i] : x[i];
		hits += fabs(other) >= fabs(sum);
	}
	return (double)hits / (1u << n);
}

static void counting_subsets_is_flipping_signs(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3, 0);
	for (int round = 0; round < 500; round++) {
		size_t n = 6 + rng_below(&rng, 6);
		double x[MOST];
		struct paired p;

		for (size_t i = 0; i < n; i++)
			x[i] = (double)rng_below(&rng, 12) - 4;
		paired_of(x, n, 1, &p);
		assert_true(near(p.p, flipped(x, n)));
	}
}

/* A value inside the interval, taken off every block, must not be refused by the test; one outside must. */
static void interval_is_the_test_inverted(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 4, 0);
	for (int round = 0; round < 300; round++) {
		size_t n = 6 + rng_below(&rng, 6);
		double x[MOST], y[MOST], at;
		struct paired p, q;

		for (size_t i = 0; i < n; i++)
			x[i] = noise_normal(&rng) + 0.5;
		paired_of(x, n, 1, &p);
		at = log(p.low) + (log(p.high) - log(p.low)) * (3 * rng_unit(&rng) - 1);
		for (size_t i = 0; i < n; i++)
			y[i] = x[i] - at;
		paired_of(y, n, 1, &q);
		assert_int_equal(q.p > 0.05, log(p.low) <= at && at <= log(p.high));
	}
}

static void agree(const double *x, size_t n)
{
	struct paired p, q;
	double y[MOST];

	paired_of(x, n, 7, &p);
	assert_int_equal(p.p <= 0.05, p.low > 1 || p.high < 1);
	assert_int_equal(p.verdict == PAIRED_FASTER, p.low > 1);
	assert_int_equal(p.verdict == PAIRED_SLOWER, p.high < 1);
	assert_true(p.p > 0 && p.p <= 1);
	assert_true(p.low <= p.ratio * (1 + 1e-12) && p.ratio <= p.high * (1 + 1e-12));
	assert_true(p.least <= p.low * (1 + 1e-12) && p.high <= p.most * (1 + 1e-12));
	/* The other way round it is the other way round, whatever the order: */
	for (size_t i = 0; i < n; i++)
		y[i] = n > PAIRED_EXACT_BLOCKS ? -x[i] : -x[n - 1 - i];
	paired_of(y, n, 7, &q);
	assert_true(q.p == p.p);
	assert_true(near(log(q.low), -log(p.high)));
	assert_true(near(log(q.high), -log(p.low)));
}

static void test_and_interval_never_contradict_one_another(void **state)
{
	struct noise z;

	(void)state;
	for (int shape = 0; shape < NOISE_SHAPES; shape++)
		for (int round = 0; round < 250; round++) {
			size_t n = 6 + (size_t)round % 12;
			double x[MOST], scale = pow(10, round % 6 - 6);

			noise_init(&z, (enum noise_shape)shape, (uint64_t)round);
			for (size_t i = 0; i < n; i++)
				x[i] = scale * noise_block(&z, round % 3, 1);
			/* Ties, as clocks and small numbers make them: */
			for (size_t i = 0; round % 4 == 0 && i < n; i++)
				x[i] = scale * rint(x[i] / scale);
			agree(x, n);
		}
}

/* How many of the 2^n assignments of whole numbers come as far as the observed sum, by adding one block at a time. */
static double p_by_sums(const int *x, size_t n)
{
	static double ways[2][2001];
	int sum = 0;
	double far = 0;

	memset(ways, 0, sizeof ways);
	ways[0][1000] = 1;
	for (size_t i = 0; i < n; i++) {
		sum += x[i];
		memset(ways[1], 0, sizeof ways[1]);
		for (int s = 50; s <= 1950; s++) {
			ways[1][s + x[i]] += ways[0][s] / 2;
			ways[1][s - x[i]] += ways[0][s] / 2;
		}
		memcpy(ways[0], ways[1], sizeof ways[0]);
	}
	for (int s = 0; s <= 2000; s++)
		far += s - 1000 >= abs(sum) || 1000 - s >= abs(sum) ? ways[0][s] : 0;
	return far;
}

static void many_blocks_are_sampled_close_to_the_truth(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 6, 0);
	for (int round = 0; round < 20; round++) {
		size_t n = 17 + rng_below(&rng, 24);
		double x[MOST], truth;
		int whole[MOST];
		struct paired p, again;

		for (size_t i = 0; i < n; i++)
			x[i] = whole[i] = (int)rng_below(&rng, 21) - 7;
		truth = p_by_sums(whole, n);
		paired_of(x, n, 5, &p);
		assert_int_equal(p.method, PAIRED_SAMPLED);
		/* twice one tail of 65,536 draws: five standard deviations */
		assert_float_equal(p.p, truth, 5 * 2 * sqrt(truth / 2 / 65536) + 1.0 / 32768);
		assert_true(p.p >= 2.0 / 65536); /* the observed one is among them */
		paired_of(x, n, 5, &again);
		assert_memory_equal(&p, &again, sizeof p);
	}
}

/* From 16 to 17 blocks the method changes and the answer must not. */
static void sampled_intervals_are_like_exact_ones(void **state)
{
	double x[17], wide[2];
	struct noise z;
	struct paired p;

	(void)state;
	noise_init(&z, NOISE_NORMAL, 8);
	for (size_t i = 0; i < 17; i++)
		x[i] = noise_block(&z, 0, 0);
	for (size_t n = 16; n <= 17; n++) {
		paired_of(x, n, 1, &p);
		wide[n - 16] = log(p.high) - log(p.low);
	}
	assert_true(wide[1] > 0.85 * wide[0] && wide[1] < 1.15 * wide[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(known_examples_come_out),
	        cmocka_unit_test(too_few_blocks_give_a_range_and_no_claim),
	        cmocka_unit_test(blocks_without_a_ratio_are_left_out),
	        cmocka_unit_test(counting_subsets_is_flipping_signs), cmocka_unit_test(interval_is_the_test_inverted),
	        cmocka_unit_test(test_and_interval_never_contradict_one_another),
	        cmocka_unit_test(many_blocks_are_sampled_close_to_the_truth),
	        cmocka_unit_test(sampled_intervals_are_like_exact_ones)};

	return cmocka_run_group_tests_name("paired", tests, NULL, NULL);
}
