/*
 * scaling_band: the band around a fitted curve of speed-ups: what the curve's height at a number of sessions is over
 * all shapes that the fit does not rule out. See scaling_law.h.
 */
#include <math.h>

#include "reports/scaling_private.h"

#define SWEEP 60 /* sigmas looked at */

static double speed_up(double sigma, double kappa, double n)
{
	return n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

static void admit(double sigma, double kappa, const double *sessions, size_t count, double *low, double *high)
{
	for (size_t i = 0; i < count; i++) {
		double y = speed_up(sigma, kappa, sessions[i]);

		low[i] = fmin(low[i], y);
		high[i] = fmax(high[i], y);
	}
}

void scaling_band(const struct scaling_fit *fit, const struct scaling_point *points, size_t n,
        enum scaling_errors errors, const double *sessions, size_t count, double *low, double *high)
{
	struct scaling_squares q;
	double from = fit->sigma.low, to = fit->sigma.high;

	for (size_t i = 0; i < count; i++)
		low[i] = high[i] = speed_up(fit->sigma.value, fit->kappa.value, sessions[i]);
	scaling_squares_init(&q, points, n, fit->law, errors);
	for (int i = 0; i <= SWEEP; i++) {
		struct scaling_shape at = scaling_best_kappa(&q, from + (to - from) * i / SWEEP);
		double ends[2];

		if (at.squares > fit->limit)
			continue;
		scaling_kappa_ends(&q, at, fit->limit, ends);
		admit(at.sigma, ends[0], sessions, count, low, high);
		admit(at.sigma, ends[1], sessions, count, low, high);
	}
	scaling_squares_clear(&q);
}
