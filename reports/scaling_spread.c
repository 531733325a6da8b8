/*
 * scaling_spread: how far the parameters of a scaling law vary, near their best values. Nothing is owned; only
 * reports/scaling_law.c uses it.
 *
 * Two views of the same thing. From the points: all vary alike. From the blocks: each block pulls the parameters its
 * own way, and how differently they pull is what there is to know (White 1980; Liang and Zeger 1986): it holds when
 * many sessions vary more than few, or a block's runs vary together, and costs degrees of freedom.
 */
#include <math.h>
#include <string.h>

#include "reports/scaling_private.h"

/* Derivatives of log(1 + sigma (N - 1) + kappa N (N - 1)). */
static void slopes(double n, struct scaling_shape shape, double out[2])
{
	double divisor = 1 + shape.sigma * (n - 1) + shape.kappa * n * (n - 1);

	out[0] = (n - 1) / divisor;
	out[1] = n * (n - 1) / divisor;
}

static void invert(const double m[2][2], enum scaling_law law, double out[2][2])
{
	double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];

	memset(out, 0, 4 * sizeof(double));
	if (law == SCALING_AMDAHL) {
		out[0][0] = 1 / m[0][0];
		return;
	}
	out[0][0] = m[1][1] / determinant;
	out[1][1] = m[0][0] / determinant;
	out[0][1] = out[1][0] = -m[0][1] / determinant;
}

/* What one block's runs say about which way to move the parameters. */
static void pull(const struct scaling_squares *q, struct scaling_shape shape, size_t block, double out[2])
{
	const double *in = q->block_count + block * q->sizes, *off = q->block_off + block * q->sizes;
	double members = 0, level = 0;

	for (size_t i = 0; i < q->sizes; i++) {
		double n = q->sessions[i];
		double divisor = 1 + shape.sigma * (n - 1) + shape.kappa * n * (n - 1);

		q->scratch[i] = in[i] * (q->mean[i] + log(divisor)) + off[i];
		level += q->scratch[i];
		members += in[i];
	}
	out[0] = out[1] = 0;
	for (size_t i = 0; i < q->sizes; i++) {
		double way[2];

		slopes(q->sessions[i], shape, way);
		for (int k = 0; k < 2; k++)
			out[k] += way[k] * (q->scratch[i] - in[i] * level / members);
	}
}

static void around(const double inverse[2][2], const double middle[2][2], double factor, double out[2][2])
{
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++) {
			out[i][k] = 0;
			for (int a = 0; a < 2; a++)
				for (int b = 0; b < 2; b++)
					out[i][k] += factor * inverse[i][a] * middle[a][b] * inverse[b][k];
		}
}

void scaling_squares_spread(
        const struct scaling_squares *q, struct scaling_shape shape, double variance, struct scaling_spread *out)
{
	double curve[2][2] = {{0}}, inverse[2][2], pulls[2][2] = {{0}}, blocks = (double)q->blocks;

	for (size_t i = 0; i < q->sizes; i++)
		for (size_t k = 0; k < q->sizes; k++) {
			double a[2], b[2];

			slopes(q->sessions[i], shape, a);
			slopes(q->sessions[k], shape, b);
			for (int u = 0; u < 4; u++)
				curve[u / 2][u % 2] += a[u / 2] * q->cross[i * q->sizes + k] * b[u % 2];
		}
	invert(curve, q->law, inverse);
	for (size_t block = 0; block < q->blocks; block++) {
		double way[2];

		pull(q, shape, block, way);
		for (int u = 0; u < 4; u++)
			pulls[u / 2][u % 2] += way[u / 2] * way[u % 2];
	}
	for (int u = 0; u < 4; u++)
		out->points[u / 2][u % 2] = variance * inverse[u / 2][u % 2];
	around(inverse, pulls, q->blocks > 1 ? blocks / (blocks - 1) : 1, out->blocks);
}
