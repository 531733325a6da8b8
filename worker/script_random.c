/*
 * script_random: whole numbers between two bounds, in the distributions that pgbench has, from the session's own
 * generator. Only script_function.c calls it.
 */
#include "worker/script_function.h"

#include <math.h>

#define GAUSSIAN_LEAST 2.0
#define ZIPFIAN_LEAST 1.001
#define ZIPFIAN_MOST 1000.0

/* 0 < x <= 1: fit for a logarithm. */
static double above_zero(struct rng *rng)
{
	return 1.0 - rng_unit(rng);
}

/* Where in 0 <= x < 1: a normal distribution cut off at `parameter` standard deviations on both sides. */
static double gaussian(double parameter, struct rng *rng)
{
	double deviation;

	do
		deviation = sqrt(-2.0 * log(above_zero(rng))) * sin(2.0 * M_PI * rng_unit(rng));
	while (deviation < -parameter || deviation >= parameter);
	return (deviation + parameter) / (parameter * 2.0);
}

/* 0 <= x < 1: an exponential distribution cut off at `parameter` times its mean. */
static double exponential(double parameter, struct rng *rng)
{
	double cut = exp(-parameter);
	double x = -log(cut + (1.0 - cut) * above_zero(rng)) / parameter;

	return x < 1.0 ? x : 0x1.fffffffffffffp-1;
}

/* 1 .. n, k with a probability like 1 / k^s, s > 1: rejection after Devroye, Non-Uniform Random Variate Generation,
 * chapter X.6. No tables, so that any n is as quick. */
static int64_t zipfian(int64_t n, double s, struct rng *rng)
{
	double b = pow(2.0, s - 1.0);

	if (n <= 1)
		return 1;
	for (;;) {
		double u = above_zero(rng), v = rng_unit(rng);
		double x = floor(pow(u, -1.0 / (s - 1.0)));
		double t = pow(1.0 + 1.0 / x, s - 1.0);

		if (x <= (double)n && x < 0x1p63 && v * x * (t - 1.0) / (b - 1.0) <= t / b)
			return (int64_t)x;
	}
}

static bool check_parameter(enum expr_function function, double parameter, struct err *err)
{
	if (function == FUNCTION_RANDOM_GAUSSIAN && !(parameter >= GAUSSIAN_LEAST))
		return err_set(
		        err, EXIT_TASKS, "gaussian parameter must be at least %f (not %f)", GAUSSIAN_LEAST, parameter);
	if (function == FUNCTION_RANDOM_EXPONENTIAL && !(parameter > 0.0))
		return err_set(err, EXIT_TASKS, "exponential parameter must be greater than zero (not %f)", parameter);
	if (function == FUNCTION_RANDOM_ZIPFIAN && !(parameter >= ZIPFIAN_LEAST && parameter <= ZIPFIAN_MOST))
		return err_set(err, EXIT_TASKS, "zipfian parameter must be in range [%.3f, %.0f] (not %f)",
		        ZIPFIAN_LEAST, ZIPFIAN_MOST, parameter);
	return true;
}

/* A part of the range; rounding in the product must not leave it. */
static int64_t at(int64_t min, int64_t max, double part)
{
	double offset = (double)(max - min + 1) * part;

	return offset < (double)(max - min) ? min + (int64_t)offset : max;
}

bool script_random(enum expr_function function, int64_t min, int64_t max, double parameter, struct rng *rng,
        int64_t *result, struct err *err)
{
	int64_t width;

	if (max < min)
		return err_set(err, EXIT_TASKS, "empty range given to random");
	if (__builtin_sub_overflow(max, min, &width) || width == INT64_MAX)
		return err_set(err, EXIT_TASKS, "random range is too large");
	if (!check_parameter(function, parameter, err))
		return false;
	switch (function) {
	case FUNCTION_RANDOM_GAUSSIAN:
		*result = at(min, max, gaussian(parameter, rng));
		break;
	case FUNCTION_RANDOM_EXPONENTIAL:
		*result = at(min, max, exponential(parameter, rng));
		break;
	case FUNCTION_RANDOM_ZIPFIAN:
		*result = min - 1 + zipfian(max - min + 1, parameter, rng);
		break;
	default:
		*result = min + (int64_t)rng_below(rng, (uint64_t)width + 1);
		break;
	}
	return true;
}
