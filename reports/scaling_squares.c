/*
 * scaling_squares: sums of squares of a scaling law and their minimum. A struct scaling_squares owns its arrays; only
 * reports/scaling_law.c uses it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/scaling_private.h"
#include "shared/buf.h"

static int by_sessions(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static size_t size_of(const struct scaling_squares *q, uint32_t sessions)
{
	size_t i = 0;

	while (q->sessions[i] < sessions)
		i++;
	return i;
}

/* Numbers each point's block 0, 1, ...; one block when they do not tie all numbers of sessions together. */
static void number_blocks(struct scaling_squares *q, const struct scaling_point *points, size_t n, size_t *block)
{
	size_t *tied = mem_alloc(q->sizes * sizeof(*tied)), groups = q->sizes;

	for (size_t i = 0; i < q->sizes; i++)
		tied[i] = i;
	for (size_t i = 0; i < n; i++) {
		size_t first = 0;

		while (points[first].block != points[i].block)
			first++;
		block[i] = first == i ? q->blocks++ : block[first];
		size_t a = tied[size_of(q, points[first].sessions)], b = tied[size_of(q, points[i].sessions)];

		if (a != b)
			groups--;
		for (size_t k = 0; a != b && k < q->sizes; k++)
			tied[k] = tied[k] == b ? a : tied[k];
	}
	if (groups > 1 || q->errors == SCALING_ABSOLUTE) {
		memset(block, 0, n * sizeof(*block));
		q->blocks = 1;
	}
	free(tied);
}

static double value_of(const struct scaling_squares *q, const struct scaling_point *p)
{
	return q->errors == SCALING_ABSOLUTE ? p->rate : log(p->rate) - log(p->sessions);
}

/* One block's part of the squares around its own level. */
static void add_block(
        struct scaling_squares *q, const struct scaling_point *points, size_t n, const size_t *block, size_t which)
{
	double *in = q->block_count + which * q->sizes, members = 0, sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		size_t size = size_of(q, points[i].sessions);
		double off = value_of(q, &points[i]) - q->mean[size];

		if (block[i] != which)
			continue;
		in[size]++;
		members++;
		sum += off;
		squares += off * off;
		q->slope[size] += off;
		q->block_off[which * q->sizes + size] += off;
	}
	q->rest += squares - sum * sum / members;
	for (size_t i = 0; i < q->sizes; i++) {
		q->slope[i] -= in[i] * sum / members;
		q->cross[i * q->sizes + i] += in[i];
		for (size_t k = 0; k < q->sizes; k++)
			q->cross[i * q->sizes + k] -= in[i] * in[k] / members;
	}
}

/* How far apart the blocks' levels lie, as the variance of their mean. The shape does not matter much: the means by
 * number of sessions stand for it. */
static double level_variance(
        const struct scaling_squares *q, const struct scaling_point *points, size_t n, const size_t *block)
{
	double sum = 0, squares = 0, blocks = (double)q->blocks;

	if (q->blocks < 2)
		return 0;
	for (size_t b = 0; b < q->blocks; b++) {
		double members = 0, level = 0;

		for (size_t i = 0; i < n; i++)
			if (block[i] == b) {
				members++;
				level += value_of(q, &points[i]) - q->mean[size_of(q, points[i].sessions)];
			}
		level /= members;
		sum += level;
		squares += level * level;
	}
	return fmax(0, squares - sum * sum / blocks) / (blocks - 1) / blocks;
}

void scaling_squares_init(struct scaling_squares *q, const struct scaling_point *points, size_t n, enum scaling_law law,
        enum scaling_errors errors)
{
	size_t *block = mem_alloc(n * sizeof(*block));

	memset(q, 0, sizeof(*q));
	q->law = law;
	q->errors = errors;
	q->points = n;
	q->sessions = mem_alloc(n * sizeof(*q->sessions));
	for (size_t i = 0; i < n; i++)
		q->sessions[i] = points[i].sessions;
	qsort(q->sessions, n, sizeof(*q->sessions), by_sessions);
	for (size_t i = 0; i < n; i++)
		if (q->sizes == 0 || q->sessions[i] > q->sessions[q->sizes - 1])
			q->sessions[q->sizes++] = q->sessions[i];
	q->count = mem_zero(q->sizes, sizeof(*q->count));
	q->mean = mem_zero(q->sizes, sizeof(*q->mean));
	q->slope = mem_zero(q->sizes, sizeof(*q->slope));
	q->scratch = mem_zero(q->sizes, sizeof(*q->scratch));
	q->cross = mem_zero(q->sizes * q->sizes, sizeof(*q->cross));
	for (size_t i = 0; i < n; i++) {
		size_t size = size_of(q, points[i].sessions);

		q->count[size]++;
		q->mean[size] += (value_of(q, &points[i]) - q->mean[size]) / q->count[size];
	}
	number_blocks(q, points, n, block);
	q->block_count = mem_zero(q->blocks * q->sizes, sizeof(*q->block_count));
	q->block_off = mem_zero(q->blocks * q->sizes, sizeof(*q->block_off));
	for (size_t b = 0; errors == SCALING_RELATIVE && b < q->blocks; b++)
		add_block(q, points, n, block, b);
	for (size_t i = 0; errors == SCALING_ABSOLUTE && i < n; i++) {
		double off = points[i].rate - q->mean[size_of(q, points[i].sessions)];

		q->rest += off * off;
	}
	if (errors == SCALING_RELATIVE)
		q->level_variance = level_variance(q, points, n, block);
	free(block);
}

