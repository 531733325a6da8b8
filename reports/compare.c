/*
 * compare: from the runs of an experiment with arms to its figures: medians and intervals of each arm, paired ratios
 * against the reference. A block counts only when every arm was complete in it: a ratio of two blocks is no pair.
 */
#include "reports/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/sequential.h"
#include "reports/stats.h"

const struct cell_view *experiment_cell(const struct experiment_view *v, uint32_t arm, uint32_t block)
{
	return &v->cells[(size_t)arm * v->nblocks + block];
}

double experiment_figure(const struct experiment_view *v, const struct cell_view *cell)
{
	return !cell->complete ? NAN : v->load ? cell->tps : cell->makespan_us;
}

void experiment_view_free(struct experiment_view *v)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		free(v->arms[a].label);
		free(v->arms[a].engine);
		free(v->arms[a].setting);
	}
	free(v->arms);
	free(v->cells);
	free(v->doubts);
	free(v->kind);
	free(v->workload);
	free(v->ended);
	memset(v, 0, sizeof *v);
}

static bool whole(const struct experiment_view *v, uint32_t block)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		if (!experiment_cell(v, a, block)->complete)
			return false;
	}
	return true;
}

/* Without blocks each run stands for itself; with them only whole blocks count. */
static bool counts(const struct experiment_view *v, uint32_t arm, uint32_t block)
{
	return v->blocks ? whole(v, block) : experiment_cell(v, arm, block)->complete;
}

/* The median of what is known; NAN when nothing is. x has room for all blocks. */
static double median_of(const struct experiment_view *v, uint32_t arm, size_t offset, double *x)
{
	size_t n = 0;

	for (uint32_t b = 0; b < v->nblocks; b++) {
		const struct cell_view *c = experiment_cell(v, arm, b);
		double value;
		memcpy(&value, (const char *)c + offset, sizeof value);
		if (counts(v, arm, b) && isfinite(value))
			x[n++] = value;
	}
	return n > 0 ? stats_median(x, n) : NAN;
}

static int64_t middle_run(const struct experiment_view *v, uint32_t arm, double middle)
{
	int64_t run = 0;
	double nearest = INFINITY;

	for (uint32_t b = 0; b < v->nblocks; b++) {
		const struct cell_view *c = experiment_cell(v, arm, b);
		double away = counts(v, arm, b) ? fabs(experiment_figure(v, c) - middle) : INFINITY;
		if (away < nearest) {
			nearest = away;
			run = c->run;
		}
	}
	return run;
}

static void describe(const struct experiment_view *v, uint32_t arm, double *x, struct arm_figure *f)
{
	size_t n = 0;

	for (uint32_t b = 0; b < v->nblocks; b++) {
		if (counts(v, arm, b))
			x[n++] = experiment_figure(v, experiment_cell(v, arm, b));
	}
	f->n = n;
	if (n > 0) {
		f->middle = stats_median(x, n);
		f->low = f->high = x[0];
		for (size_t i = 1; i < n; i++) {
			f->low = fmin(f->low, x[i]);
			f->high = fmax(f->high, x[i]);
		}
		f->interval = n >= PAIRED_LEAST_BLOCKS && stats_percentile_interval(x, n, 50, &f->low, &f->high);
		f->run = middle_run(v, arm, f->middle);
	}
#define COST(field) f->field = median_of(v, arm, offsetof(struct cell_view, field), x)
	COST(user_cpu_us);
	COST(system_cpu_us);
	COST(voluntary);
	COST(involuntary);
	COST(private_kb);
	COST(max_rss_kb);
	COST(ready_us);
	COST(p50_us);
	COST(p95_us);
	COST(p99_us);
#undef COST
}

static void pair(const struct experiment_view *v, uint32_t arm, bool always_valid, double *x, struct paired *out)
{
	struct sequential s;

	for (uint32_t b = 0; b < v->nblocks; b++) {
		double candidate = experiment_figure(v, experiment_cell(v, arm, b));
		double reference = experiment_figure(v, experiment_cell(v, v->reference, b));
		x[b] = !whole(v, b) ? NAN : v->load ? log(candidate / reference) : log(reference / candidate);
	}
	if (!always_valid) {
		paired_of(x, v->nblocks, v->seed, out);
		return;
	}
	sequential_init(&s);
	for (uint32_t b = 0; b < v->nblocks; b++)
		sequential_add(&s, x[b]);
	sequential_result(&s, out);
	sequential_clear(&s);
}

/* Runs that stand in no blocks: the ratio of the medians, and no claim. */
static void unpaired(const struct experiment_view *v, const struct arm_figure *f, const struct arm_figure *reference,
        struct paired *out)
{
	memset(out, 0, sizeof *out);
	out->verdict = PAIRED_TOO_FEW;
	if (f->n == 0 || reference->n == 0)
		return;
	out->ratio = v->load ? f->middle / reference->middle : reference->middle / f->middle;
	out->least = out->most = out->ratio;
}

void comparison_of(const struct experiment_view *v, bool always_valid, struct comparison *c)
{
	double *x = mem_zero((size_t)v->nblocks + 1, sizeof *x);

	memset(c, 0, sizeof *c);
	c->arms = mem_zero((size_t)v->narms + 1, sizeof *c->arms);
	for (uint32_t b = 0; b < v->nblocks; b++)
		c->complete += whole(v, b);
	c->claims = v->blocks && c->complete >= PAIRED_LEAST_BLOCKS;
	for (uint32_t a = 0; a < v->narms; a++)
		describe(v, a, x, &c->arms[a]);
	for (uint32_t a = 0; a < v->narms; a++) {
		if (v->blocks)
			pair(v, a, always_valid, x, &c->arms[a].pair);
		else
			unpaired(v, &c->arms[a], &c->arms[v->reference], &c->arms[a].pair);
	}
	free(x);
}

void comparison_free(struct comparison *c)
{
	free(c->arms);
	memset(c, 0, sizeof *c);
}
