/*
 * scaling_minimum: the shape of a scaling law with the least squares, and how far it may move. Nothing is owned; only
 * reports/scaling_law.c uses it.
 *
 * Two parameters with bounds and a function that costs a fraction of a microsecond: a grid finds the right valley, and
 * golden sections inside golden sections its bottom. Slower than Newton's steps and never lost.
 */
#include <math.h>

#include "reports/scaling_private.h"

#define MOST_KAPPA 10 /* two sessions have under a tenth of one's rate: nobody goes on from there */
#define GRID 24
#define GOLDEN 0.6180339887498949

/* kappa lies between 1e-7 and 1 in practice: even steps of its fourth root reach all of that. */
static double kappa_at(double step)
{
	return MOST_KAPPA * step * step * step * step;
}

struct valley {
	const struct scaling_squares *q;
	double sigma; /* of a search for kappa */
};

static double height_at_step(const struct valley *v, double step)
{
	return scaling_squares_at(v->q, v->sigma, kappa_at(step));
}

static double height_at_sigma(const struct valley *v, double sigma)
{
	return scaling_best_kappa(v->q, sigma).squares;
}

/* The lowest place: of a grid first, then between that point's neighbours. */
static double lowest(const struct valley *v, double (*height)(const struct valley *, double), double from, double to)
{
	double best = from, least = INFINITY, width = (to - from) / GRID, a, b, x, y, hx, hy;

	for (int i = 0; i <= GRID; i++) {
		double h = height(v, from + i * width);

		if (h < least) {
			least = h;
			best = from + i * width;
		}
	}
	a = fmax(from, best - width);
	b = fmin(to, best + width);
	x = b - GOLDEN * (b - a);
	y = a + GOLDEN * (b - a);
	hx = height(v, x);
	hy = height(v, y);
	for (int i = 0; i < 50 && b - a > 1e-12 * (fabs(a) + fabs(b)); i++) {
		if (hx <= hy) {
			b = y;
			y = x;
			hy = hx;
			x = b - GOLDEN * (b - a);
			hx = height(v, x);
		} else {
			a = x;
			x = y;
			hx = hy;
			y = a + GOLDEN * (b - a);
			hy = height(v, y);
		}
	}
	/* The bounds themselves are where laws end up that need no kappa, or no sigma. */
	x = (a + b) / 2;
	hx = height(v, x);
	if (height(v, from) <= hx)
		return from;
	return height(v, to) <= hx ? to : x;
}

struct scaling_shape scaling_best_kappa(const struct scaling_squares *q, double sigma)
{
	struct valley v = {.q = q, .sigma = sigma};
	double kappa = q->law == SCALING_AMDAHL ? 0 : kappa_at(lowest(&v, height_at_step, 0, 1));

	return (struct scaling_shape){sigma, kappa, scaling_squares_at(q, sigma, kappa)};
}

struct scaling_shape scaling_best_shape(const struct scaling_squares *q, double least, double most)
{
	struct valley v = {.q = q};

	return scaling_best_kappa(q, lowest(&v, height_at_sigma, least, most));
}

void scaling_kappa_ends(const struct scaling_squares *q, struct scaling_shape shape, double limit, double ends[2])
{
	struct valley v = {.q = q, .sigma = shape.sigma};

	for (int side = 0; side < 2; side++) {
		double in = pow(shape.kappa / MOST_KAPPA, 0.25), out = side;

		ends[side] = shape.kappa;
		if (q->law == SCALING_AMDAHL)
			continue;
		if (height_at_step(&v, out) <= limit)
			in = out;
		for (int i = 0; i < 50; i++) {
			double middle = (in + out) / 2;

			*(height_at_step(&v, middle) <= limit ? &in : &out) = middle;
		}
		ends[side] = kappa_at(in);
	}
}
