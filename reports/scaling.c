/*
 * scaling: see scaling.h: the numbers. The words are in scaling_words.c.
 */
#include "reports/scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/stats.h"

void scaling_init(struct scaling *s, size_t narms, size_t nblocks)
{
	memset(s, 0, sizeof *s);
	s->narms = narms;
	s->nblocks = nblocks;
	s->arms = mem_zero(narms + 1, sizeof *s->arms);
	for (size_t a = 0; a < narms; a++) {
		s->arms[a].figure = mem_zero(nblocks + 1, sizeof(double));
		s->arms[a].gain = mem_zero(nblocks + 1, sizeof(double));
		for (size_t b = 0; b < nblocks; b++)
			s->arms[a].figure[b] = s->arms[a].gain[b] = NAN;
	}
}

void scaling_free(struct scaling *s)
{
	for (size_t a = 0; a < s->narms; a++) {
		free(s->arms[a].figure);
		free(s->arms[a].gain);
	}
	free(s->arms);
	free(s->points);
	memset(s, 0, sizeof *s);
}

double scaling_rate_of(const struct scaling *s, double figure)
{
	if (s->load)
		return figure;
	return figure > 0 ? (double)s->work / figure * 1e6 : 0;
}

static bool usable(double figure)
{
	return figure > 0 && isfinite(figure);
}

/* Median and order-statistic interval of the figures, or their range when there are too few. */
static void describe(struct scaling_arm *arm, size_t nblocks)
{
	double *x = mem_zero(nblocks + 1, sizeof *x);
	size_t n = 0;

	for (size_t b = 0; b < nblocks; b++) {
		if (!usable(arm->figure[b]))
			continue;
		arm->low = n == 0 || arm->figure[b] < arm->low ? arm->figure[b] : arm->low;
		arm->high = n == 0 || arm->figure[b] > arm->high ? arm->figure[b] : arm->high;
		x[n++] = arm->figure[b];
	}
	arm->middle = n ? stats_median(x, n) : 0;
	arm->interval = n >= PAIRED_LEAST_BLOCKS && stats_percentile_interval(x, n, 50, &arm->low, &arm->high);
	free(x);
}

static double log_gain(const struct scaling *s, const struct scaling_arm *of, const struct scaling_arm *over, size_t b)
{
	double ratio;

	if (!usable(of->figure[b]) || !usable(over->figure[b]))
		return NAN;
	ratio = s->load ? of->figure[b] / over->figure[b] : over->figure[b] / of->figure[b];
	return log(ratio);
}

static void pair(const struct scaling *s, const struct scaling_arm *of, const struct scaling_arm *over, uint64_t seed,
        double *logs, struct paired *out)
{
	for (size_t b = 0; b < s->nblocks; b++)
		logs[b] = log_gain(s, of, over, b);
	paired_of(logs, s->nblocks, seed, out);
}

static void gains(struct scaling *s, uint64_t seed)
{
	double *logs = mem_zero(s->nblocks + 1, sizeof *logs);

	for (size_t a = 0; a < s->narms; a++) {
		struct scaling_arm *arm = &s->arms[a];

		describe(arm, s->nblocks);
		pair(s, arm, &s->arms[0], seed, logs, &arm->paired);
		arm->blocks = arm->paired.blocks;
		for (size_t b = 0; b < s->nblocks; b++)
			arm->gain[b] = isnan(logs[b]) ? NAN : exp(logs[b]);
		arm->efficiency = arm->sessions > 0 ? 100 * arm->paired.ratio / arm->sessions : 0;
	}
	free(logs);
}

static void choose_best(struct scaling *s, uint64_t seed)
{
	double *logs = mem_zero(s->nblocks + 1, sizeof *logs);

	s->best = SCALING_NONE;
	s->claims = s->complete >= PAIRED_LEAST_BLOCKS;
	for (size_t a = 0; a < s->narms; a++) {
		const struct paired *p = &s->arms[a].paired;

		s->claims = s->claims && (p->blocks == 0 || p->blocks >= PAIRED_LEAST_BLOCKS);
		if (p->blocks > 0 && (s->best == SCALING_NONE || p->ratio > s->arms[s->best].paired.ratio))
			s->best = a;
	}
	s->enough = s->best;
	for (size_t a = 0; s->claims && a < s->best; a++) {
		struct paired p;

		pair(s, &s->arms[s->best], &s->arms[a], seed, logs, &p);
		if (p.verdict != PAIRED_FASTER) {
			s->enough = a;
			break;
		}
	}
	free(logs);
}

/* From n to m sessions a perfect workload becomes m/n times as fast: what share of that came? */
static void steps(struct scaling *s)
{
	size_t before = SCALING_NONE;
	bool worth = true;

	s->knee = SCALING_NONE;
	for (size_t a = 0; a < s->narms; a++) {
		struct scaling_arm *arm = &s->arms[a];

		arm->step = NAN;
		if (arm->blocks == 0)
			continue;
		if (before != SCALING_NONE) {
			double possible = (double)arm->sessions / s->arms[before].sessions - 1;

			if (possible > 0)
				arm->step = (arm->paired.ratio / s->arms[before].paired.ratio - 1) / possible;
			worth = worth && arm->step >= SCALING_WORTH;
		}
		if (worth)
			s->knee = a;
		before = a;
	}
}

static void fit(struct scaling *s)
{
	free(s->points);
	s->points = mem_zero(s->narms * s->nblocks + 1, sizeof *s->points);
	s->npoints = 0;
	for (size_t a = 0; a < s->narms; a++)
		for (size_t b = 0; b < s->nblocks; b++)
			if (usable(s->arms[a].figure[b]))
				s->points[s->npoints++] = (struct scaling_point){.sessions = s->arms[a].sessions,
				        .block = (uint32_t)b,
				        .rate = scaling_rate_of(s, s->arms[a].figure[b])};
	scaling_fit(s->points, s->npoints, SCALING_AMDAHL, SCALING_RELATIVE, &s->amdahl);
	scaling_fit(s->points, s->npoints, SCALING_USL, SCALING_RELATIVE, &s->usl);
}

static int by_sessions(const void *a, const void *b)
{
	const struct scaling_arm *x = a, *y = b;

	return (x->sessions > y->sessions) - (x->sessions < y->sessions);
}

static bool ever(const struct scaling *s, size_t arm)
{
	for (size_t b = 0; b < s->nblocks; b++)
		if (usable(s->arms[arm].figure[b]))
			return true;
	return false;
}

/* A block in which a run is missing is left out for all: else each speed-up would stand on other blocks. An arm that
 * never came through (more sessions than the server takes) is left out itself. */
static void whole_blocks(struct scaling *s)
{
	s->complete = 0;
	for (size_t b = 0; b < s->nblocks; b++) {
		bool whole = s->narms > 0 && usable(s->arms[0].figure[b]);

		for (size_t a = 0; a < s->narms; a++)
			whole = whole && (usable(s->arms[a].figure[b]) || !ever(s, a));
		s->complete += whole;
		for (size_t a = 0; a < s->narms && !whole; a++)
			s->arms[a].figure[b] = NAN;
	}
}

void scaling_compute(struct scaling *s, uint64_t seed)
{
	if (s->work == 0)
		s->work = 1;
	qsort(s->arms, s->narms, sizeof *s->arms, by_sessions);
	whole_blocks(s);
	gains(s, seed);
	choose_best(s, seed);
	steps(s);
	fit(s);
}
