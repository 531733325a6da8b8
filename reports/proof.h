/*
 * proof: what a run shows: did the queries overlap (on the server's clock), was that faster than one after another
 * (measured), was each one slower for it; and the verdict. Pure functions of the read model.
 */
#ifndef REPORTS_PROOF_H
#define REPORTS_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "reports/query.h"

enum verdict {
	VERDICT_FAILED, /* no task done */
	VERDICT_INCONCLUSIVE,
	VERDICT_SERIAL,
	VERDICT_PARALLEL,
	VERDICT_PARTLY, /* PARTLY PARALLEL */
	VERDICT_NOT_FASTER, /* OVERLAPPED, NOT FASTER */
	VERDICT_OVERLAPPED, /* no serial baseline */
	VERDICT_NONE /* a load run: it is timed on the client's clock and gets mean active sessions instead */
};
const char *verdict_name(enum verdict verdict); /* "PARALLEL", "OVERLAPPED, NOT FASTER", ... */
const char *verdict_rule(enum verdict verdict); /* the rule in words, as shown beside it */

/* One stretch of time in which the same sessions were active (client time: server time mapped to wall zero). */
struct activity {
	int64_t from_us, to_us;
	uint32_t active;
};

struct stretch {
	uint32_t task;
	double alone_us, together_us, factor; /* medians of execute */
	/* What the observer saw of its executions here: samples, and of these computing or waiting for a CPU (active
	 * without a wait), waiting for a lock, for the disk, for anything else. */
	uint32_t samples, on_cpu, on_lock, on_disk, on_other;
	char wait[72]; /* the wait seen most, "Lock advisory"; "" = none */
	char says[200]; /* what the samples say about it, "" = too few of them, or it was not stretched */
};

/* What may have kept the run from being faster. */
struct suspect {
	const char *cause; /* a stable word */
	double share_us; /* the part of the wall time it may account for */
	char evidence[600]; /* the figures it rests on */
};
#define SUSPECTS_MOST 12

struct self_doubt {
	const char *name;
	char text[160];
}; /* e.g. "client CPU saturated" */

struct proof {
	enum verdict verdict;
	char suffix[48]; /* "88 failed" or "" */
	char kept[48]; /* what list and index show of the run: the verdict; of a load run "12,345 tps, p99 3.20 ms" */
	char reason[512]; /* why, in one sentence: the cause of SERIAL, NOT FASTER, INCONCLUSIVE; else "" */
	char next[256]; /* what to do next, "" = nothing */

	bool clock_certificate; /* an offset that fits all markers exists */
	char clock_text[160];
	int64_t clock_offset_us; /* server Unix time minus wall-zero time, at wall zero */
	uint32_t server_intervals, client_intervals; /* attempts timed on either clock */
	uint32_t witnessed; /* tasks seen running by the observer in two samples */

	int64_t first_start_us, last_end_us;
	double active_us; /* sum of active times */
	double longest_us;
	double blocked_us; /* sum of times blocked by another session of the run */
	double overlapped_us; /* time with two or more active */
	double possible_us; /* min(active - longest, last_end - first_start) */
	double overlap_percent; /* overlapped / possible, 0 when possible is 0 */
	uint32_t peak; /* most active for at least 1 ms on end (a tenth of the median task where that is less) */
	double mean_active; /* active time / wall of the measured part (GO to last end) */
	double effective_lanes; /* active time / (first start to last end) */
	/* The client's CPU from GO to the end of the last task: used by its workers; how long each lane stood ready
	 * without getting one, on average; negative = not known. */
	double client_cpu_us, client_wait_us, client_window_us;
	uint32_t backends; /* distinct backend pids */
	struct activity *timeline;
	size_t ntimeline;

	bool has_baseline;
	int64_t makespan_us, wall_us, serial_makespan_us, serial_wall_us;
	double speedup; /* serial makespan / makespan; 0 without a baseline */
	double wall_speedup;
	double ceiling; /* 0 without a baseline */
	const char *ceiling_text; /* "the longest query takes 3.00 s", "2 sessions", "the chain a -> b ..." */
	char ceiling_buf[160];
	double sum_us, longest_task_us, longest_chain_us;
	int32_t longest_task; /* index of the task, -1 */
	struct stretch *stretches;
	size_t nstretches;

	struct self_doubt doubts[16];
	size_t ndoubts;

	struct suspect suspects[SUSPECTS_MOST]; /* most telling first */
	size_t nsuspects;
};

/* baseline may be NULL. The owner calls proof_free. */
void proof_of(const struct run_view *run, const struct run_view *baseline, struct proof *proof);
void proof_free(struct proof *proof);

#endif
