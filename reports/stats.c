/*
 * stats: percentiles, medians, order-statistic intervals and times in words. Pure functions that own nothing but
 * scratch copies; any renderer, proof and gate may call them.
 */
#include "reports/stats.h"
#include "reports/sort.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

double stats_mean(const double *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return n ? sum / (double)n : 0;
}

double stats_stddev(const double *x, size_t n)
{
	double mean = stats_mean(x, n), sum = 0;

	if (n < 2)
		return 0;
	for (size_t i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return sqrt(sum / (double)(n - 1));
}

static double *sorted_copy(const double *x, size_t n)
{
	double *copy = mem_alloc(n * sizeof(*copy));

	memcpy(copy, x, n * sizeof(*copy));
	sort_reals(copy, n);
	return copy;
}

double stats_median(const double *x, size_t n)
{
	double *s, median;

	if (n == 0)
		return 0;
	s = sorted_copy(x, n);
	median = n % 2 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
	free(s);
	return median;
}

/* 1-based nearest rank; the small shift keeps 99.9 % of 1000 at rank 999 in spite of binary fractions. */
static size_t nearest_rank(size_t n, double p)
{
	double rank = ceil((double)n * p / 100 - 1e-9);

	if (rank < 1)
		return 1;
	return rank > (double)n ? n : (size_t)rank;
}

double stats_percentile_sorted(const double *x, size_t n, double p)
{
	return n ? x[nearest_rank(n, p) - 1] : 0;
}

double stats_percentile(const double *x, size_t n, double p)
{
	double *s, value;

	if (n == 0)
		return 0;
	s = sorted_copy(x, n);
	value = stats_percentile_sorted(s, n, p);
	free(s);
	return value;
}

bool stats_percentile_shown(size_t n, double p)
{
	return n > 0 && n - nearest_rank(n, p) >= 10;
}

static double binomial_log_pmf(double n, double k, double q)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(q) + (n - k) * log1p(-q);
}

bool stats_percentile_interval(const double *x, size_t n, double p, double *low, double *high)
{
	double q = p / 100, nn = (double)n, spread = 12 * sqrt(nn * q * (1 - q)) + 12;
	double below = 0; /* P(fewer than k of n lie under the percentile) */
	double begin = floor(nn * q - spread);
	size_t l = 0, u = 0;
	double *s;

	if (n == 0 || !(q > 0 && q < 1))
		return false;
	/* The order statistics l and u enclose the percentile unless fewer than l or at least u values lie under it:
	 * each of the two is left at most 2.5 %. Beyond 12 standard deviations the sum has nothing to add. */
	for (double k = begin < 0 ? 0 : begin; k <= nn && k <= nn * q + spread; k++) {
		if (below <= 0.025)
			l = (size_t)k;
		if (u == 0 && 1 - below <= 0.025)
			u = (size_t)k;
		below += exp(binomial_log_pmf(nn, k, q));
	}
	if (l < 1 || u < 1 || u > n)
		return false;
	s = sorted_copy(x, n);
	*low = s[l - 1];
	*high = s[u - 1];
	free(s);
	return true;
}

/* Three significant digits of value (at least 1, below 1000): "3.02", "11.4", "412". */
static int digits_of(double value)
{
	if (value < 9.995)
		return 2;
	return value < 99.95 ? 1 : 0;
}

const char *stats_duration(double us, char out[32])
{
	const char *sign = us < 0 ? "-" : "";
	double t = fabs(us);

	if (!(t >= 0.5))
		snprintf(out, 32, "0");
	else if (t < 999.5)
		snprintf(out, 32, "%s%.0f us", sign, t);
	else if (t < 999.5e3) {
		/* "11 ms" rather than "11.0 ms": below a second people read whole milliseconds */
		bool whole = fabs(t / 1e3 - round(t / 1e3)) < 0.05 && t >= 9.995e3;

		snprintf(out, 32, "%s%.*f ms", sign, whole ? 0 : digits_of(t / 1e3), t / 1e3);
	} else if (t < 600e6)
		snprintf(out, 32, "%s%.*f s", sign, digits_of(t / 1e6), t / 1e6);
	else if (t < 36e8 * 2)
		snprintf(out, 32, "%s%.*f min", sign, digits_of(t / 60e6), t / 60e6);
	else
		snprintf(out, 32, "%s%.*f h", sign, digits_of(t / 36e8), t / 36e8);
	return out;
}
