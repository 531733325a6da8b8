/*
 * scaling_law: fits of Amdahl's law and the universal scalability law with intervals (Amdahl, AFIPS 1967; Gunther,
 * "Guerrilla Capacity Planning", Springer 2007). Pure functions that own nothing but scratch memory; any caller.
 *
 * Intervals are profile likelihood: everything that can be computed from the law takes all values that it has for
 * shapes whose squares are not above the least by more than t^2 variances. That keeps to the bounds of sigma and
 * kappa, and what is not linear in them (the best number of sessions) needs nothing of its own. The variance is that
 * of the points around the curve; where the means lie off the curve by more than the repeats explain (F test), it is
 * the means' own, with their few degrees of freedom: a law that does not quite hold must not look certain. From three
 * blocks on, what the blocks say about one another is heard too (see limit_for): simulated with noise that grows with
 * the number of sessions, plain profile intervals cover 80 to 90 %, these 93 to 99 %.
 */
#include "reports/scaling_law.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/distribution.h"
#include "reports/scaling_private.h"

#define LEVEL 0.05
#define LEAST_BLOCKS 3 /* fewer say nothing about how blocks differ */
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

static double rate_at(double rate1, double sigma, double kappa, double n)
{
	return rate1 * n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

/* What an interval is wanted of, as a function of the shape. */
typedef double quantity(const struct scaling_squares *q, double sigma, double kappa);

static double sigma_of(const struct scaling_squares *q, double sigma, double kappa)
{
	(void)q;
	(void)kappa;
	return sigma;
}

static double kappa_of(const struct scaling_squares *q, double sigma, double kappa)
{
	(void)q;
	(void)sigma;
	return kappa;
}

static double best_of(const struct scaling_squares *q, double sigma, double kappa)
{
	(void)q;
	if (sigma >= 1)
		return 1;
	return kappa > 0 ? fmax(1, sqrt((1 - sigma) / kappa)) : INFINITY;
}

/* Where the slope of log(rate) is half that of log(N): 3 kappa N^2 + (sigma - kappa) N = 1 - sigma. */
static double knee_of(const struct scaling_squares *q, double sigma, double kappa)
{
	double linear = sigma - kappa, root = sqrt(linear * linear + 12 * kappa * (1 - sigma));

	(void)q;
	if (sigma >= 1)
		return 1;
	if (linear > 0 || kappa == 0)
		return fmax(1, 2 * (1 - sigma) / (linear + root));
	return fmax(1, (root - linear) / (6 * kappa));
}

static double ceiling_of(const struct scaling_squares *q, double sigma, double kappa)
{
	double best = best_of(q, sigma, kappa), rate1 = scaling_rate1_at(q, sigma, kappa);

	return isinf(best) ? rate1 / sigma : rate_at(rate1, sigma, kappa, best);
}

struct fitting {
	const struct scaling_squares *q;
	struct scaling_shape best;
	struct scaling_spread spread;
	double variance, dof; /* of a point around the curve */
};

static double quadratic(const double m[2][2], const double v[2])
{
	return v[0] * (m[0][0] * v[0] + m[0][1] * v[1]) + v[1] * (m[1][0] * v[0] + m[1][1] * v[1]);
}

/* How far above the least the squares of a shape may be for this quantity's interval. Where the blocks show that it
 * varies more than points that vary alike would make it, theirs counts, with their few degrees of freedom. */
static double limit_for(const struct fitting *f, quantity *of)
{
	const struct scaling_squares *q = f->q;
	double t = distribution_t_quantile(LEVEL, f->dof), at = of(q, f->best.sigma, f->best.kappa), way[2], by_blocks;
	double limit = t * t * f->variance, step[2] = {f->best.sigma > 0.5 ? -1e-6 : 1e-6, 1e-9};

	if (q->errors == SCALING_ABSOLUTE || q->blocks < LEAST_BLOCKS)
		return f->best.squares + limit;
	for (int i = 0; i < 2; i++) {
		double there = of(q, f->best.sigma + (i == 0 ? step[0] : 0), f->best.kappa + (i == 1 ? step[1] : 0));

		/* of reciprocals where it may be infinite; only the direction matters */
		if (of == sigma_of || of == kappa_of)
			way[i] = (there - at) / step[i];
		else
			way[i] = (1 / there - 1 / at) / step[i];
	}
	if (!(quadratic(f->spread.points, way) > 0))
		return f->best.squares + limit;
	t = distribution_t_quantile(LEVEL, (double)(q->blocks - 1));
	by_blocks = t * t * f->variance * quadratic(f->spread.blocks, way) / quadratic(f->spread.points, way);
	return f->best.squares + fmax(limit, by_blocks);
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

static void widen(struct scaling_estimate *e, double value)
{
	e->low = fmin(e->low, value);
	e->high = fmax(e->high, value);
}

static struct scaling_estimate estimate(const struct fitting *f, quantity *of)
{
	const struct scaling_squares *q = f->q;
	double limit = limit_for(f, of), from, to, value = of(q, f->best.sigma, f->best.kappa);
	struct scaling_estimate e = {value, value, value};

	from = sigma_end(q, f->best.sigma, 0, limit);
	to = sigma_end(q, f->best.sigma, 1, limit);
	for (int i = 0; i <= SWEEP; i++) {
		struct scaling_shape at = scaling_best_kappa(q, from + (to - from) * i / SWEEP);
		double ends[2];

		if (at.squares > limit)
			continue;
		scaling_kappa_ends(q, at, limit, ends);
		widen(&e, of(q, at.sigma, at.kappa));
		widen(&e, of(q, at.sigma, ends[0]));
		widen(&e, of(q, at.sigma, ends[1]));
	}
	return e;
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
static void loosen_level(struct scaling_fit *out, const struct fitting *f)
{
	const struct scaling_squares *q = f->q;
	double level = f->variance / (double)q->points, dof = f->dof;

	if (q->errors == SCALING_ABSOLUTE) {
		double sum = 0;

		for (size_t i = 0; i < q->sizes; i++) {
			double rate = rate_at(out->rate1.value, out->sigma.value, out->kappa.value, q->sessions[i]);

			sum += q->count[i] * rate * rate;
		}
		level = f->variance / sum;
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
	struct fitting f = {.q = q};

	out->points = q->points;
	out->sizes = q->sizes;
	out->blocks = q->blocks;
	if (q->sizes < needed) {
		snprintf(out->reason, sizeof(out->reason), "%zu different number%s of sessions, %u are needed",
		        q->sizes, q->sizes == 1 ? "" : "s", needed);
		return false;
	}
	f.best = scaling_best_shape(q, 0, 1);
	if (f.best.sigma == 0 && f.best.kappa == 0 && above_linear(points, q->points))
		return refuse(out, "the rate grows faster than the number of sessions, which the law cannot describe");
	f.variance = variance_of(q, f.best.squares, &f.dof, &out->misfit);
	if (q->errors == SCALING_RELATIVE)
		scaling_squares_spread(q, f.best, f.variance, &f.spread);
	out->sigma = estimate(&f, sigma_of);
	out->kappa = estimate(&f, kappa_of);
	out->rate1 = estimate(&f, scaling_rate1_at);
	out->best = estimate(&f, best_of);
	out->knee = estimate(&f, knee_of);
	out->ceiling = estimate(&f, ceiling_of);
	out->bent = rate_at(1, f.best.sigma, f.best.kappa, q->sessions[q->sizes - 1]) < q->sessions[q->sizes - 1] / 2;
	/* For whatever else is asked of the shape: the most careful of them. */
	out->limit = fmax(limit_for(&f, sigma_of), fmax(limit_for(&f, kappa_of), limit_for(&f, ceiling_of)));
	loosen_level(out, &f);
	out->residual = sqrt(f.best.squares / ((double)q->points - parameters(q->law) -
	                                              (q->errors == SCALING_ABSOLUTE ? 1 : (double)q->blocks)));
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
