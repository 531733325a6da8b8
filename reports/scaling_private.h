/*
 * scaling_private: the least squares under reports/scaling_law.h. Only reports/scaling_*.c may include it.
 */
#ifndef REPORTS_SCALING_PRIVATE_H
#define REPORTS_SCALING_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/scaling_law.h"

/* The squares as a function of the law's shape alone: the level (rate1, or one for each block) is always the best one.
 * Sums by number of sessions are enough for that, so that one evaluation costs one logarithm for each number. */
struct scaling_squares {
	enum scaling_law law;
	enum scaling_errors errors;
	size_t points, sizes, blocks;
	double *sessions; /* [sizes], growing */
	double *count; /* [sizes] runs with that many */
	double *mean; /* [sizes] of log(rate / sessions); SCALING_ABSOLUTE: of the rate */
	double *cross; /* [sizes * sizes] SCALING_RELATIVE: the squares are w'cross w + 2 slope'w + rest, */
	double *slope; /* [sizes] with w = mean + log(1 + sigma (N - 1) + kappa N (N - 1)) */
	double *block_count,
	        *block_off; /* [blocks * sizes] SCALING_RELATIVE: runs, and the sum of what they are off mean */
	double *scratch; /* [sizes] */
	double rest; /* SCALING_ABSOLUTE: squares around the means */
	double level_variance; /* of log(rate1) given the shape, from differences between blocks; 0 when unknown */
};

struct scaling_shape {
	double sigma, kappa, squares;
};

/* scaling_squares_init owns its arrays until _clear; the points were checked. */
void scaling_squares_init(struct scaling_squares *q, const struct scaling_point *points, size_t n, enum scaling_law law,
        enum scaling_errors errors);
void scaling_squares_clear(struct scaling_squares *q);

double scaling_squares_at(const struct scaling_squares *q, double sigma, double kappa);
/* What no curve through all the means could take away, and its degrees of freedom (0: no repeats). */
double scaling_squares_pure(const struct scaling_squares *q, double *dof);
/* SCALING_RELATIVE: how rate / sessions grows, as a power of sessions; returns the squares around that, in units that
 * make the power's variance of them when divided by their degrees of freedom. */
double scaling_squares_power(const struct scaling_squares *q, double *power);
double scaling_rate1_at(const struct scaling_squares *q, double sigma, double kappa);

/* How far sigma and kappa vary (times t: their intervals, were the squares a parabola). */
struct scaling_spread {
	double points[2][2]; /* for points that all vary alike and on their own, by this variance of one */
	double blocks[2][2]; /* as the blocks show it, whatever varies how; valid from two blocks */
};
void scaling_squares_spread(
        const struct scaling_squares *q, struct scaling_shape shape, double variance, struct scaling_spread *out);

/* Best kappa for this sigma; best shape with least <= sigma <= most. */
struct scaling_shape scaling_best_kappa(const struct scaling_squares *q, double sigma);
struct scaling_shape scaling_best_shape(const struct scaling_squares *q, double least, double most);
/* The two values of kappa around shape's at which the squares (at shape's sigma) reach the limit. */
void scaling_kappa_ends(const struct scaling_squares *q, struct scaling_shape shape, double limit, double ends[2]);

#endif
