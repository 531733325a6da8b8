/*
 * sequential: intervals that hold however often they are looked at, by betting on signs. A struct sequential owns its
 * memory; any command may use it.
 *
 * Let t be the true log ratio. The random order inside each block makes x - t of the next block as likely to be +d as
 * -d, given all earlier blocks and given d, whatever the shape of the noise and however it hangs together over time. So
 * a bettor who stakes the part b of the capital on one side, b being any odd growing function of (x - t) chosen from
 * the earlier blocks, plays a fair game: the capital, multiplied by 1 + b each block, is a martingale. By Ville's
 * inequality it reaches 40 with a chance of at most 1 in 40, ever. Values of t at which it does on either side are out:
 * what is left is a 95 % confidence sequence (Howard, Ramdas, McAuliffe, Sekhon, Annals of Statistics 49, 2021; betting
 * under symmetry: Ramdas, Ruf, Larsson, Koolen, "Admissible anytime-valid sequential inference must rely on nonnegative
 * martingales", 2020, section on symmetric distributions; de la Pena, Annals of Probability 27, 1999).
 *
 * b = tanh(strength (x - t) / scale): the likelihood ratio of a normal and its mirror image, so for normal noise the
 * best bet there is against a difference of `strength` standard deviations, and bounded, so one wild block cannot ruin
 * it. Several strengths play side by side with a share of the capital each; the last of them only looks at the sign.
 * The scale is the spread of the earlier blocks, which does not depend on t: so each capital falls as t grows, and
 * what is left is an interval. A t test with a normal mixture (Lai 1976) needs a few blocks less for normal noise and
 * is not valid for any other.
 */
#include "reports/sequential.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/stats.h"
#include "shared/buf.h"

#define ENOUGH 40 /* 1 / (0.05 / 2 sides) */
#define SMALLEST 1e-12 /* no log ratio that was measured differs from 0 by less */

static const struct player {
	double strength, share;
} players[] = {{INFINITY, 0.16}, {2, 0.24}, {1, 0.24}, {0.5, 0.18}, {0.25, 0.18}};

void sequential_init(struct sequential *s)
{
	memset(s, 0, sizeof(*s));
	s->low = -INFINITY;
	s->high = INFINITY;
	s->p = 1;
}

void sequential_clear(struct sequential *s)
{
	free(s->x);
	free(s->scale);
	sequential_init(s);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Gini's mean difference as a standard deviation of normal noise; less easily led astray by a wild block. */
static double spread(const double *x, size_t n)
{
	double *sorted, sum = 0;

	if (n < 2)
		return -1; /* unknown */
	sorted = mem_alloc(n * sizeof(*sorted));
	memcpy(sorted, x, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 0; i < n; i++)
		sum += sorted[i] * (2 * (double)i - (double)(n - 1));
	free(sorted);
	sum *= sqrt(M_PI) / ((double)n * (double)(n - 1));
	return sum < SMALLEST ? 0 : sum;
}

/* What is staked: between -1 and 1, growing with `away`, odd. */
static double stake(double strength, double away, double scale)
{
	if (away == 0)
		return 0;
	if (isinf(strength) || scale == 0)
		return away > 0 ? 1 : -1;
	if (scale < 0)
		return away > 0 ? tanh(strength) : -tanh(strength);
	return tanh(strength * away / scale);
}

double sequential_evidence(const struct sequential *s, double log_ratio, int side)
{
	double capital = 0;

	for (size_t p = 0; p < sizeof players / sizeof players[0]; p++) {
		double own = players[p].share;

		for (size_t i = 0; i < s->n && own > 0; i++)
			own *= 1 + stake(players[p].strength, side * (s->x[i] - log_ratio), s->scale[i]);
		capital += fmin(own, 1e300);
	}
	return capital;
}

/* The end of the interval at this look on one side (+1: the low one): the value at which the capital is just enough.
 * `at` is the end of the looks so far, or infinite. */
static double end_now(const struct sequential *s, double at, int side)
{
	double out, in = side * INFINITY, step = 1; /* out is ruled out, in is not */

	if (sequential_evidence(s, at, side) < ENOUGH)
		return at;
	/* Where no block is on the bettor's side the capital is below 1. */
	for (size_t i = 0; i < s->n; i++)
		in = side > 0 ? (i ? fmax(in, s->x[i]) : s->x[i]) : (i ? fmin(in, s->x[i]) : s->x[i]);
	out = at;
	if (isinf(out))
		for (out = in - side * step; sequential_evidence(s, out, side) < ENOUGH; out -= side * step)
			step *= 2;
	/* The claim is about 0: decide that one exactly. */
	if (side * out < 0 && side * in > 0)
		*(sequential_evidence(s, 0, side) >= ENOUGH ? &out : &in) = 0;
	for (int i = 0; i < 200 && fabs(in - out) > SMALLEST / 8; i++) {
		double middle = out + (in - out) / 2;

		*(sequential_evidence(s, middle, side) >= ENOUGH ? &out : &in) = middle;
	}
	/* 0 itself is ruled out, or it is not: rounding must not say otherwise. */
	if (fabs(out) < SMALLEST)
		return sequential_evidence(s, 0, side) >= ENOUGH ? side * SMALLEST : 0;
	return out;
}

static void look(struct sequential *s)
{
	double most = fmax(sequential_evidence(s, 0, 1), sequential_evidence(s, 0, -1));
	double low = end_now(s, s->low, 1), high = end_now(s, s->high, -1);

	/* Nothing left means that one of the looks was among the 5 %, or that no single ratio holds: stay. */
	if (low > high)
		return;
	s->low = low;
	s->high = high;
	s->p = fmin(s->p, 2 / most);
}

void sequential_add(struct sequential *s, double log_ratio)
{
	if (!isfinite(log_ratio)) {
		s->left_out++;
		return;
	}
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 32;
		s->x = mem_resize(s->x, s->room, sizeof(*s->x));
		s->scale = mem_resize(s->scale, s->room, sizeof(*s->scale));
	}
	s->x[s->n] = fabs(log_ratio) < SMALLEST ? 0 : log_ratio;
	s->scale[s->n] = spread(s->x, s->n);
	s->n++;
	look(s);
}

void sequential_result(const struct sequential *s, struct paired *out)
{
	memset(out, 0, sizeof(*out));
	out->blocks = s->n;
	out->left_out = s->left_out;
	out->method = PAIRED_ALWAYS_VALID;
	if (s->n == 0)
		return;
	out->least = out->most = s->x[0];
	for (size_t i = 1; i < s->n; i++) {
		out->least = fmin(out->least, s->x[i]);
		out->most = fmax(out->most, s->x[i]);
	}
	out->least = exp(out->least);
	out->most = exp(out->most);
	/* Ends found at earlier looks stay: the mean of a series that wanders off may leave them. */
	out->ratio = exp(fmin(fmax(stats_mean(s->x, s->n), s->low), s->high));
	if (!isfinite(s->low) || !isfinite(s->high))
		return;
	out->has_interval = true;
	out->low = exp(s->low);
	out->high = exp(s->high);
	out->p = s->p;
	out->verdict = s->low > 0 ? PAIRED_FASTER : s->high < 0 ? PAIRED_SLOWER : PAIRED_NO_DIFFERENCE;
}

bool sequential_narrow(const struct sequential *s, double width)
{
	return isfinite(s->low) && isfinite(s->high) && expm1(s->high - s->low) <= width;
}
