/* stats: percentiles, their intervals and times in words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reports/stats.h"
#include "shared/rng.h"

static void test_moments(void **state)
{
	static const double x[] = {2, 4, 4, 4, 5, 5, 7, 9};

	(void)state;
	assert_float_equal(stats_mean(x, 8), 5, 1e-9);
	assert_float_equal(stats_stddev(x, 8), 2.13809, 1e-5);
	assert_float_equal(stats_stddev(x, 1), 0, 0);
	assert_float_equal(stats_mean(x, 0), 0, 0);
	assert_float_equal(stats_median(x, 8), 4.5, 1e-9);
	assert_float_equal(stats_median(x, 7), 4, 1e-9);
	assert_float_equal(stats_median(x, 0), 0, 0);
}

static void test_percentiles(void **state)
{
	static const struct {
		size_t n;
		double p, value;
		bool shown;
	} cases[] = {{1, 50, 1, false}, {10, 50, 5, false}, {100, 99, 99, false}, {100, 90, 90, true},
	        {20, 50, 10, true}, {1000, 99, 990, true}, {1000, 99.9, 999, false}, {10000, 99.9, 9990, true},
	        {40, 99, 40, false}, {0, 50, 0, false}};
	double x[10000];

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		x[i] = (double)(i + 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_float_equal(stats_percentile(x, cases[i].n, cases[i].p), cases[i].value, 1e-9);
		assert_int_equal(stats_percentile_shown(cases[i].n, cases[i].p), cases[i].shown);
	}
}

/* Ranks from tables of the binomial distribution. */
static void test_intervals(void **state)
{
	static const struct {
		size_t n;
		double p;
		bool possible;
		double low, high;
	} cases[] = {{5, 50, false, 0, 0}, {6, 50, true, 1, 6}, {10, 50, true, 2, 9}, {20, 50, true, 6, 15},
	        {100, 50, true, 40, 61}, {100, 99, false, 0, 0}, {1000000, 50, true, 499020, 500981}};
	double *x = test_malloc(1000000 * sizeof *x);

	(void)state;
	for (size_t i = 0; i < 1000000; i++)
		x[i] = (double)(i + 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		double low = 0, high = 0;

		assert_int_equal(stats_percentile_interval(x, cases[i].n, cases[i].p, &low, &high), cases[i].possible);
		if (!cases[i].possible)
			continue;
		assert_float_equal(low, cases[i].low, cases[i].n > 1000 ? 1 : 1e-9);
		assert_float_equal(high, cases[i].high, cases[i].n > 1000 ? 1 : 1e-9);
	}
	test_free(x);
}

/* P(fewer than k of n lie under a percentile), by adding one value at a time. */
static double fewer_than(size_t n, double q, size_t k)
{
	double ways[101] = {1}, sum = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 2; j-- > 0;)
			ways[j] = ways[j] * (1 - q) + (j ? ways[j - 1] * q : 0);
	for (size_t j = 0; j < k; j++)
		sum += ways[j];
	return sum;
}

/* The ranks leave at most one in forty on each side, and the next ranks further in would leave more. */
static void test_ranks_are_exact(void **state)
{
	static const double percentiles[] = {10, 25, 50, 90, 95, 99};
	double x[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		x[i] = (double)(i + 1);
	for (size_t k = 0; k < sizeof percentiles / sizeof percentiles[0]; k++)
		for (size_t n = 1; n <= 100; n += n < 20 ? 1 : 7) {
			double q = percentiles[k] / 100, low = 0, high = 0;
			size_t l = 0, u = n + 1;

			while (fewer_than(n, q, l + 1) <= 0.025)
				l++;
			while (u > 1 && 1 - fewer_than(n, q, u - 1) <= 0.025)
				u--;
			assert_int_equal(
			        stats_percentile_interval(x, n, percentiles[k], &low, &high), l >= 1 && u <= n);
			if (l >= 1 && u <= n)
				assert_true(low == (double)l && high == (double)u);
		}
}

/* The interval holds the true median in at least 95 % of samples. */
static void test_interval_covers(void **state)
{
	struct rng rng;
	int held = 0;

	(void)state;
	rng_seed(&rng, 11, 0);
	for (int round = 0; round < 2000; round++) {
		double x[25], low, high;

		for (int i = 0; i < 25; i++)
			x[i] = rng_unit(&rng);
		assert_true(stats_percentile_interval(x, 25, 50, &low, &high));
		held += low <= 0.5 && 0.5 <= high;
	}
	assert_true(held >= 1870); /* 93.5 %: three standard deviations under 95 */
}

static void test_durations(void **state)
{
	static const struct {
		double us;
		const char *text;
	} cases[] = {{0, "0"}, {0.4, "0"}, {1, "1 us"}, {412, "412 us"}, {999.4, "999 us"}, {999.6, "1.00 ms"},
	        {1234, "1.23 ms"}, {9996, "10 ms"}, {11000, "11 ms"}, {11400, "11.4 ms"}, {412000, "412 ms"},
	        {999600, "1.00 s"}, {3.004e6, "3.00 s"}, {3.02e6, "3.02 s"}, {12.34e6, "12.3 s"}, {123.4e6, "123 s"},
	        {1200e6, "20.0 min"}, {36e9, "10.0 h"}, {-2500, "-2.50 ms"}};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(stats_duration(cases[i].us, out), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_moments), cmocka_unit_test(test_percentiles),
	        cmocka_unit_test(test_intervals), cmocka_unit_test(test_ranks_are_exact),
	        cmocka_unit_test(test_interval_covers), cmocka_unit_test(test_durations)};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
