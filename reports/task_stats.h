/*
 * task_stats: the numbers of each task of a run: how often, how long, how many rows, what failed. Latencies are execute
 * times of done attempts only (server's clock where known). The owner calls task_stats_free.
 */
#ifndef REPORTS_TASK_STATS_H
#define REPORTS_TASK_STATS_H

#include "reports/render.h"

struct task_stats {
	uint32_t task; /* index into run->tasks */
	uint32_t attempts, done, failed, unknown;
	int64_t rows;
	double mean_us, max_us; /* of done attempts, 0 without any */
	double p50_us, p95_us, p99_us; /* -1 = too few samples to show it */
	double stretch; /* together / alone, 0 = not known */
	const char *says; /* what the samples say about the stretch, NULL = nothing; owned by the proof */
};

/* One entry per task, in the order of the file. */
struct task_stats *task_stats_of(const struct rendering *r);
void task_stats_free(struct task_stats *stats);

#endif
