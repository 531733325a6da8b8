/*
 * paired: the exact sign-flip test of the blocks' log ratios and the interval that is the same test inverted. Pure
 * functions that own nothing but scratch memory; any command and renderer may call them.
 *
 * When both arms are the same, the random order inside a block makes each block's log ratio as likely to carry one sign
 * as the other, whatever the noise does over time: all 2^n sign assignments are equally likely (Fisher 1935). Flipping
 * the signs of the blocks A turns the sum S into S - 2 sum(A): as far out as S itself exactly when the mean of A is on
 * the other side of 0. Counting such assignments therefore is counting means of subsets, for any difference asked
 * about and not only for 0, and the interval is read off the sorted means (Hartigan, "Using subsample values as typical
 * values", JASA 64, 1969). Test and interval use the same numbers, so they cannot contradict one another.
 */
#include "reports/paired.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/stats.h"
#include "shared/buf.h"
#include "shared/rng.h"

#define LEVEL 0.05
#define SUBSETS 65535 /* of the 2^16 - 1 of 16 blocks, or drawn */

struct means {
	double *mean; /* of non-empty subsets; the empty one is the observed assignment */
	size_t n;
};

/* Sums that are 0 but for rounding count as 0, for the test and for the interval. Nothing real is under 1e-12. */
static double mean_of(double sum, size_t members, double rounding)
{
	double mean = sum / (double)members;

	return fabs(sum) <= rounding || fabs(mean) < 1e-12 ? 0 : mean;
}

static void all_means(struct means *m, const double *x, size_t n, double rounding)
{
	double *sum = mem_alloc(sizeof(*sum) << n);

	m->n = ((size_t)1 << n) - 1;
	sum[0] = 0;
	for (size_t set = 1; set <= m->n; set++) {
		sum[set] = sum[set & (set - 1)] + x[__builtin_ctzl(set)];
		m->mean[set - 1] = mean_of(sum[set], (size_t)__builtin_popcountl(set), rounding);
	}
	free(sum);
}

static void drawn_means(struct means *m, const double *x, size_t n, uint64_t seed, double rounding)
{
	struct rng rng;

	rng_seed(&rng, seed, 0);
	for (m->n = 0; m->n < SUBSETS;) {
		size_t members = 0;
		uint32_t bits = 0;
		double sum = 0;

		for (size_t i = 0; i < n; i++, bits >>= 1) {
			if (i % 32 == 0)
				bits = rng_u32(&rng);
			members += bits & 1;
			sum += bits & 1 ? x[i] : 0;
		}
		if (members)
			m->mean[m->n++] = mean_of(sum, members, rounding);
	}
}

static void swap(double *a, double *b)
{
	double c = *a;

	*a = *b;
	*b = c;
}

/* Moves the values so that x[rank] is what it would be in order (Hoare's selection). */
static double select_rank(double *x, size_t n, size_t rank)
{
	size_t first = 0, last = n - 1;

	while (first < last) {
		double pivot = x[first + (last - first) / 2];
		size_t i = first, j = last;

		for (;;) {
			while (x[i] < pivot)
				i++;
			while (pivot < x[j])
				j--;
			if (i >= j)
				break;
			swap(&x[i++], &x[j--]);
		}
		/* x[first..i-1] <= pivot <= x[j+1..last]; i == j leaves the pivot in the middle */
		if (i == j && rank == i)
			break;
		if (rank < i)
			last = i - 1;
		else if (rank > j)
			first = j + 1;
		else
			break;
	}
	return x[rank];
}

static void judge(struct means *m, struct paired *out)
{
	size_t total = m->n + 1, k = (size_t)(LEVEL * (double)total / 2);
	size_t at_most = 1, at_least = 1;

	for (size_t i = 0; i < m->n; i++) {
		at_most += m->mean[i] <= 0;
		at_least += m->mean[i] >= 0;
	}
	out->p = fmin(1, 2 * (double)(at_most < at_least ? at_most : at_least) / (double)total);
	out->low = exp(select_rank(m->mean, m->n, k - 1));
	out->high = exp(select_rank(m->mean, m->n, m->n - k));
	out->has_interval = true;
	out->verdict = PAIRED_NO_DIFFERENCE;
	if (out->p <= LEVEL)
		out->verdict = at_most < at_least ? PAIRED_FASTER : PAIRED_SLOWER;
}

void paired_of(const double *log_ratio, size_t n, uint64_t seed, struct paired *out)
{
	double *x = mem_alloc((n + 1) * sizeof(*x)), weight = 0;
	struct means m;
	size_t used = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(log_ratio[i]))
			continue;
		x[used++] = log_ratio[i];
		weight += fabs(log_ratio[i]);
		out->least = used == 1 ? log_ratio[i] : fmin(out->least, log_ratio[i]);
		out->most = used == 1 ? log_ratio[i] : fmax(out->most, log_ratio[i]);
	}
	out->blocks = used;
	out->left_out = n - used;
	out->method = used > PAIRED_EXACT_BLOCKS ? PAIRED_SAMPLED : PAIRED_EXACT;
	if (used) {
		out->ratio = exp(stats_mean(x, used));
		out->least = exp(out->least);
		out->most = exp(out->most);
	}
	if (used >= PAIRED_LEAST_BLOCKS) {
		double rounding = DBL_EPSILON * weight * (double)used;

		m.mean = mem_alloc((used > PAIRED_EXACT_BLOCKS ? SUBSETS : (size_t)1 << used) * sizeof(*m.mean));
		if (used > PAIRED_EXACT_BLOCKS)
			drawn_means(&m, x, used, seed, rounding);
		else
			all_means(&m, x, used, rounding);
		judge(&m, out);
		free(m.mean);
	}
	free(x);
}

static double log_of(double above, double below)
{
	return above > 0 && below > 0 ? log(above) - log(below) : NAN;
}

void paired_from_times(const double *candidate, const double *reference, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = log_of(reference[i], candidate[i]);
}

void paired_from_rates(const double *candidate, const double *reference, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = log_of(candidate[i], reference[i]);
}

const char *paired_verdict_word(enum paired_verdict verdict)
{
	switch (verdict) {
	case PAIRED_FASTER:
		return "faster";
	case PAIRED_SLOWER:
		return "slower";
	case PAIRED_NO_DIFFERENCE:
		return "no difference shown";
	case PAIRED_TOO_FEW:
		break;
	}
	return "too few blocks";
}

const char *paired_method_words(enum paired_method method)
{
	switch (method) {
	case PAIRED_EXACT:
		return "exact sign-flip test of the blocks' log ratios, 95 % interval by inverting it";
	case PAIRED_SAMPLED:
		return "sign-flip test of the blocks' log ratios, 65,536 assignments of the signs, 95 % interval by "
		       "inverting it";
	case PAIRED_ALWAYS_VALID:
		break;
	}
	return "sequential test of the blocks' signs and sizes, 95 % interval that may be looked at after each block";
}
