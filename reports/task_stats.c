/*
 * task_stats: see task_stats.h.
 */
#include "reports/task_stats.h"

#include <stdlib.h>

#include "reports/lanes.h"
#include "reports/sort.h"
#include "reports/stats.h"

static double percentile(const double *x, size_t n, double p)
{
	return stats_percentile_shown(n, p) ? stats_percentile_sorted(x, n, p) : -1;
}

struct task_stats *task_stats_of(const struct rendering *r)
{
	const struct run_view *run = r->run;
	struct task_stats *stats = mem_zero(run->ntasks + 1, sizeof *stats);
	double *times = mem_zero(run->nattempts + 1, sizeof *times);
	size_t *begin = mem_zero(run->ntasks + 2, sizeof *begin), *fill = mem_zero(run->ntasks + 2, sizeof *fill);

	for (size_t i = 0; i < run->nattempts; i++)
		if (run->attempts[i].task < run->ntasks && run->attempts[i].outcome == OUTCOME_DONE)
			begin[run->attempts[i].task + 1]++;
	for (size_t t = 0; t < run->ntasks; t++)
		fill[t + 1] = begin[t + 1] += begin[t];
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];
		struct task_stats *s;
		int64_t from = 0, to = 0;

		if (a->task >= run->ntasks)
			continue;
		s = &stats[a->task];
		s->attempts++;
		s->done += a->outcome == OUTCOME_DONE;
		s->failed += a->outcome == OUTCOME_FAILED;
		s->unknown += a->outcome == OUTCOME_UNKNOWN;
		if (a->outcome != OUTCOME_DONE)
			continue;
		s->rows += a->rows;
		if (lanes_execute(r, a, &from, &to))
			times[fill[a->task]++] = (double)(to - from);
	}
	for (size_t t = 0; t < run->ntasks; t++) {
		size_t n = fill[t] - begin[t];
		double *x = times + begin[t];

		stats[t].task = (uint32_t)t;
		stats[t].mean_us = n ? stats_mean(x, n) : 0;
		for (size_t i = 0; i < n; i++)
			stats[t].max_us = x[i] > stats[t].max_us ? x[i] : stats[t].max_us;
		sort_reals(x, n);
		stats[t].p50_us = percentile(x, n, 50);
		stats[t].p95_us = percentile(x, n, 95);
		stats[t].p99_us = percentile(x, n, 99);
	}
	for (size_t i = 0; i < r->proof->nstretches; i++) {
		const struct stretch *st = &r->proof->stretches[i];

		if (st->task >= run->ntasks)
			continue;
		stats[st->task].stretch = st->factor;
		stats[st->task].says = st->says;
	}
	free(times);
	free(begin);
	free(fill);
	return stats;
}

void task_stats_free(struct task_stats *stats)
{
	free(stats);
}
