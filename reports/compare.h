/*
 * compare: an experiment with arms as it is read from the results file, and what it says: of each arm the figure's
 * middle and interval, of each pair of an arm and the reference one paired statistic. The owner of a view calls
 * experiment_view_free, that of a comparison comparison_free.
 *
 * The figure compared is the makespan of task lists (us) and transactions a second of load runs.
 */
#ifndef REPORTS_COMPARE_H
#define REPORTS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/paired.h"
#include "shared/buf.h"
#include "shared/err.h"

struct query;

struct arm_view {
	char *label, *engine, *setting; /* setting "" = none */
	uint32_t sessions, lanes;
	bool reference;
};

/* One run of one arm. Figures that are not known are NAN. */
struct cell_view {
	int64_t run; /* 0 = it did not run */
	uint32_t arm, block, order;
	bool complete;
	char why[80]; /* why it is left out, "" = it is not */
	uint32_t tickets, done, failed, unknown;
	double makespan_us, wall_us, ready_us; /* ready: SPAWN to all sessions connected */
	double tps, p50_us, p95_us, p99_us; /* of load runs: transactions a second, service time */
	/* Of all children together, and the parent. */
	double user_cpu_us, system_cpu_us, parent_cpu_us;
	double voluntary, involuntary; /* context switches */
	double private_kb, max_rss_kb, parent_private_kb;
};

/* A reason to doubt numbers (table doubt), and in how many of an arm's complete runs it was found. */
struct arm_doubt {
	uint32_t arm, runs, of;
	char name[48];
	char text[160]; /* as it was said of the last of these runs */
};

struct experiment_view {
	int64_t id; /* 0 = runs that were named one by one */
	char *kind; /* "compare", "scale", "run" */
	char *workload, *ended; /* ended "" = it goes on, or its process died */
	uint64_t seed;
	uint32_t blocks_planned;
	double stop_when; /* 0 = none */
	bool load;
	bool blocks; /* its runs stand in blocks of random order: only then a difference may be claimed */
	struct arm_view *arms;
	uint32_t narms, reference;
	uint32_t nblocks;
	uint32_t warm_ups; /* left out of past runs */
	struct cell_view *cells; /* [arm * nblocks + block]; without blocks the arm's runs in order */
	struct arm_doubt *doubts; /* by arm, as they were found */
	size_t ndoubts;
};

const struct cell_view *experiment_cell(const struct experiment_view *v, uint32_t arm, uint32_t block);
/* The figure of a cell; NAN where it is not complete. */
double experiment_figure(const struct experiment_view *v, const struct cell_view *cell);
void experiment_view_free(struct experiment_view *v);

/* By the number of an experiment with arms; EXIT_USAGE when it has none or there is no such experiment. */
bool query_compare(struct query *query, int64_t experiment, struct experiment_view *v, struct err *err);
/* Past runs: those of one experiment keep their blocks; others are grouped by engine, layout, setting and workload
 * text, in the order given, and are not in blocks. */
bool query_compare_runs(
        struct query *query, const int64_t *runs, size_t count, struct experiment_view *v, struct err *err);
/* The experiment a run belongs to, if it has arms; 0 = it has none. */
bool query_compare_of(struct query *query, int64_t run, int64_t *experiment, struct err *err);

/* Experiments with arms, newest first; *lines is malloc'd. */
struct experiment_line {
	int64_t id, first_run, last_run, created_wall_us;
	char kind[16], workload[64], ended[64];
	uint32_t arms, runs;
};
bool query_compare_list(
        struct query *query, size_t most, struct experiment_line **lines, size_t *count, struct err *err);

struct arm_figure {
	size_t n; /* complete runs in complete blocks */
	double middle, low, high; /* of the figure; middle 0 = no run */
	bool interval; /* else low and high are the range */
	int64_t run; /* the run in the middle, 0 = none */
	struct paired pair; /* against the reference; its own is 1 exactly */
	/* Costs: medians over its complete runs, NAN = not known. */
	double user_cpu_us, system_cpu_us, voluntary, involuntary, private_kb, max_rss_kb, ready_us;
	double p50_us, p95_us, p99_us;
};

struct comparison {
	struct arm_figure *arms;
	size_t complete; /* blocks in which every arm was complete */
	bool claims; /* blocks in random order, and at least 6 of them */
};

/* always_valid: --stop-when looked after each block, which only the sequential interval allows. */
void comparison_of(const struct experiment_view *v, bool always_valid, struct comparison *c);
void comparison_free(struct comparison *c);

/* What was left out and why it ended early, as sentences; nothing when nothing was. */
void comparison_trouble(const struct experiment_view *v, struct buf *out);
/* Which arms' runs carry which doubt, as sentences; nothing when none does. */
void comparison_doubts(const struct experiment_view *v, struct buf *out);
/* Of one arm: "client CPU saturated in 3 of 9 runs; ...". */
void comparison_arm_doubts(const struct experiment_view *v, uint32_t arm, struct buf *out);
/* "process is faster than serial by 2.95x [2.91x, 2.99x]", of an arm against the reference. */
void comparison_words(const struct experiment_view *v, const struct comparison *c, uint32_t arm, struct buf *out);
/* Of the pair of an arm and the reference: "faster", "no difference shown", ...; "no claim" without blocks. */
const char *comparison_verdict(const struct experiment_view *v, const struct comparison *c, uint32_t arm);
/* How it was measured, and what a claim stands on. */
void comparison_method(const struct experiment_view *v, const struct comparison *c, struct buf *out);

/* One document, schema pgparallel.compare/1 (reports/compare.schema.json). */
void json_compare(const struct experiment_view *v, const struct comparison *c, struct buf *out);
/* One table: arms (NULL means it), pairs or cells; another is EXIT_USAGE. raw: see --csv-raw. */
bool csv_compare(const struct experiment_view *v, const struct comparison *c, const char *table, bool raw,
        struct buf *out, struct err *err);

#endif
