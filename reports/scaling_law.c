/*
 * scaling_law: fits of Amdahl's law and the universal scalability law with intervals (Amdahl, AFIPS 1967; Gunther,
 * "Guerrilla Capacity Planning", Springer 2007). Pure functions that own nothing but scratch memory; any caller.
 *
 * Intervals are profile likelihood: everything that can be computed from the law takes all values that it has for
 * shapes whose squares are not above the least by more than t^2 variances. That keeps to the bounds of sigma and
 * kappa, and what is not linear in them (the best number of sessions) needs nothing of its own. The variance is that
 * of the points around the curve; where the means lie off the curve by more than the repeats explain (F test), it is
 * the means' own, with their few degrees of freedom: a law that does not quite hold must not look certain.
 */
#include "reports/scaling_law.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/distribution.h"
#include "reports/scaling_private.h"

#define LEVEL 0.05
#define SWEEP 100 /* sigmas looked at between the ends of its interval */

static unsigned parameters(enum scaling_law law)
{
	return law == SCALING_AMDAHL ? 1 : 2;
}

static bool refuse(struct scaling_fit *out, const char *reason)
{
	snprintf(out->reason, sizeof(out->reason), "%s", reason);
	return false;
}

static bool check_points(const struct scaling_point *points, size_t n, struct scaling_fit *out)
{
	bool differ = false;

	if (n == 0)
		return refuse(out, "there are no runs");
	for (size_t i = 0; i < n; i++) {
		if (!(points[i].rate > 0) || !isfinite(points[i].rate))
			return refuse(out, "the rate of a run is not a number above 0");
		if (points[i].sessions == 0)
			return refuse(out, "a run has no sessions");
		differ = differ || points[i].rate != points[0].rate;
	}
	return differ || refuse(out, "all rates are exactly the same");
}

static double best_of(double sigma, double kappa)
{
	if (sigma >= 1)
		return 1;
	return kappa > 0 ? fmax(1, sqrt((1 - sigma) / kappa)) : INFINITY;
}

/* Where the slope of log(rate) is half that of log(N): 3 kappa N^2 + (sigma - kappa) N = 1 - sigma. */
static double knee_of(double sigma, double kappa)
{
	double linear = sigma - kappa, root = sqrt(linear * linear + 12 * kappa * (1 - sigma));

	if (sigma >= 1)
		return 1;
	if (linear > 0 || kappa == 0)
		return fmax(1, 2 * (1 - sigma) / (linear + root));
	return fmax(1, (root - linear) / (6 * kappa));
}