void scaling_squares_clear(struct scaling_squares *q)
{
	free(q->sessions);
	free(q->count);
	free(q->mean);
	free(q->cross);
	free(q->slope);
	free(q->scratch);
	free(q->block_count);
	free(q->block_off);
	memset(q, 0, sizeof(*q));
}

static double divisor(double sessions, double sigma, double kappa)
{
	return 1 + sigma * (sessions - 1) + kappa * sessions * (sessions - 1);
}

double scaling_rate1_at(const struct scaling_squares *q, double sigma, double kappa)
{
	double sum = 0, weight = 0;

	for (size_t i = 0; i < q->sizes; i++) {
		double d = divisor(q->sessions[i], sigma, kappa), part = q->sessions[i] / d;

		if (q->errors == SCALING_ABSOLUTE) {
			sum += q->count[i] * q->mean[i] * part;
			weight += q->count[i] * part * part;
		} else {
			sum += q->count[i] * (q->mean[i] + log(d));
			weight += q->count[i];
		}
	}
	return q->errors == SCALING_ABSOLUTE ? sum / weight : exp(sum / weight);
}

double scaling_squares_at(const struct scaling_squares *q, double sigma, double kappa)
{
	double squares = q->rest, *w = q->scratch;

	if (q->errors == SCALING_ABSOLUTE) {
		double rate1 = scaling_rate1_at(q, sigma, kappa);

		for (size_t i = 0; i < q->sizes; i++) {
			double off = q->mean[i] - rate1 * q->sessions[i] / divisor(q->sessions[i], sigma, kappa);

			squares += q->count[i] * off * off;
		}
		return squares;
	}
	for (size_t i = 0; i < q->sizes; i++)
		w[i] = q->mean[i] + log(divisor(q->sessions[i], sigma, kappa));
	for (size_t i = 0; i < q->sizes; i++) {
		double row = 2 * q->slope[i];

		for (size_t k = 0; k < q->sizes; k++)
			row += q->cross[i * q->sizes + k] * w[k];
		squares += w[i] * row;
	}
	return fmax(squares, 0);
}

/* The best curve of all passes where each mean alone would have it: solved number by number, over and over. */
double scaling_squares_pure(const struct scaling_squares *q, double *dof)
{
	double squares = q->rest, *w = q->scratch;

	*dof = (double)q->points - (double)q->sizes - (double)(q->blocks - 1);
	memset(w, 0, q->sizes * sizeof(*w));
	for (int round = 0; round < 200 && q->errors == SCALING_RELATIVE; round++)
		for (size_t i = 0; i < q->sizes; i++) {
			double row = q->slope[i], own = q->cross[i * q->sizes + i];

			for (size_t k = 0; k < q->sizes; k++)
				row += k == i ? 0 : q->cross[i * q->sizes + k] * w[k];
			w[i] = own > 0 ? -row / own : 0;
		}
	for (size_t i = 0; i < q->sizes && q->errors == SCALING_RELATIVE; i++) {
		double row = 2 * q->slope[i];

		for (size_t k = 0; k < q->sizes; k++)
			row += q->cross[i * q->sizes + k] * w[k];
		squares += w[i] * row;
	}
	return fmax(squares, 0);
}

/* w'cross w + 2 slope'w + rest has its least along w = mean - power * log(N) at one place. */
double scaling_squares_power(const struct scaling_squares *q, double *power)
{
	double square = 0, line = 0, rest = q->rest;

	for (size_t i = 0; i < q->sizes; i++) {
		double x = log(q->sessions[i]), xs = 0, ys = 0;

		for (size_t k = 0; k < q->sizes; k++) {
			xs += q->cross[i * q->sizes + k] * log(q->sessions[k]);
			ys += q->cross[i * q->sizes + k] * q->mean[k];
		}
		square += x * xs;
		line += x * (ys + q->slope[i]);
		rest += q->mean[i] * (ys + 2 * q->slope[i]);
	}
	*power = line / square;
	return fmax(0, rest - line * line / square) / square;
}
