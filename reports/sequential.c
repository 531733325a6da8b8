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

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/stats.h"
#include "shared/buf.h"

#define ENOUGH 40 /* 1 / (0.05 / 2 sides) */
#define SMALLEST 1e-12 /* no log ratio that was measured differs from 0 by less */

static const struct player {
	double strength, share;
} players[SEQUENTIAL_PLAYERS] = {{INFINITY, 0.16}, {2, 0.24}, {1, 0.24}, {0.5, 0.18}, {0.25, 0.18}};

/* Logarithms; infinite until there is an interval. */
struct bounds {
	double low, high;
};

void sequential_init(struct sequential *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < SEQUENTIAL_PLAYERS; i++)
		s->capital[0][i] = s->capital[1][i] = players[i].share;
}

void sequential_clear(struct sequential *s)
{
	free(s->x);
	free(s->scale);
	free(s->p);
	sequential_init(s);
}

/* What is staked: between -1 and 1, growing with `away`, odd. */
static double stake(double strength, double away, double scale)
{
	if (away == 0)
		return 0;
	if (isinf(strength) || scale == 0)
		return away > 0 ? 1 : -1;
	if (scale < 0) /* unknown */
		return away > 0 ? tanh(strength) : -tanh(strength);
	return tanh(strength * away / scale);
}

/* The highest capital during the first n blocks; stops at what is enough. */
static double highest(const struct sequential *s, size_t n, double log_ratio, int side)
{
	double own[SEQUENTIAL_PLAYERS], most = 1;

	for (size_t p = 0; p < SEQUENTIAL_PLAYERS; p++)
		own[p] = players[p].share;
	for (size_t i = 0; i < n && most < ENOUGH; i++) {
		double capital = 0, away = side * (s->x[i] - log_ratio);

		for (size_t p = 0; p < SEQUENTIAL_PLAYERS; p++)
			capital += own[p] *= 1 + stake(players[p].strength, away, s->scale[i]);
		most = fmax(most, capital);
	}
	return most;
}

double sequential_evidence(const struct sequential *s, double log_ratio, int side)
{
	return highest(s, s->n, log_ratio, side);
}

/* The interval's end on one side (+1: the low one): the last value that was ruled out at any of the first n looks. */
static double end_of(const struct sequential *s, size_t n, int side)
{
	double out, in = s->x[0], step = SMALLEST; /* out is ruled out, in is not */

	if (highest(s, n, -side * INFINITY, side) < ENOUGH)
		return -side * INFINITY;
	/* With no block on the bettor's side the capital never grew. */
	for (size_t i = 1; i < n; i++)
		in = side > 0 ? fmax(in, s->x[i]) : fmin(in, s->x[i]);
	for (out = in - side * step; highest(s, n, out, side) < ENOUGH; out = in - side * step)
		step *= 2;
	/* The claim is about 0: decide that one exactly, rounding must not say otherwise. */
	if (side * out < 0 && side * in > 0)
		*(highest(s, n, 0, side) >= ENOUGH ? &out : &in) = 0;
	for (int i = 0; i < 100 && fabs(in - out) > SMALLEST / 8; i++) {
		double middle = out + (in - out) / 2;

		*(highest(s, n, middle, side) >= ENOUGH ? &out : &in) = middle;
	}
	if (fabs(out) < SMALLEST)
		return highest(s, n, 0, side) >= ENOUGH ? side * SMALLEST : 0;
	return out;
}

/* The interval of the first *n looks. When nothing is left, a look was among the 5 %, or no single ratio holds: the
 * last look that left something counts, then. Looks only ever take away, so halving finds it. */
static struct bounds bounds_of(const struct sequential *s, size_t *n)
{
	struct bounds all = {end_of(s, *n, 1), end_of(s, *n, -1)};
	size_t good = 0, bad = *n;

	if (all.low <= all.high)
		return all;
	while (bad - good > 1) {
		size_t middle = good + (bad - good) / 2;
		struct bounds at = {end_of(s, middle, 1), end_of(s, middle, -1)};

		*(at.low <= at.high ? &good : &bad) = middle;
	}
	*n = good;
	return (struct bounds){end_of(s, good, 1), end_of(s, good, -1)};
}

/* Gini's mean difference as a standard deviation of normal noise: less easily led astray by a wild block. */
static double spread(const struct sequential *s)
{
	double n = (double)s->n, scale;

	if (s->n < 2)
		return -1;
	scale = sqrt(M_PI) * s->apart / (n * (n - 1));
	return scale < SMALLEST ? 0 : scale;
}

void sequential_add(struct sequential *s, double log_ratio)
{
	double x = fabs(log_ratio) < SMALLEST ? 0 : log_ratio, above = 0, below = 0;

	if (!isfinite(log_ratio)) {
		s->left_out++;
		return;
	}
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 32;
		s->x = mem_resize(s->x, s->room, sizeof(*s->x));
		s->scale = mem_resize(s->scale, s->room, sizeof(*s->scale));
		s->p = mem_resize(s->p, s->room, sizeof(*s->p));
	}
	s->scale[s->n] = spread(s);
	for (size_t i = 0; i < SEQUENTIAL_PLAYERS; i++) {
		double b = stake(players[i].strength, x, s->scale[s->n]);

		above += s->capital[0][i] = fmin(s->capital[0][i] * (1 + b), 1e300);
		below += s->capital[1][i] = fmin(s->capital[1][i] * (1 - b), 1e300);
	}
	for (size_t i = 0; i < s->n; i++)
		s->apart += fabs(x - s->x[i]);
	s->p[s->n] = fmin(s->n ? s->p[s->n - 1] : 1, 2 / fmax(above, below));
	s->x[s->n++] = x;
}

void sequential_result(const struct sequential *s, struct paired *out)
{
	size_t looks = s->n;
	struct bounds b;

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
	b = bounds_of(s, &looks);
	out->least = exp(out->least);
	out->most = exp(out->most);
	/* Ends found at earlier looks stay: the mean of a series that wanders off may leave them. */
	out->ratio = exp(fmin(fmax(stats_mean(s->x, s->n), b.low), b.high));
	if (!isfinite(b.low))
		return;
	out->has_interval = true;
	out->low = exp(b.low);
	out->high = exp(b.high);
	out->p = s->p[looks - 1];
	out->verdict = b.low > 0 ? PAIRED_FASTER : b.high < 0 ? PAIRED_SLOWER : PAIRED_NO_DIFFERENCE;
}

bool sequential_narrow(const struct sequential *s, double width)
{
	struct paired now;

	sequential_result(s, &now);
	return now.has_interval && now.high / now.low - 1 <= width;
}