static double rate_at(double rate1, double sigma, double kappa, double n)
{
	return rate1 * n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

static double ceiling_of(double rate1, double sigma, double kappa)
{
	double best = best_of(sigma, kappa);

	return isinf(best) ? rate1 / sigma : rate_at(rate1, sigma, kappa, best);
}

static void widen(struct scaling_estimate *e, double value)
{
	e->low = fmin(e->low, value);
	e->high = fmax(e->high, value);
}

/* Takes in one shape that is not ruled out. */
static void admit(struct scaling_fit *out, const struct scaling_squares *q, double sigma, double kappa)
{
	double rate1 = scaling_rate1_at(q, sigma, kappa);

	widen(&out->sigma, sigma);
	widen(&out->kappa, kappa);
	widen(&out->rate1, rate1);
	widen(&out->best, best_of(sigma, kappa));
	widen(&out->knee, knee_of(sigma, kappa));
	widen(&out->ceiling, ceiling_of(rate1, sigma, kappa));
}

static double sigma_end(const struct scaling_squares *q, double in, double out, double limit)
{
	if (scaling_best_kappa(q, out).squares <= limit)
		return out;
	for (int i = 0; i < 40; i++) {
		double middle = (in + out) / 2;

		*(scaling_best_kappa(q, middle).squares <= limit ? &in : &out) = middle;
	}
	return in;
}

static void sweep(struct scaling_fit *out, const struct scaling_squares *q, struct scaling_shape best, double limit)
{
	double from = sigma_end(q, best.sigma, 0, limit), to = sigma_end(q, best.sigma, 1, limit);

	for (int i = 0; i <= SWEEP; i++) {
		struct scaling_shape at = scaling_best_kappa(q, from + (to - from) * i / SWEEP);
		double ends[2];

		if (at.squares > limit)
			continue;
		scaling_kappa_ends(q, at, limit, ends);
		admit(out, q, at.sigma, at.kappa);
		admit(out, q, at.sigma, ends[0]);
		admit(out, q, at.sigma, ends[1]);
	}
}

/* Adds an uncertainty of its own (of the logarithm) to an interval's. */
static void loosen(struct scaling_estimate *e, double spread)
{
	if (!isfinite(e->value))
		return;
	e->low = e->value * exp(-hypot(log(e->value / e->low), spread));
	e->high = isinf(e->high) ? INFINITY : e->value * exp(hypot(log(e->high / e->value), spread));
}

/* The curve's height is known no better than the blocks agree on it. */
static void loosen_level(struct scaling_fit *out, const struct scaling_squares *q, double variance, double dof)
{
	double level = variance / (double)q->points;

	if (q->errors == SCALING_ABSOLUTE) {
		double sum = 0;

		for (size_t i = 0; i < q->sizes; i++) {
			double rate = rate_at(out->rate1.value, out->sigma.value, out->kappa.value, q->sessions[i]);

			sum += q->count[i] * rate * rate;
		}
		level = variance / sum;
	} else if (q->blocks >= 2) {
		level = q->level_variance;
		dof = (double)(q->blocks - 1);
	}
	loosen(&out->rate1, distribution_t_quantile(LEVEL, dof) * sqrt(level));
	loosen(&out->ceiling, distribution_t_quantile(LEVEL, dof) * sqrt(level));
}

/* The variance of a point around the curve and its degrees of freedom. */
static double variance_of(const struct scaling_squares *q, double squares, double *dof, bool *misfit)
{
	double level = q->errors == SCALING_ABSOLUTE ? 1 : (double)q->blocks, pure_dof;
	double pure = scaling_squares_pure(q, &pure_dof), off = fmax(0, squares - pure);
	double off_dof = (double)(q->sizes - 1 - parameters(q->law));

	*dof = (double)q->points - level - parameters(q->law);
	*misfit = false;
	if (pure_dof < 1 || off_dof < 1)
		return squares / *dof;
	if (off > 0 && distribution_f_tail(off / off_dof / (pure / pure_dof), off_dof, pure_dof) < LEVEL) {
		*misfit = true;
		*dof = off_dof;
		return off / off_dof;
	}
	return squares / *dof;
}

/* Faster than linear, which no law here describes: rate / sessions grows with sessions. Linear is a common and good
 * result: only clear evidence takes it away. */
static bool above_linear(const struct scaling_point *points, size_t n)
{
	struct scaling_squares q;
	double power, variance, dof;

	scaling_squares_init(&q, points, n, SCALING_AMDAHL, SCALING_RELATIVE);
	dof = (double)(q.points - q.blocks) - 1;
	variance = scaling_squares_power(&q, &power) / dof;
	scaling_squares_clear(&q);
	return power > fmax(1e-6, distribution_t_quantile(0.002, dof) * sqrt(variance));
}

static bool fit_squares(const struct scaling_squares *q, const struct scaling_point *points, struct scaling_fit *out)
{
	unsigned needed = parameters(q->law) + 2;
	struct scaling_shape best;
	double variance, dof, t, rate1;

	out->points = q->points;
	out->sizes = q->sizes;
	out->blocks = q->blocks;
	if (q->sizes < needed) {
		snprintf(out->reason, sizeof(out->reason), "%zu different number%s of sessions, %u are needed",
		        q->sizes, q->sizes == 1 ? "" : "s", needed);
		return false;
	}
	best = scaling_best_shape(q, 0, 1);
	if (best.sigma == 0 && best.kappa == 0 && above_linear(points, q->points))
		return refuse(out, "the rate grows faster than the number of sessions, which the law cannot describe");
	variance = variance_of(q, best.squares, &dof, &out->misfit);
	rate1 = scaling_rate1_at(q, best.sigma, best.kappa);
	out->sigma = (struct scaling_estimate){best.sigma, best.sigma, best.sigma};
	out->kappa = (struct scaling_estimate){best.kappa, best.kappa, best.kappa};
	out->rate1 = (struct scaling_estimate){rate1, rate1, rate1};
	out->best.value = out->best.low = out->best.high = best_of(best.sigma, best.kappa);
	out->knee.value = out->knee.low = out->knee.high = knee_of(best.sigma, best.kappa);
	out->ceiling.value = out->ceiling.low = out->ceiling.high = ceiling_of(rate1, best.sigma, best.kappa);
	out->residual = sqrt(best.squares / ((double)q->points - parameters(q->law) -
	                                            (q->errors == SCALING_ABSOLUTE ? 1 : (double)q->blocks)));
	t = distribution_t_quantile(LEVEL, dof);
	out->limit = best.squares + t * t * variance;
	sweep(out, q, best, out->limit);
	loosen_level(out, q, variance, dof);
	return true;
}

bool scaling_fit(const struct scaling_point *points, size_t n, enum scaling_law law, enum scaling_errors errors,
        struct scaling_fit *out)
{
	struct scaling_squares q;

	memset(out, 0, sizeof(*out));
	out->law = law;
	if (!check_points(points, n, out))
		return false;
	scaling_squares_init(&q, points, n, law, errors);
	out->fitted = fit_squares(&q, points, out);
	scaling_squares_clear(&q);
	return out->fitted;
}

double scaling_rate(const struct scaling_fit *fit, double sessions)
{
	return rate_at(fit->rate1.value, fit->sigma.value, fit->kappa.value, sessions);
}
